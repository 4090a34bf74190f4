//! Searches against brute force: toy models whose every sequence can be enumerated.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};

use enredo_decoding::{
    BatchLm, BeamConfig, BeamOutput, BeamSearch, CausalLm, Chain, Clones, Context, Distribution,
    Draft, EarlyStopping, Error, Fate, GenerationConfig, Processor, PromptLookup, Proposal, RankBy,
    Result, Round, Sample, Seed, Speculative, beam_search, best_of, generate, log_softmax,
    prompt_lookup, softmax, speculative, testing::Hashed, uniform,
};

const NEVER: EarlyStopping = EarlyStopping::Never;

fn greedy(max_new_tokens: usize, eos: &[u32]) -> GenerationConfig {
    GenerationConfig { max_new_tokens, eos_token_id: eos.to_vec(), ..GenerationConfig::default() }
}

fn sampling(max_new_tokens: usize, eos: &[u32]) -> GenerationConfig {
    GenerationConfig { do_sample: true, ..greedy(max_new_tokens, eos) }
}

fn beams(num_beams: usize) -> BeamConfig {
    BeamConfig { num_beams, num_return_sequences: num_beams, ..BeamConfig::default() }
}

fn plain(model: &Hashed, prompt: &[u32], config: &GenerationConfig, seed: Seed) -> Vec<u32> {
    generate(model.clone(), prompt, config, seed).unwrap().collect::<Result<_>>().unwrap()
}

fn search(
    model: &Hashed,
    prompt: &[u32],
    config: &GenerationConfig,
    beams: &BeamConfig,
) -> BeamOutput {
    beam_search(Clones::new(model.clone()), prompt, config, beams, 0).unwrap()
}

/// The sequences that can follow a prompt and the probability of each, `config` followed.
fn enumerate(model: &Hashed, prompt: &[u32], config: &GenerationConfig) -> HashMap<Vec<u32>, f64> {
    let mut sampler = config.sampler(0).unwrap();
    let (mut ended, mut open) = (HashMap::new(), vec![(prompt.to_vec(), 1.0)]);
    while let Some((tokens, p)) = open.pop() {
        let new = &tokens[prompt.len()..];
        let over = new.last().is_some_and(|token| config.eos_token_id.contains(token));
        if over || new.len() == config.max_new_tokens {
            ended.insert(new.to_vec(), p);
            continue;
        }
        let context = Context::new(&tokens).with_prompt_len(prompt.len());
        let next = sampler.probabilities(context, &model.scores(&tokens)).unwrap();
        for (token, q) in next.into_iter().enumerate().filter(|(_, q)| *q > 0.0) {
            open.push(([&tokens[..], &[token as u32]].concat(), p * q));
        }
    }
    ended
}

/// Pearson's statistic of `counts` against `expected` probabilities, and its 99.9th percentile; outcomes
/// expected fewer than 5 times are one outcome.
fn chi_squared<K: std::hash::Hash + Eq>(
    counts: &HashMap<K, u32>,
    expected: &HashMap<K, f64>,
) -> (f64, f64) {
    let n = f64::from(counts.values().sum::<u32>());
    assert!(counts.keys().all(|outcome| expected.contains_key(outcome)), "an impossible outcome");
    let (mut statistic, mut bins, mut rest) = (0.0, 0, (0.0, 0.0));
    for (outcome, p) in expected {
        let count = f64::from(counts.get(outcome).copied().unwrap_or(0));
        if n * p < 5.0 {
            rest = (rest.0 + count, rest.1 + n * p);
        } else {
            (statistic, bins) = (statistic + (count - n * p).powi(2) / (n * p), bins + 1);
        }
    }
    if rest.1 > 5.0 {
        (statistic, bins) = (statistic + (rest.0 - rest.1).powi(2) / rest.1, bins + 1);
    }
    let d = f64::from(bins - 1); // Wilson and Hilferty's approximation
    let limit = d * (1.0 - 2.0 / (9.0 * d) + 3.09 * (2.0 / (9.0 * d)).sqrt()).powi(3);
    (statistic, limit)
}

fn assert_distributed<K: std::hash::Hash + Eq>(
    n: u64,
    expected: &HashMap<K, f64>,
    draw: impl Fn(Seed) -> K,
) {
    let mut counts = HashMap::new();
    (0..n).for_each(|sequence| *counts.entry(draw(Seed { seed: 11, sequence })).or_insert(0) += 1);
    let (statistic, limit) = chi_squared(&counts, expected);
    assert!(statistic < limit, "chi squared {statistic} > {limit}");
}

mod beam {
    use super::*;

    #[test]
    fn with_room_for_every_sequence_it_finds_the_best() {
        for (seed, length_penalty) in [(1, 1.0), (2, 0.0), (3, -1.0), (4, 2.0), (5, 0.5)] {
            let (model, config) = (Hashed::new(4, seed), greedy(4, &[0]));
            let wide = BeamConfig { length_penalty, early_stopping: NEVER, ..beams(256) };
            let score = |(tokens, p): (Vec<u32>, f64)| {
                (p.ln() / (tokens.len() as f64).powf(length_penalty), tokens)
            };
            let mut all: Vec<_> = enumerate(&model, &[2], &config).into_iter().map(score).collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0));
            let found = search(&model, &[2], &config, &wide).hypotheses;
            assert_eq!(found.len(), all.len());
            for (hypothesis, (score, tokens)) in found.iter().zip(&all).take(40) {
                assert_eq!(&hypothesis.tokens, tokens);
                approx::assert_abs_diff_eq!(hypothesis.score, score, epsilon = 1e-9);
            }
        }
    }

    /// The search written down again: every candidate of every beam, sorted.
    fn naive(
        model: &Hashed,
        prompt: &[u32],
        config: &GenerationConfig,
        beams: &BeamConfig,
    ) -> Vec<(f64, Vec<u32>)> {
        let size = beams.num_beams / beams.num_beam_groups;
        let score = |total: f64, length: usize| total / (length as f64).powf(beams.length_penalty);
        let mut alive = vec![vec![(0.0, Vec::<u32>::new())]; beams.num_beam_groups];
        let mut ended = vec![Vec::<(f64, Vec<u32>)>::new(); beams.num_beam_groups];
        for length in 1..=config.max_new_tokens {
            let mut chosen = vec![0; model.vocab_size()];
            for group in 0..beams.num_beam_groups {
                let mut candidates = Vec::new();
                for (total, tokens) in &alive[group] {
                    let row = model.scores(&[prompt, tokens].concat());
                    for (token, logprob) in log_softmax(&row).unwrap().into_iter().enumerate() {
                        let penalty = beams.diversity_penalty * f64::from(chosen[token]);
                        let tokens = [&tokens[..], &[token as u32]].concat();
                        candidates.push((total + logprob - penalty, tokens));
                    }
                }
                candidates.sort_by(|a, b| b.0.total_cmp(&a.0));
                candidates.truncate(size * 2.max(1 + config.eos_token_id.len()));
                let over = |tokens: &[u32]| {
                    length == config.max_new_tokens
                        || config.eos_token_id.contains(&tokens[length - 1])
                };
                for (total, tokens) in candidates.iter().take(size).filter(|c| over(&c.1)) {
                    ended[group].push((score(*total, length), tokens.clone()));
                }
                ended[group].sort_by(|a, b| b.0.total_cmp(&a.0));
                ended[group].truncate(size);
                candidates.retain(|(_, tokens)| !over(tokens));
                candidates.truncate(size);
                if ended[group].len() == size && !candidates.is_empty() {
                    let length = match beams.early_stopping {
                        NEVER if beams.length_penalty > 0.0 => config.max_new_tokens,
                        _ => length,
                    };
                    let hopeless = score(candidates[0].0, length) <= ended[group][size - 1].0;
                    if hopeless || beams.early_stopping == EarlyStopping::AtOnce {
                        candidates.clear();
                    }
                }
                candidates.iter().for_each(|(_, tokens)| chosen[tokens[length - 1] as usize] += 1);
                alive[group] = candidates;
            }
        }
        let mut all = ended.concat();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all.truncate(beams.num_return_sequences);
        all
    }

    fn assert_naive(model: &Hashed, config: &GenerationConfig, beams: &BeamConfig) {
        let found = search(model, &[1, 0], config, beams).hypotheses;
        let expected = naive(model, &[1, 0], config, beams);
        assert_eq!(found.len(), expected.len(), "{beams:?}");
        for (hypothesis, (score, tokens)) in found.iter().zip(expected) {
            assert_eq!(hypothesis.tokens, tokens, "{beams:?}");
            approx::assert_abs_diff_eq!(hypothesis.score, score, epsilon = 1e-9);
        }
    }

    #[test]
    fn with_few_beams_it_is_the_naive_search() {
        let stops = [EarlyStopping::Heuristic, EarlyStopping::AtOnce, NEVER];
        for seed in 0..120 {
            let model = Hashed::new(3 + seed as usize % 4, seed);
            let config = greedy(5, &[2, 0][..seed as usize % 3]);
            for early_stopping in stops {
                let length_penalty = [1.0, 0.0, -1.0, 2.0, 5.0][seed as usize % 5];
                let some = beams(1 + seed as usize % 7);
                assert_naive(
                    &model,
                    &config,
                    &BeamConfig { length_penalty, early_stopping, ..some },
                );
            }
        }
    }

    #[test]
    fn groups_are_the_naive_ones() {
        for seed in 0..60 {
            let groups = BeamConfig {
                num_beam_groups: 1 + seed as usize % 3,
                diversity_penalty: [0.5, 2.0][seed as usize % 2],
                ..beams(6)
            };
            assert_naive(&Hashed::new(5, seed), &greedy(5, &[2]), &groups);
        }
    }

    #[test]
    fn one_beam_is_greedy() {
        for seed in 0..1_000 {
            let (model, config) = (Hashed::new(5, seed), greedy(6, &[3]));
            let found = search(&model, &[0], &config, &beams(1)).hypotheses;
            assert_eq!(found[0].tokens, plain(&model, &[0], &config, Seed::default()));
        }
    }

    #[test]
    fn one_group_is_no_group_and_equal_groups_search_alike() {
        let (model, config) = (Hashed::new(6, 2), greedy(5, &[1]));
        let penalised = BeamConfig { diversity_penalty: 3.0, ..beams(4) };
        assert_eq!(
            search(&model, &[0], &config, &penalised),
            search(&model, &[0], &config, &beams(4))
        );
        let twice = BeamConfig { num_beam_groups: 2, ..beams(8) };
        let (pairs, once) =
            (search(&model, &[0], &config, &twice), search(&model, &[0], &config, &beams(4)));
        for (i, hypothesis) in pairs.hypotheses.iter().enumerate() {
            assert_eq!(hypothesis, &once.hypotheses[i / 2]);
        }
    }

    #[test]
    fn groups_part_where_the_penalty_is_high() {
        let apart = BeamConfig { num_beam_groups: 3, diversity_penalty: 100.0, ..beams(3) };
        let found = search(&Hashed::new(6, 4), &[0], &greedy(1, &[]), &apart);
        let mut first: Vec<u32> =
            found.steps[0].candidates.iter().step_by(2).map(|c| c.token).collect();
        first.dedup();
        // The last step ends all, so nothing is chosen to live on, and nothing is penalised.
        assert_eq!(first.len(), 1);
        let found = search(&Hashed::new(6, 4), &[0], &greedy(2, &[]), &apart);
        let mut first: Vec<u32> = found.hypotheses.iter().map(|h| h.tokens[0]).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 3);
    }

    #[test]
    fn the_steps_are_the_tree_of_the_hypotheses() {
        let (model, config) = (Hashed::new(5, 9), greedy(5, &[1, 2]));
        let found = search(&model, &[0], &config, &beams(3));
        let (mut alive, mut ended) = (vec![(Vec::new(), 0.0)], Vec::new());
        for step in &found.steps {
            let mut next = Vec::new();
            for candidate in &step.candidates {
                let (tokens, total): &(Vec<u32>, f64) = &alive[candidate.parent];
                assert_eq!(total + candidate.logprob, candidate.total);
                let tokens = [&tokens[..], &[candidate.token]].concat();
                match candidate.fate {
                    Fate::Alive { beam } => next.push((beam, (tokens, candidate.total))),
                    Fate::Finished { score } => ended.push((score, tokens)),
                    Fate::Pruned => {}
                }
            }
            next.sort_by_key(|(beam, _)| *beam);
            assert!(next.iter().enumerate().all(|(i, (beam, _))| i == *beam));
            alive = next.into_iter().map(|(_, node)| node).collect();
        }
        assert!(alive.is_empty() && ended.iter().any(|(_, tokens)| tokens.len() < 5));
        for hypothesis in &found.hypotheses {
            assert!(ended.contains(&(hypothesis.score, hypothesis.tokens.clone())));
        }
    }

    #[test]
    fn it_goes_on_from_what_the_model_has_seen_and_stops_when_dropped() {
        let (mut model, config) = (Hashed::new(5, 9), greedy(5, &[1]));
        let expected = search(&model, &[0, 3, 3], &config, &beams(3));
        model.feed(&[0, 3], &mut []).unwrap();
        assert_eq!(search(&model, &[0, 3, 3], &config, &beams(3)), expected);
        model.feed(&[3], &mut []).unwrap();
        let mut steps =
            BeamSearch::new(Clones::new(model), &[0, 3, 3], &config, &beams(3), 0).unwrap();
        assert_eq!(steps.next().unwrap().unwrap(), expected.steps[0]);
        assert_eq!(steps.alive().count(), 3);
        let ended = expected.steps[0].candidates.iter();
        let ended = ended.filter(|c| matches!(c.fate, Fate::Finished { .. })).count();
        assert_eq!(steps.hypotheses().len(), ended);
    }

    #[test]
    fn finished_beams_leave_the_batch() {
        let mut batch = Clones::new(Hashed::new(5, 3));
        let short = BeamConfig { early_stopping: EarlyStopping::AtOnce, ..beams(4) };
        let mut steps = BeamSearch::new(&mut batch, &[0], &greedy(9, &[0, 1]), &short, 0).unwrap();
        let alive = |steps: &BeamSearch<_>| steps.alive().count();
        while let Some(step) = steps.next() {
            step.unwrap();
            assert!(alive(&steps) <= 4);
        }
        assert_eq!((alive(&steps), steps.hypotheses().len()), (0, 4));
        assert!(batch.rows() <= 4);
    }

    #[test]
    fn a_chain_that_cuts_everything_is_an_error_and_one_that_cuts_much_is_not() {
        let model = Hashed::new(3, 1);
        let with = |suppressed: &[u32]| GenerationConfig {
            suppress_tokens: Some(suppressed.to_vec()),
            ..greedy(3, &[])
        };
        let found = beam_search(Clones::new(model.clone()), &[0], &with(&[0, 1]), &beams(2), 0);
        let only = found.unwrap().hypotheses;
        assert_eq!((only.len(), only[0].tokens.as_slice()), (1, [2, 2, 2].as_slice()));
        let refused = beam_search(Clones::new(model), &[0], &with(&[0, 1, 2]), &beams(2), 0);
        assert!(refused.unwrap_err().to_string().contains("all 3 tokens"));
    }

    /// Leaves nothing to say after token 2.
    #[derive(Debug)]
    struct DeadEnd;

    impl Processor for DeadEnd {
        fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
            if context.tokens().last() == Some(&2) {
                logits.fill(f32::NEG_INFINITY);
                return Err(Error::AllMasked { vocab_size: logits.len() });
            }
            Ok(())
        }
    }

    #[test]
    fn a_dead_end_costs_the_search_a_beam_and_no_more() {
        for seed in 0..20 {
            let (model, config) = (Hashed::new(4, seed), greedy(4, &[0]));
            let wide = BeamConfig { early_stopping: NEVER, ..beams(256) };
            let search =
                BeamSearch::new(Clones::new(model.clone()), &[1], &config, &wide, 0).unwrap();
            let mut search = search.with_chain(Chain::new().with(DeadEnd));
            assert!(search.by_ref().all(|step| step.is_ok()));
            let dead = |tokens: &[u32]| tokens[..tokens.len() - 1].contains(&2);
            let all = enumerate(&model, &[1], &config).into_keys();
            let living: HashSet<Vec<u32>> = all.filter(|tokens| !dead(tokens)).collect();
            let found: HashSet<Vec<u32>> =
                search.hypotheses().into_iter().map(|hypothesis| hypothesis.tokens).collect();
            assert_eq!(found, living);
        }
    }

    #[test]
    fn bad_settings_and_batches_are_refused() {
        let model = Clones::new(Hashed::new(3, 1));
        let refused = |model, prompt: &[u32], config, beams| {
            beam_search(model, prompt, &config, &beams, 0).unwrap_err().to_string()
        };
        let none = refused(model.clone(), &[0], greedy(0, &[]), beams(1));
        assert!(none.contains("max_new_tokens is 0"), "{none}");
        let none = refused(model.clone(), &[0], greedy(1, &[]), beams(0));
        assert!(none.contains("num_beams is 0"), "{none}");
        assert!(refused(model.clone(), &[], greedy(1, &[]), beams(1)).contains("no tokens"));
        let mut two = model;
        two.gather(&[0, 0]).unwrap();
        assert!(refused(two, &[0], greedy(1, &[]), beams(1)).contains("batch has 2"));
    }
}

/// Real Hugging Face beam searches: `tests/fixtures/make_beams.py`.
mod hugging_face {
    use std::convert::Infallible;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Fixture {
        max_new_tokens: usize,
        last: Vec<Vec<f32>>,
        before: Vec<Vec<f32>>,
        searches: Vec<Search>,
    }

    #[derive(Deserialize)]
    struct Search {
        prompt: Vec<u32>,
        settings: serde_json::Value,
        found: Vec<Found>,
    }

    #[derive(Deserialize)]
    struct Found {
        tokens: Vec<u32>,
        score: f64,
    }

    /// The fixture's model: the scores after … a b are last[b] + before[a].
    #[derive(Clone)]
    struct Tables<'a> {
        fixture: &'a Fixture,
        tokens: Vec<u32>,
    }

    impl CausalLm for Tables<'_> {
        type Error = Infallible;

        fn vocab_size(&self) -> usize {
            self.fixture.last.len()
        }

        fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), Infallible> {
            self.tokens.extend(tokens);
            let n = self.tokens.len();
            let last = &self.fixture.last[self.tokens[n - 1] as usize];
            let before = &self.fixture.before[self.tokens[n.saturating_sub(2)] as usize];
            logits.iter_mut().zip(last.iter().zip(before)).for_each(|(l, (a, b))| *l = a + b);
            Ok(())
        }

        fn position(&self) -> usize {
            self.tokens.len()
        }

        fn truncate(&mut self, position: usize) {
            self.tokens.truncate(position);
        }
    }

    #[test]
    fn the_same_sequences_and_scores_are_found() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/beams.json");
        let fixture: Fixture =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for Search { prompt, settings, found } in &fixture.searches {
            let model = Tables { fixture: &fixture, tokens: Vec::new() };
            let config: GenerationConfig = serde_json::from_value(settings.clone()).unwrap();
            let config = GenerationConfig { max_new_tokens: fixture.max_new_tokens, ..config };
            let beams: BeamConfig = serde_json::from_value(settings.clone()).unwrap();
            let beams = BeamConfig { num_return_sequences: beams.num_beams, ..beams };
            let ours = beam_search(Clones::new(model), prompt, &config, &beams, 0).unwrap();
            assert_eq!(ours.hypotheses.len(), found.len(), "{settings}");
            for (ours, theirs) in ours.hypotheses.iter().zip(found) {
                assert_eq!(ours.tokens, theirs.tokens, "{settings}");
                let epsilon = 1e-5 * theirs.score.abs().max(1.0);
                approx::assert_abs_diff_eq!(ours.score, theirs.score, epsilon = epsilon);
            }
        }
        assert_eq!(fixture.searches.len(), 108);
    }
}

mod beam_sampling {
    use super::*;

    /// The tokens that the first step draws, in order.
    fn first(model: &Hashed, num_beams: usize, config: &GenerationConfig, seed: Seed) -> Vec<u32> {
        let model = Clones::new(model.clone());
        let mut search = BeamSearch::new(model, &[1], config, &beams(num_beams), seed).unwrap();
        search.next().unwrap().unwrap().candidates.iter().map(|c| c.token).collect()
    }

    /// Every way to draw `n` tokens without replacement, and its probability.
    fn ordered(probabilities: &[f64], n: usize) -> HashMap<Vec<u32>, f64> {
        let mut all = HashMap::from([(Vec::new(), 1.0)]);
        for _ in 0..n {
            let mut longer = HashMap::new();
            for (drawn, p) in &all {
                let left: f64 =
                    1.0 - drawn.iter().map(|&t: &u32| probabilities[t as usize]).sum::<f64>();
                for token in (0..probabilities.len() as u32).filter(|t| !drawn.contains(t)) {
                    let draw = [&drawn[..], &[token]].concat();
                    longer.insert(draw, p * probabilities[token as usize] / left);
                }
            }
            all = longer;
        }
        all
    }

    #[test]
    fn the_first_step_draws_without_replacement() {
        let (model, config) = (Hashed::new(4, 3).with_spread(1.0), sampling(3, &[]));
        let expected = ordered(&softmax(&model.scores(&[1])).unwrap(), 2);
        assert_distributed(6_000, &expected, |seed| first(&model, 1, &config, seed));
    }

    #[test]
    fn sets_of_tokens_have_the_probabilities_of_their_orders() {
        let (model, config) = (Hashed::new(6, 5).with_spread(1.5), sampling(3, &[]));
        let mut expected = HashMap::new();
        for (mut drawn, p) in ordered(&softmax(&model.scores(&[1])).unwrap(), 4) {
            drawn.sort_unstable();
            *expected.entry(drawn).or_insert(0.0) += p;
        }
        assert_distributed(6_000, &expected, |seed| {
            let mut drawn = first(&model, 2, &config, seed);
            drawn.sort_unstable();
            drawn
        });
    }

    #[test]
    fn the_second_step_draws_among_all_beams_by_their_totals() {
        let (model, config) = (Hashed::new(4, 8).with_spread(1.0), sampling(3, &[]));
        type Beam = (Vec<u32>, u64); // tokens, and the bits of their log-probability
        let mut states: HashMap<Vec<Beam>, HashMap<(usize, u32), u32>> = HashMap::new();
        for sequence in 0..10_000 {
            let batch = Clones::new(model.clone());
            let seed = Seed { seed: 5, sequence };
            let mut search = BeamSearch::new(batch, &[1], &config, &beams(2), seed).unwrap();
            search.next().unwrap().unwrap();
            let state =
                search.alive().map(|(t, logprob)| (t.to_vec(), logprob.to_bits())).collect();
            let drawn = &search.next().unwrap().unwrap().candidates[0];
            let counts = states.entry(state).or_default();
            *counts.entry((drawn.parent, drawn.token)).or_insert(0) += 1;
        }
        let (state, counts) = states.iter().max_by_key(|(_, c)| c.values().sum::<u32>()).unwrap();
        let mut expected = HashMap::new();
        for (parent, (tokens, logprob)) in state.iter().enumerate() {
            let row = log_softmax(&model.scores(&[&[1], &tokens[..]].concat())).unwrap();
            for (token, l) in row.iter().enumerate() {
                expected.insert((parent, token as u32), (f64::from_bits(*logprob) + l).exp());
            }
        }
        let total: f64 = expected.values().sum();
        expected.values_mut().for_each(|p| *p /= total);
        let (statistic, limit) = chi_squared(counts, &expected);
        assert!(statistic < limit, "chi squared {statistic} > {limit}");
    }

    #[test]
    fn seeds_decide_and_groups_draw_on_their_own() {
        let (model, config) = (Hashed::new(30, 3), sampling(4, &[]));
        let run = |beams: &BeamConfig, seed: u64| {
            beam_search(Clones::new(model.clone()), &[0], &config, beams, seed).unwrap()
        };
        assert_eq!(run(&beams(3), 1), run(&beams(3), 1));
        assert_ne!(run(&beams(3), 1), run(&beams(3), 2));
        let groups = run(&BeamConfig { num_beam_groups: 2, ..beams(4) }, 1);
        let drawn = |group| {
            let candidates = groups.steps[0].candidates.iter().filter(move |c| c.group == group);
            candidates.map(|c| c.token).collect::<Vec<_>>()
        };
        assert_ne!(drawn(0), drawn(1));
    }

    #[test]
    fn the_best_of_what_is_drawn_live_on() {
        for seed in 0..50 {
            let batch = Clones::new(Hashed::new(12, 3));
            let mut search =
                BeamSearch::new(batch, &[1], &sampling(9, &[]), &beams(3), seed).unwrap();
            let step = search.next().unwrap().unwrap();
            let mut totals: Vec<f64> = step.candidates.iter().map(|c| c.total).collect();
            totals.sort_by(|a, b| b.total_cmp(a));
            let alive: Vec<f64> = search.alive().map(|(_, logprob)| logprob).collect();
            assert_eq!(alive, totals[..3]);
        }
    }

    #[test]
    fn what_the_chain_cuts_is_never_drawn() {
        let config = GenerationConfig { top_k: Some(3), ..sampling(4, &[]) };
        let model = Hashed::new(30, 3);
        let found = beam_search(Clones::new(model), &[0], &config, &beams(5), 1).unwrap();
        assert_eq!(found.steps[0].candidates.len(), 3);
        assert!(found.steps.iter().flat_map(|s| &s.candidates).all(|c| c.logprob.is_finite()));
    }
}

mod best {
    use super::*;

    fn samples(n: usize, rank_by: RankBy, config: &GenerationConfig) -> Vec<Sample> {
        let (model, seed) = (Hashed::new(6, 4), Seed { seed: 8, sequence: 100 });
        best_of(Clones::new(model), &[0, 2], config, n, rank_by, seed).unwrap()
    }

    #[test]
    fn samples_drawn_together_are_those_drawn_alone() {
        let (model, config) = (Hashed::new(6, 4), sampling(8, &[1]));
        let together = samples(40, RankBy::Mean, &config);
        assert_eq!(together.len(), 40);
        for Sample { sequence, tokens, logprob } in together {
            let seed = Seed { seed: 8, sequence };
            assert_eq!(tokens, plain(&model, &[0, 2], &config, seed));
            let steps = generate(model.clone(), &[0, 2], &config, seed).unwrap().with_logprobs(0);
            let sum: f64 = steps.map(|step| step.unwrap().logprob_raw).sum();
            approx::assert_abs_diff_eq!(logprob, sum, epsilon = 1e-12);
        }
    }

    #[test]
    fn the_likeliest_come_first() {
        let config = sampling(8, &[1]);
        let total = samples(40, RankBy::Total, &config);
        assert!(total.is_sorted_by(|a, b| a.logprob >= b.logprob));
        let mean = samples(40, RankBy::Mean, &config);
        assert!(mean.is_sorted_by(|a, b| a.mean_logprob() >= b.mean_logprob()));
        let order = |samples: &[Sample]| samples.iter().map(|s| s.sequence).collect::<Vec<_>>();
        assert_ne!(order(&total), order(&mean));
        let mut sequences = order(&mean);
        sequences.sort_unstable();
        assert_eq!(sequences, (100..140).collect::<Vec<_>>());
        let equal = samples(3, RankBy::Mean, &greedy(2, &[]));
        assert!(equal.is_sorted_by(|a, b| a.sequence < b.sequence && a.tokens == b.tokens));
    }

    #[test]
    fn nothing_to_draw_is_refused_or_empty() {
        let model = Clones::new(Hashed::new(6, 4));
        let refused = best_of(model, &[0], &sampling(1, &[]), 0, RankBy::Mean, 0).unwrap_err();
        assert!(refused.to_string().contains("n is 0"), "{refused}");
        let empty = samples(2, RankBy::Mean, &sampling(0, &[]));
        assert!(
            empty.iter().all(|sample| sample.tokens.is_empty() && sample.mean_logprob() == 0.0)
        );
    }
}

mod speculation {
    use super::*;

    fn run<M: CausalLm, D: Draft>(mut rounds: Speculative<M, D>, prompt_len: usize) -> Vec<u32> {
        let mut tokens = Vec::new();
        rounds.by_ref().for_each(|round| tokens.extend(round.unwrap().tokens));
        assert_eq!(tokens, rounds.context()[prompt_len..]);
        assert_eq!(rounds.acceptance().tokens, tokens.len());
        tokens
    }

    fn drafted(
        target: &Hashed,
        draft: &Hashed,
        config: &GenerationConfig,
        n: usize,
        seed: impl Into<Seed>,
    ) -> Vec<u32> {
        run(speculative(target.clone(), draft.clone(), &[1], config, n, seed).unwrap(), 1)
    }

    fn assert_exact(target: &Hashed, draft: &Hashed, config: &GenerationConfig, n: usize) {
        let expected = enumerate(target, &[1], config);
        assert_distributed(8_000, &expected, |seed| drafted(target, draft, config, n, seed));
    }

    #[test]
    fn plain_sampling_passes_the_test_itself() {
        let (model, config) = (Hashed::new(3, 1).with_spread(1.0), sampling(4, &[0]));
        let expected = enumerate(&model, &[1], &config);
        assert_distributed(8_000, &expected, |seed| plain(&model, &[1], &config, seed));
    }

    #[test]
    fn sequences_are_distributed_as_the_targets() {
        let (target, draft) = (Hashed::new(3, 1).with_spread(1.0), Hashed::new(3, 2));
        assert_exact(&target, &draft, &sampling(4, &[0]), 3);
        assert_exact(&target, &draft, &sampling(4, &[0]), 1);
    }

    #[test]
    fn they_are_under_temperature_and_top_p() {
        let (target, draft) = (Hashed::new(4, 6).with_spread(1.5), Hashed::new(4, 3));
        let config =
            GenerationConfig { temperature: Some(1.3), top_p: Some(0.8), ..sampling(4, &[0]) };
        assert!(enumerate(&target, &[1], &config).len() < 100);
        assert_exact(&target, &draft, &config, 2);
    }

    #[test]
    fn they_are_where_the_two_never_agree() {
        let target = Hashed::new(5, 1).with_spread(1.0).with_masked(&[3, 4]);
        let draft = Hashed::new(5, 2).with_masked(&[0, 1, 2]);
        let config = sampling(4, &[0]);
        assert_exact(&target, &draft, &config, 3);
        let mut rounds = speculative(target, draft, &[1], &config, 3, 5).unwrap();
        rounds.by_ref().for_each(|round| assert_eq!(round.unwrap().tokens.len(), 1));
        assert_eq!(rounds.acceptance().rate(), 0.0);
    }

    #[test]
    fn they_are_with_the_text_as_the_draft() {
        let (target, config) = (Hashed::new(3, 4).with_spread(1.0), sampling(4, &[]));
        let prompt = [0, 1, 2, 0, 1];
        let lookup = PromptLookup { prompt_lookup_num_tokens: 3, max_matching_ngram_size: 2 };
        let expected = enumerate(&target, &prompt, &config);
        assert_distributed(8_000, &expected, |seed| {
            run(prompt_lookup(target.clone(), &prompt, &config, lookup, seed).unwrap(), 5)
        });
    }

    #[test]
    fn a_draft_that_is_the_target_is_always_right() {
        let (model, config) = (Hashed::new(7, 3), sampling(11, &[]));
        for seed in 0..20 {
            let mut rounds =
                speculative(model.clone(), model.clone(), &[1], &config, 3, seed).unwrap();
            rounds.by_ref().for_each(|round| drop(round.unwrap()));
            let acceptance = rounds.acceptance();
            assert_eq!((acceptance.rounds, acceptance.accepted, acceptance.rate()), (3, 8, 1.0));
            assert_eq!(rounds.context()[1..], plain(&model, &[1], &config, seed.into()));
        }
    }

    #[test]
    fn greedy_is_plain_greedy() {
        for seed in 0..1_000 {
            let target = Hashed::new(4, seed);
            // Some drafts are the target itself, so that whole runs are accepted too.
            let draft = if seed % 3 == 0 { target.clone() } else { Hashed::new(4, !seed) };
            let (config, n) = (greedy(9, &[3][..seed as usize % 2]), 1 + seed as usize % 5);
            let expected = plain(&target, &[1], &config, Seed::default());
            assert_eq!(drafted(&target, &draft, &config, n, 0), expected);
            let prompt = [1, 0, 2, 1];
            let looked =
                prompt_lookup(target.clone(), &prompt, &config, PromptLookup::default(), 0);
            assert_eq!(run(looked.unwrap(), 4), plain(&target, &prompt, &config, Seed::default()));
        }
    }

    #[test]
    fn both_models_end_where_plain_generation_would() {
        for seed in 0..50 {
            let (mut target, mut draft) = (Hashed::new(4, seed), Hashed::new(4, seed + 1));
            target.feed(&[1, 2], &mut []).unwrap();
            draft.feed(&[1], &mut []).unwrap();
            let config = sampling(9, &[0]);
            let mut rounds =
                speculative(&mut target, &mut draft, &[1, 2, 2], &config, 3, seed).unwrap();
            rounds.by_ref().for_each(|round| drop(round.unwrap()));
            let context = rounds.context().to_vec();
            assert_eq!(target.position(), context.len() - 1);
            for model in [&mut target, &mut draft] {
                let mut logits = [0.0; 4];
                model.feed(&context[model.position()..], &mut logits).unwrap();
                assert_eq!(logits.as_slice(), model.scores(&context));
            }
        }
    }

    /// Proposes tokens of its own chance, from a distribution that has nothing to do with any model.
    struct Dice;

    impl Draft for Dice {
        fn propose(&mut self, context: Context<'_>, n: usize) -> Result<Vec<Proposal>> {
            let at = |i: usize| (uniform(77, 0, (context.position() + i) as u64) * 3.0) as u32;
            let distribution = Distribution::Full(vec![1.0 / 3.0; 3]);
            Ok((0..n)
                .map(|i| Proposal { token: at(i), distribution: distribution.clone() })
                .collect())
        }
    }

    #[test]
    fn rounds_say_what_was_proposed_and_taken() {
        let mut rounds =
            Speculative::new(Hashed::new(3, 1), Dice, &[1], &sampling(30, &[]), 4, 3).unwrap();
        let all: Vec<Round> = rounds.by_ref().collect::<Result<_>>().unwrap();
        for Round { proposed, accepted, tokens } in &all {
            assert_eq!(proposed[..*accepted], tokens[..*accepted]);
            assert_eq!(tokens.len(), accepted + 1);
            assert!(*accepted == proposed.len() || proposed[*accepted] != tokens[*accepted]);
        }
        let acceptance = rounds.acceptance();
        assert_eq!((acceptance.rounds, acceptance.tokens), (all.len(), 30));
        assert_eq!(acceptance.accepted, all.iter().map(|round| round.accepted).sum::<usize>());
        assert_eq!(acceptance.proposed, all.iter().map(|r| r.proposed.len()).sum::<usize>());
        assert!(acceptance.tokens_per_feed() > 1.0 && acceptance.rate() < 1.0);
    }

    #[test]
    fn bad_settings_and_proposals_are_refused() {
        let (target, config) = (Hashed::new(3, 1), greedy(5, &[]));
        let refused = |error: Error| error.to_string();
        let other = speculative(target.clone(), Hashed::new(4, 1), &[1], &config, 2, 0);
        assert!(refused(other.unwrap_err()).contains("4 tokens and the target 3"));
        let none = speculative(target.clone(), target.clone(), &[1], &config, 0, 0);
        assert!(refused(none.unwrap_err()).contains("num_assistant_tokens is 0"));
        let none = PromptLookup { max_matching_ngram_size: 0, ..PromptLookup::default() };
        let none = prompt_lookup(target, &[1], &config, none, 0);
        assert!(refused(none.unwrap_err()).contains("max_matching_ngram_size is 0"));
        let mut small = Speculative::new(Hashed::new(2, 1), Dice, &[1], &config, 30, 0).unwrap();
        assert!(small.any(|round| round.is_err()));
        assert!(small.next().is_none());
    }
}
