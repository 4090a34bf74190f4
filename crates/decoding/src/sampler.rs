//! From a row of logits to one token: run the chain, then pick.

use serde::{Deserialize, Serialize};

use crate::{
    Candidates, Chain, Context, Isa, Mirostat, MirostatState, Result, Scratch, Seed, Trace,
};

/// Runs a [`Chain`] over rows of logits and picks a token of each: the best one, or a seeded draw.
///
/// A draw is decided by (seed, sequence, position) and the row, where position is the length of the
/// context. So a sampler has no state that a neighbour, a batch or an order could disturb; only mirostat
/// carries some, and that is a value ([`State`]). A clone shares the chain and nothing else.
///
/// # Performance
/// Where all links are filters, the row is read once or twice and nothing of its size is written. Buffers
/// grow to what the widest row needs, at most some 50 bytes a token; then nothing is allocated.
#[derive(Clone, Debug)]
pub struct Sampler {
    chain: Chain,
    pick: Pick,
    row: Vec<f32>,
    scratch: Scratch,
}

#[derive(Clone, Copy, Debug)]
enum Pick {
    Greedy,
    Draw(Seed),
    Gumbel(Seed),
    Mirostat { mirostat: Mirostat, state: MirostatState, seed: Seed },
}

/// What a sampler carries from token to token of its sequence: to be saved with it, and cloned with a beam.
/// All but mirostat follows from the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Mirostat's, where it is in use.
    pub mirostat: Option<MirostatState>,
}

impl Sampler {
    /// Picks the best of what `chain` leaves; of equal scores, the lowest id.
    #[must_use]
    pub fn greedy(chain: Chain) -> Self {
        Self::new(chain, Pick::Greedy)
    }

    /// Draws from what `chain` leaves, in proportion to its probabilities.
    #[must_use]
    pub fn seeded(chain: Chain, seed: impl Into<Seed>) -> Self {
        Self::new(chain, Pick::Draw(seed.into()))
    }

    /// As [`seeded`](Self::seeded), by the Gumbel-max trick: the token whose score plus noise is greatest,
    /// where (seed, sequence, position, token) decides the noise. Rows that differ little then mostly give
    /// the same token.
    #[must_use]
    pub fn gumbel(chain: Chain, seed: impl Into<Seed>) -> Self {
        Self::new(chain, Pick::Gumbel(seed.into()))
    }

    /// Draws from what mirostat leaves after `chain`.
    #[must_use]
    pub fn mirostat(chain: Chain, mirostat: Mirostat, seed: impl Into<Seed>) -> Self {
        let (state, seed) = (mirostat.start(), seed.into());
        Self::new(chain, Pick::Mirostat { mirostat, state, seed })
    }

    fn new(chain: Chain, pick: Pick) -> Self {
        Self { chain, pick, row: Vec::new(), scratch: Scratch::default() }
    }

    /// The same sampler on another instruction set than the best.
    #[must_use]
    pub fn on(self, isa: Isa) -> Self {
        Self { scratch: Scratch::new(isa), ..self }
    }

    /// The chain that every row goes through.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What has been carried along from the tokens drawn so far.
    #[must_use]
    pub fn state(&self) -> State {
        match self.pick {
            Pick::Mirostat { state, .. } => State { mirostat: Some(state) },
            _ => State::default(),
        }
    }

    /// Goes on from a state that was saved.
    pub fn restore(&mut self, saved: State) {
        if let (Pick::Mirostat { state, .. }, Some(saved)) = (&mut self.pick, saved.mirostat) {
            *state = saved;
        }
    }

    /// The next token after `context` (prompt and drawn tokens), given its scores (length V).
    ///
    /// # Errors
    /// Where [`check_row`](crate::check_row) refuses the row before or after the chain, or a processor
    /// fails.
    pub fn sample<'a>(&mut self, context: impl Into<Context<'a>>, logits: &[f32]) -> Result<u32> {
        let context = self.keyed(context);
        let Self { chain, row, scratch, pick } = self;
        chain.narrow(&context, logits, row, scratch, |candidates| pick.choose(&context, candidates))
    }

    /// As [`sample`](Self::sample), on a row that processors may overwrite: no copy is made.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    pub fn sample_in_place<'a>(
        &mut self,
        context: impl Into<Context<'a>>,
        logits: &mut [f32],
    ) -> Result<u32> {
        let context = self.keyed(context);
        let Self { chain, scratch, pick, .. } = self;
        chain.narrow_in_place(&context, logits, scratch, |candidates| {
            pick.choose(&context, candidates)
        })
    }

    /// The probabilities (length V) that a draw after `context` has: 0 for what the chain cut.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    ///
    /// # Performance
    /// O(V) with exponentials in f64.
    pub fn probabilities<'a>(
        &mut self,
        context: impl Into<Context<'a>>,
        logits: &[f32],
    ) -> Result<Vec<f64>> {
        let context = self.keyed(context);
        let Self { chain, row, scratch, pick } = self;
        chain.narrow(&context, logits, row, scratch, |candidates| {
            pick.narrow(candidates);
            candidates.probabilities()
        })
    }

    /// The row before and after the chain, token by token: ranks, probabilities, what was kept, and which
    /// link cut what was not. Exactly what [`sample`](Self::sample) chooses from.
    ///
    /// A chain inside the chain is one link.
    ///
    /// # Errors
    /// As [`sample`](Self::sample).
    ///
    /// # Performance
    /// For looking, not for a loop: the chain runs twice, and O(V log V + V · links) is added, with an
    /// allocation of the size of the row for each column.
    pub fn trace<'a>(&mut self, context: impl Into<Context<'a>>, logits: &[f32]) -> Result<Trace> {
        let context = self.keyed(context);
        let pick = self.pick;
        let picked = self.sample(context, logits);
        self.pick = pick; // looking changes nothing
        let chain = match pick {
            Pick::Mirostat { mirostat, state, .. } => self.chain.clone().with(mirostat.at(state)),
            _ => self.chain.clone(),
        };
        Trace::new(&chain, &context, logits, &mut self.scratch, picked?)
    }

    /// The context under this sampler's own seed.
    fn keyed<'a>(&self, context: impl Into<Context<'a>>) -> Context<'a> {
        match self.pick {
            Pick::Greedy => context.into(),
            Pick::Draw(seed) | Pick::Gumbel(seed) | Pick::Mirostat { seed, .. } => {
                context.into().with_seed(seed)
            }
        }
    }
}

impl Pick {
    fn choose(&mut self, context: &Context<'_>, candidates: &mut Candidates<'_>) -> u32 {
        let uniform = |index| context.uniform(index);
        self.narrow(candidates);
        match self {
            Self::Greedy => candidates.best().0,
            Self::Draw(_) => candidates.draw(uniform),
            Self::Gumbel(_) => candidates.draw_gumbel(uniform),
            Self::Mirostat { mirostat, state, .. } => {
                let token = candidates.draw(uniform);
                *state = mirostat.observe(*state, token, candidates);
                token
            }
        }
    }

    /// What mirostat cuts after the chain.
    fn narrow(&self, candidates: &mut Candidates<'_>) {
        if let Self::Mirostat { mirostat, state, .. } = self {
            mirostat.narrow(*state, candidates);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{NotebookTemperature, NotebookTopP, Processor, Temperature, TopK, TopP};

    fn chain() -> Chain {
        Chain::new().with(Temperature::new(0.8).unwrap()).with(TopK::new(3).unwrap())
    }

    const ROW: [f32; 5] = [1.0, 2.0, 0.5, 1.5, -1.0];

    #[test]
    fn draws_follow_the_probabilities() {
        let sampler = |sequence| Sampler::seeded(chain(), Seed { seed: 3, sequence });
        let expected = sampler(0).probabilities(&[], &ROW).unwrap();
        let n = 20_000u32;
        let mut counts = [0u32; 5];
        for i in 0..n {
            let drawn = sampler(u64::from(i / 100)).sample(&vec![0; i as usize % 100], &ROW);
            counts[drawn.unwrap() as usize] += 1;
        }
        for (count, p) in counts.iter().zip(expected) {
            let sigma = (p * (1.0 - p) * f64::from(n)).sqrt();
            assert!((f64::from(*count) - p * f64::from(n)).abs() <= 4.5 * sigma, "{count} for {p}");
        }
    }

    #[test]
    fn seed_sequence_and_position_decide() {
        let rows = |seed, sequence| {
            let mut sampler = Sampler::seeded(chain(), Seed { seed, sequence });
            (0..64).map(|n| sampler.sample(&vec![0; n], &ROW).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(rows(1, 0), rows(1, 0));
        assert_ne!(rows(1, 0), rows(2, 0));
        assert_ne!(rows(1, 0), rows(1, 1));
    }

    #[test]
    fn greedy_picks_the_best() {
        assert_eq!(Sampler::greedy(chain()).sample(&[], &ROW).unwrap(), 1);
    }

    #[test]
    fn a_row_cut_empty_on_the_way_is_no_token() {
        #[derive(Debug)]
        struct CutAll;
        impl Processor for CutAll {
            fn process(&self, _: &Context<'_>, logits: &mut [f32]) -> Result<()> {
                logits.fill(f32::NEG_INFINITY);
                Ok(())
            }
        }
        let filters = || {
            let chain = Chain::new().with(CutAll).with(Temperature::new(0.5).unwrap());
            chain.with(TopK::new(2).unwrap()).with(TopP::new(0.5).unwrap())
        };
        let twins = filters().with(NotebookTemperature::new(0.5).unwrap());
        for chain in [filters(), twins.with(NotebookTopP::new(0.5).unwrap())] {
            let refused = Sampler::seeded(chain, 0).sample(&[], &ROW);
            assert!(
                matches!(refused, Err(crate::Error::AllMasked { vocab_size: 5 })),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn a_bad_row_is_no_token() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut row = ROW;
            row[4] = bad;
            assert!(Sampler::greedy(Chain::new()).sample(&[], &row).is_err());
            assert!(Sampler::seeded(chain(), 0).sample(&[], &row).is_err());
        }
        assert!(Sampler::seeded(chain(), 0).sample(&[], &[f32::NEG_INFINITY; 4]).is_err());
        let empty = Sampler::greedy(Chain::new()).sample(&[], &[]);
        assert!(matches!(empty, Err(crate::Error::EmptyRow)), "{empty:?}");
    }
}
