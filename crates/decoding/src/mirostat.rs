//! Mirostat: truncation that steers the surprise of the text towards a target.
//!
//! S. Basu, G. Ramachandran, N. Keskar, L. Varshney, "Mirostat: a neural text decoding algorithm that
//! directly controls perplexity", ICLR 2021. Version 2 is its authors' simplification, as in llama.cpp.

use std::f64::consts::{LN_2, LOG2_E};

use serde::{Deserialize, Serialize};

use crate::{Candidates, Context, Error, Filter, Result};

/// A target for the surprise of each token and how fast to steer towards it. Surprise is in bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mirostat {
    version: Version,
    tau: f32,
    eta: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    /// Estimates the Zipf exponent from the best m tokens and derives a top-k from it.
    One { m: usize },
    /// Keeps the tokens whose surprise is at most μ.
    Two,
}

/// What mirostat carries from token to token of one sequence: μ, the surprise it allows, in bits.
///
/// It can be saved, and cloned for a beam; [`Sampler::state`](crate::Sampler::state) gives it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MirostatState {
    /// μ.
    pub mu: f64,
}

impl Mirostat {
    /// Version 1, which looks at the best `m` tokens (100 in the paper). O(m log m) beside the passes.
    ///
    /// # Errors
    /// [`Error::Parameter`] where `tau` or `eta` is negative or not finite, or `m` below 2.
    pub fn v1(tau: f32, eta: f32, m: usize) -> Result<Self> {
        let range = "it must be at least 2, and is 100 in the paper";
        Error::unless(m >= 2, "mirostat_m", m as f32, range)?;
        Self::new(Version::One { m }, tau, eta)
    }

    /// Version 2. Where every token is more surprising than μ, the best ones are kept.
    ///
    /// # Errors
    /// [`Error::Parameter`] where `tau` or `eta` is negative or not finite.
    pub fn v2(tau: f32, eta: f32) -> Result<Self> {
        Self::new(Version::Two, tau, eta)
    }

    fn new(version: Version, tau: f32, eta: f32) -> Result<Self> {
        let valid = |x: f32| x.is_finite() && x >= 0.0;
        let range = "it must be a finite number of bits of at least 0; 5 is usual";
        Error::unless(valid(tau), "mirostat_tau", tau, range)?;
        let range = "it must be a finite number of at least 0; 0.1 is usual";
        Error::unless(valid(eta), "mirostat_eta", eta, range)?;
        Ok(Self { version, tau, eta })
    }

    /// Where every sequence starts: μ = 2τ.
    #[must_use]
    pub fn start(&self) -> MirostatState {
        MirostatState { mu: 2.0 * f64::from(self.tau) }
    }

    /// Keeps the candidates that `state` allows.
    pub fn narrow(&self, state: MirostatState, candidates: &mut Candidates<'_>) {
        match self.version {
            Version::One { m } => {
                let k = top_k(&candidates.best_scores(m), candidates.vocab_size(), state.mu);
                candidates.keep_best(k, crate::Ties::default());
            }
            Version::Two => {
                let least = |mass: f64, _| mass.ln() - state.mu * LN_2;
                let threshold = candidates.threshold::<false>(least);
                candidates.keep_at_least(threshold);
            }
        }
    }

    /// What it keeps in a state, as the link of a chain.
    pub(crate) fn at(self, state: MirostatState) -> impl Filter {
        At { mirostat: self, state }
    }

    /// The state after `token` was drawn of the narrowed candidates: μ ← μ − η (S − τ), S its surprise.
    pub(crate) fn observe(
        &self,
        state: MirostatState,
        token: u32,
        candidates: &mut Candidates<'_>,
    ) -> MirostatState {
        let surprise = (candidates.mass().ln() - candidates.relative_of(token)) * LOG2_E;
        let error = surprise - f64::from(self.tau);
        MirostatState { mu: state.mu - f64::from(self.eta) * error }
    }
}

#[derive(Debug)]
struct At {
    mirostat: Mirostat,
    state: MirostatState,
}

impl Filter for At {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        self.mirostat.narrow(self.state, candidates);
        Ok(())
    }

    fn label(&self) -> &str {
        "mirostat"
    }
}

/// k for which the expected surprise is `mu` bits under Zipf's law with the exponent that the best
/// scores (relative, descending) suggest; at least 1.
fn top_k(scores: &[f64], vocab_size: usize, mu: f64) -> usize {
    let (mut products, mut squares) = (0.0, 0.0);
    for (i, pair) in scores.windows(2).enumerate() {
        let t = ((i as f64 + 2.0) / (i as f64 + 1.0)).ln();
        products += t * (pair[0] - pair[1]);
        squares += t * t;
    }
    let exponent = products / squares;
    let epsilon = exponent - 1.0;
    let tail = 1.0 - (vocab_size as f64).powf(-epsilon);
    let k = (epsilon * mu.exp2() / tail).powf(1.0 / exponent);
    // NaN, where a single score or none remains, becomes 1.
    k.clamp(1.0, vocab_size as f64).max(1.0) as usize
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Chain, Sampler};

    /// A row of Zipf's law.
    fn row(len: usize) -> Vec<f32> {
        (1..=len).map(|rank| -1.1 * (rank as f32).ln()).collect()
    }

    fn mean_surprise(mirostat: Mirostat, tokens: usize) -> f64 {
        let row = row(5_000);
        let raw = crate::log_softmax(&row).unwrap();
        let mut sampler = Sampler::mirostat(Chain::new(), mirostat, 7);
        let mut context = vec![];
        let mut total = 0.0;
        for step in 0..tokens {
            let token = sampler.sample(&context, &row).unwrap();
            context.push(token);
            // The first steps look for μ.
            total += if step < 100 { 0.0 } else { -raw[token as usize] * LOG2_E };
        }
        total / (tokens - 100) as f64
    }

    #[test]
    fn it_steers_towards_the_target() {
        for tau in [2.0, 3.5, 5.0] {
            // Observed on the truncated distribution, which is a little less surprised.
            let v2 = mean_surprise(Mirostat::v2(tau, 0.1).unwrap(), 1_100);
            assert!((v2 - f64::from(tau)).abs() < 1.6, "v2 {v2} for {tau}");
            let v1 = mean_surprise(Mirostat::v1(tau, 0.1, 100).unwrap(), 1_100);
            assert!((v1 - f64::from(tau)).abs() < 1.6, "v1 {v1} for {tau}");
        }
    }

    #[test]
    fn equally_surprising_tokens_all_stay() {
        let mut sampler = Sampler::mirostat(Chain::new(), Mirostat::v2(0.5, 0.0).unwrap(), 3);
        let drawn: std::collections::BTreeSet<u32> =
            (0..200).map(|n| sampler.sample(&vec![0; n], &[1.0; 16]).unwrap()).collect();
        assert_eq!(drawn.len(), 16);
    }

    #[test]
    fn the_state_belongs_to_the_sequence_and_can_be_put_back() {
        let row = row(300);
        let mut sampler = Sampler::mirostat(Chain::new(), Mirostat::v2(3.0, 0.5).unwrap(), 3);
        let start = sampler.state();
        let run = |sampler: &mut Sampler| {
            (0..20).map(|n| sampler.sample(&vec![0; n], &row).unwrap()).collect::<Vec<_>>()
        };
        let first = run(&mut sampler);
        let saved = serde_json::to_string(&sampler.state()).unwrap();
        assert_ne!(sampler.state(), start);
        sampler.restore(start);
        assert_eq!(run(&mut sampler), first);
        assert_eq!(serde_json::to_string(&sampler.state()).unwrap(), saved);
    }

    #[test]
    fn a_trace_shows_what_it_cuts_and_changes_nothing() {
        let mut sampler = Sampler::mirostat(Chain::new(), Mirostat::v2(2.0, 0.5).unwrap(), 3);
        let (row, start) = (row(300), sampler.state());
        let trace = sampler.trace(&[], &row).unwrap();
        assert_eq!(sampler.state(), start);
        assert_eq!(sampler.sample(&[], &row).unwrap(), trace.picked);
        assert!(trace.kept() < 300);
        assert_eq!(trace.tokens[299].cut_by.as_deref(), Some("mirostat"));
    }

    #[test]
    fn bad_parameters_are_refused() {
        let message = Mirostat::v2(-1.0, 0.1).unwrap_err().to_string();
        assert!(message.contains("mirostat_tau is -1"), "{message}");
        let message = Mirostat::v2(5.0, f32::NAN).unwrap_err().to_string();
        assert!(message.contains("mirostat_eta is NaN"), "{message}");
        assert!(Mirostat::v1(5.0, 0.1, 1).unwrap_err().to_string().contains("mirostat_m is 1"));
    }
}
