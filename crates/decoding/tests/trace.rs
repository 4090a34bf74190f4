//! The trace of a choice against the choice itself, and against the same chain cut short.
#![allow(clippy::unwrap_used)]

use enredo_decoding::{
    Chain, Context, Epsilon, Error, Eta, LogitBias, MinP, NotebookTemperature, NotebookTopP,
    Processor, RepetitionPenalty, Result, Sampler, SuppressTokens, Temperature, Ties, TopK,
    TopNSigma, TopP, Trace, TracedToken, Typical, Xtc, best_first, softmax, uniform,
};

const CUT: f32 = f32::NEG_INFINITY;

/// Gives a token the score 9, cut or not.
#[derive(Debug)]
struct Raise(usize);

impl Processor for Raise {
    fn process(&self, _: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        logits[self.0 % logits.len()] = 9.0;
        Ok(())
    }
}

/// Leaves nothing.
#[derive(Debug)]
struct CutAll;

impl Processor for CutAll {
    fn process(&self, _: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        logits.fill(CUT);
        Ok(())
    }
}

/// Numbers decided by a case and their place in it.
#[derive(Clone, Copy)]
struct Numbers {
    case: u64,
    taken: u64,
}

impl Numbers {
    fn unit(&mut self) -> f32 {
        self.taken += 1;
        (uniform(17, self.case, self.taken) as f32).max(1e-3)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.unit() * n as f32) as usize % n
    }

    /// Scores on a coarse grid, so that many are equal, a few of them masked.
    fn row(&mut self) -> Vec<f32> {
        let len = [1, 2, 5, 12, 200, 1_500][self.below(6)];
        let mut row: Vec<f32> = (0..len).map(|_| (self.unit() * 40.0).round() / 4.0).collect();
        (0..len / 5).for_each(|_| row[self.below(len)] = CUT);
        row[self.below(len)] = 1.0;
        row
    }

    fn link(&mut self, chain: Chain) -> Result<Chain> {
        let ties = [Ties::LowestIds, Ties::HighestIds, Ties::Kept][self.below(3)];
        let (kind, k, p) = (self.below(17), 1 + self.below(40), self.unit());
        Ok(match kind {
            0 => chain.with(Temperature::new(0.5 + p)?),
            1 => chain.with(TopK::new(k)?.with_ties(ties)),
            2 | 3 => chain.with(TopP::new(p)?.with_ties(ties)),
            4 => chain.with(MinP::new(p / 4.0)?),
            5 => chain.with(Typical::new(p)?),
            6 => chain.with(Epsilon::new(p / 50.0)?),
            7 => chain.with(Eta::new(p / 50.0)?),
            8 => chain.with(TopNSigma::new(0.5 + p)?),
            9 => chain.with(Xtc::new(0.7, p / 5.0)?),
            10 => chain.with(SuppressTokens::new([0])),
            11 => chain.with(LogitBias::new([(0, 4.0 * p), (0, -1.0)])?),
            12 => chain.with(RepetitionPenalty::new(1.0 + p)?),
            13 => chain.with(Raise(k)),
            14 => chain.with(NotebookTemperature::new(0.5 + p)?),
            15 => chain.with(NotebookTopP::new(p)?),
            _ => chain.with(Temperature::new(0.0)?),
        })
    }
}

/// A row, and a chain for it that can be built again with fewer links.
struct Case {
    row: Vec<f32>,
    links: usize,
    numbers: Numbers,
}

impl Case {
    fn new(case: u64) -> Self {
        let mut numbers = Numbers { case, taken: 0 };
        let (row, links) = (numbers.row(), numbers.below(6));
        Self { row, links, numbers }
    }

    fn chain(&self, links: usize) -> Chain {
        let mut numbers = self.numbers;
        (0..links).fold(Chain::new(), |chain, _| numbers.link(chain).unwrap())
    }

    fn sampler(&self, links: usize) -> Sampler {
        Sampler::seeded(self.chain(links), self.numbers.case)
    }

    /// What the first `links` links leave: all 0 where that is nothing.
    fn after(&self, links: usize) -> Vec<f64> {
        match self.sampler(links).probabilities(&CONTEXT, &self.row) {
            Err(Error::AllMasked { .. }) => vec![0.0; self.row.len()],
            probabilities => probabilities.unwrap(),
        }
    }

    /// Who cut each token: the link after which it was gone for good.
    fn cuts(&self) -> Vec<Option<String>> {
        let chain = self.chain(self.links);
        let names = ["model"].into_iter().chain(chain.links().map(Processor::name));
        let mut cuts = vec![None; self.row.len()];
        for (links, name) in names.enumerate() {
            for (cut, p) in cuts.iter_mut().zip(self.after(links)) {
                let before = cut.take();
                *cut = (p == 0.0).then(|| before.unwrap_or_else(|| name.to_owned()));
            }
        }
        cuts
    }
}

const CONTEXT: [u32; 3] = [3, 0, 3];

#[test]
fn it_is_what_a_draw_chooses_from() {
    let (mut traced, mut cut, mut nothing_left) = (0, 0, 0);
    for case in (0..1_000).map(Case::new) {
        let mut sampler = case.sampler(case.links);
        let expected = match sampler.probabilities(&CONTEXT, &case.row) {
            Ok(probabilities) => probabilities,
            Err(error) => {
                let refused = sampler.trace(&CONTEXT, &case.row).unwrap_err();
                assert_eq!(refused.to_string(), error.to_string());
                nothing_left += 1;
                continue;
            }
        };
        let trace = sampler.trace(&CONTEXT, &case.row).unwrap();
        let (raw, cuts) = (softmax(&case.row).unwrap(), case.cuts());
        assert_eq!(trace.tokens.len(), case.row.len());
        for token in &trace.tokens {
            let id = token.id as usize;
            let what =
                format!("case {} {:?}: {token:?}", case.numbers.case, case.chain(case.links));
            assert_eq!((token.logit, token.p_raw), (case.row[id], raw[id]), "{what}");
            assert_eq!((token.p_final, token.kept), (expected[id], expected[id] > 0.0), "{what}");
            assert_eq!(token.cut_by.as_deref(), cuts[id].as_deref(), "{what}");
            cut += usize::from(token.cut_by.as_deref().is_some_and(|name| name != "model"));
        }
        assert_eq!(trace.picked, sampler.sample(&CONTEXT, &case.row).unwrap());
        assert!(trace.tokens.iter().any(|token| token.id == trace.picked && token.kept));
        traced += 1;
    }
    assert!(traced > 900 && nothing_left > 3 && cut > 100_000, "{traced} {nothing_left} {cut}");
}

#[test]
fn draws_are_of_what_it_kept() {
    for mut case in (0..200).map(Case::new) {
        case.numbers.case = 1; // one seed, so that XTC tosses the same coin
        let Ok(trace) = case.sampler(case.links).trace(&CONTEXT, &case.row) else { continue };
        let kept: Vec<u32> = trace.tokens.iter().filter(|t| t.kept).map(|t| t.id).collect();
        let mut sampler = case.sampler(case.links);
        assert!(kept.contains(&sampler.sample(&CONTEXT, &case.row).unwrap()));
        assert_eq!(kept.len(), trace.kept());
    }
}

fn trace(chain: Chain, row: &[f32]) -> Trace {
    Sampler::greedy(chain).trace(&[], row).unwrap()
}

fn by_id(trace: &Trace) -> Vec<&TracedToken> {
    let mut tokens: Vec<&TracedToken> = trace.tokens.iter().collect();
    tokens.sort_by_key(|token| token.id);
    tokens
}

fn cuts(trace: &Trace) -> Vec<Option<&str>> {
    by_id(trace).into_iter().map(|token| token.cut_by.as_deref()).collect()
}

#[test]
fn the_order_is_that_of_the_raw_row_the_masked_last() {
    let row = [CUT, 1.0, 3.0, -0.0, 3.0, 0.0, CUT];
    let bias = LogitBias::new([(1, 50.0)]).unwrap();
    let trace = trace(Chain::new().with(bias), &row);
    let ids: Vec<u32> = trace.tokens.iter().map(|token| token.id).collect();
    assert_eq!(ids, [2, 4, 1, 3, 5, 0, 6]);
    assert_eq!(ids[..5], best_first(&row));
    assert!(trace.tokens.iter().map(|token| token.rank).eq(0..7));
    assert_eq!(trace.picked, 1, "the pick follows the chain");
}

#[test]
fn each_cut_has_its_link() {
    let chain = Chain::new()
        .with(SuppressTokens::new([5]))
        .with(TopK::new(3).unwrap())
        .with(MinP::new(0.5).unwrap())
        .with(Temperature::new(0.0).unwrap());
    let trace = trace(chain, &[3.0, 2.9, 0.0, CUT, -1.0, 9.0]);
    let expected = [None, Some("temperature"), Some("min_p"), Some("model"), Some("top_k")];
    assert_eq!(cuts(&trace)[..5], expected);
    assert_eq!(cuts(&trace)[5], Some("suppress_tokens"));
}

#[test]
fn a_token_may_come_back() {
    let chain = || Chain::new().with(TopK::new(1).unwrap()).with(Raise(2)).with(Raise(3));
    let revived = trace(chain(), &[2.0, 1.0, 0.0, CUT]);
    assert_eq!(cuts(&revived), [None, Some("top_k"), None, None]);
    let again = trace(chain().with(SuppressTokens::new([2])), &[2.0, 1.0, 0.0, CUT]);
    assert_eq!(cuts(&again), [None, Some("top_k"), Some("suppress_tokens"), None]);
    let from_nothing = Chain::new().with(CutAll).with(TopP::new(0.5).unwrap()).with(Raise(0));
    let from_nothing = trace(from_nothing, &[1.0, 2.0]);
    assert_eq!((cuts(&from_nothing), from_nothing.picked), (vec![None, Some("CutAll")], 0));
}

#[test]
fn neighbouring_filters_are_not_rounded_between() {
    const T: f32 = 1.9;
    let (low, high) = (2.0f32.next_down().next_down(), 2.0f32.next_down());
    assert_eq!(low / T, high / T, "divided in f32 they are one");
    let chain = Chain::new().with(Temperature::new(T).unwrap()).with(TopK::new(1).unwrap());
    assert_eq!(cuts(&trace(chain, &[low, high])), [Some("top_k"), None]);
}

#[test]
fn a_kept_token_may_have_no_probability() {
    let chain = Chain::new().with(Temperature::new(0.01).unwrap());
    let trace = trace(chain, &[0.0, -50.0]);
    let last = &trace.tokens[1];
    assert_eq!((last.kept, last.p_final, last.cut_by.as_deref()), (true, 0.0, None));
}

#[test]
fn sums_are_of_the_kept() {
    let row = [0.0, 0.0, 0.0, 0.0, CUT];
    let all = trace(Chain::new(), &row);
    assert_eq!((all.kept(), all.kept_mass()), (4, 1.0));
    let one = trace(Chain::new().with(TopK::new(1).unwrap()), &row);
    assert_eq!((one.kept(), one.kept_mass()), (1, 0.25));
    approx::assert_relative_eq!(one.entropy_raw(), 4f64.ln(), max_relative = 1e-12);
    assert_eq!(one.entropy_final().to_bits(), 0.0f64.to_bits());
}

#[test]
fn json_has_the_seven_fields() {
    let trace = trace(Chain::new().with(TopK::new(1).unwrap()), &[1.5, 2.0, CUT]);
    let lines: Vec<String> =
        trace.tokens.iter().map(|token| serde_json::to_string(token).unwrap()).collect();
    let (second, third) = (&lines[1], &lines[2]);
    let keys = r#"{"id":0,"rank":1,"logit":1.5,"p_raw":0.37"#;
    assert!(second.starts_with(keys), "{second}");
    assert!(second.ends_with(r#","p_final":0.0,"kept":false,"cut_by":"top_k"}"#), "{second}");
    let masked =
        r#"{"id":2,"rank":2,"logit":null,"p_raw":0.0,"p_final":0.0,"kept":false,"cut_by":"model"}"#;
    assert_eq!(third, masked);
    assert!(lines[0].ends_with(r#""p_final":1.0,"kept":true,"cut_by":null}"#), "{}", lines[0]);
}

#[test]
fn the_context_reaches_the_links() {
    #[derive(Debug)]
    struct NotAgain;
    impl Processor for NotAgain {
        fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
            context.generated().iter().for_each(|&token| logits[token as usize] = CUT);
            Ok(())
        }
    }
    let context = Context::from(&[0, 1]).with_prompt_len(1);
    let trace = Sampler::seeded(Chain::new().with(NotAgain), 3).trace(context, &[0.0; 3]).unwrap();
    assert_eq!(cuts(&trace), [None, Some("NotAgain"), None]);
}

#[test]
fn a_bad_row_is_refused() {
    for row in [&[][..], &[f32::NAN], &[f32::INFINITY, 0.0], &[CUT]] {
        assert!(Sampler::greedy(Chain::new()).trace(&[], row).is_err());
    }
}
