//! What a token was, or is to be, drawn from.

use crate::{Context, GenerationConfig, Result, Sampler, Seed};

/// A token that a draft proposes, and what it was drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The token.
    pub token: u32,
    /// q, the distribution that it was drawn from. What is accepted follows the target's distribution
    /// only if this is the truth.
    pub distribution: Distribution,
}

/// A distribution over the vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// This token for certain.
    Point(u32),
    /// A probability for each token (length V).
    Full(Vec<f64>),
}

impl Distribution {
    /// The probability of `token`.
    #[must_use]
    pub fn of(&self, token: u32) -> f64 {
        match self {
            Self::Point(certain) => f64::from(u8::from(*certain == token)),
            Self::Full(probabilities) => probabilities.get(token as usize).copied().unwrap_or(0.0),
        }
    }

    /// A token drawn in proportion to max(self − `other`, 0), by `u` uniform in [0, 1).
    ///
    /// Where that is nothing, the two are equal but for rounding, and the draw is of `self`.
    pub(super) fn draw_beyond(&self, other: &Self, u: f64) -> u32 {
        match self {
            Self::Point(token) => *token,
            Self::Full(probabilities) => {
                let beyond = |(i, p): (usize, &f64)| (p - other.of(i as u32)).max(0.0);
                let rest: Vec<f64> = probabilities.iter().enumerate().map(beyond).collect();
                walk(&rest, u).or_else(|| walk(probabilities, u)).unwrap_or(0)
            }
        }
    }
}

/// The token at which the running weight first exceeds `u` of the whole; `None` where the whole is 0.
fn walk(weights: &[f64], u: f64) -> Option<u32> {
    let threshold = u * weights.iter().sum::<f64>();
    let mut running = 0.0;
    let mut found = None;
    for (i, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        running += weight;
        found = Some(i as u32);
        if running > threshold {
            break;
        }
    }
    found
}

/// A strategy that can tell what its tokens are drawn from.
#[derive(Debug)]
pub(super) struct Strategy {
    sampler: Sampler,
    do_sample: bool,
}

impl Strategy {
    pub(super) fn new(config: &GenerationConfig, seed: Seed) -> Result<Self> {
        Ok(Self { sampler: config.sampler(seed)?, do_sample: config.do_sample })
    }

    /// The token that plain generation has here.
    pub(super) fn token(&mut self, context: Context<'_>, logits: &[f32]) -> Result<u32> {
        self.sampler.sample(context, logits)
    }

    pub(super) fn distribution(
        &mut self,
        context: Context<'_>,
        logits: &[f32],
    ) -> Result<Distribution> {
        if self.do_sample {
            self.sampler.probabilities(context, logits).map(Distribution::Full)
        } else {
            self.sampler.sample(context, logits).map(Distribution::Point)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_drawn_where_there_is_more_than_the_other_has() {
        let p = Distribution::Full(vec![0.5, 0.3, 0.0, 0.2]);
        let q = Distribution::Full(vec![0.2, 0.6, 0.1, 0.1]); // beyond: 0.3, 0, 0, 0.1
        let drawn = |u| p.draw_beyond(&q, u);
        assert_eq!([drawn(0.0), drawn(0.74), drawn(0.76), drawn(1.0 - 1e-16)], [0, 0, 3, 3]);
        assert_eq!(p.draw_beyond(&Distribution::Point(0), 0.0), 1);
        assert_eq!(p.draw_beyond(&p, 0.6), 1);
        assert_eq!(Distribution::Point(2).draw_beyond(&q, 0.9), 2);
    }
}
