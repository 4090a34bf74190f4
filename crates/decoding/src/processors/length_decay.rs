//! An end that grows ever likelier.

use super::ids;
use crate::{Context, Error, Processor, Result};

/// Once n > start tokens have been generated, adds |l| · (factorⁿ⁻ˢᵗᵃʳᵗ − 1) to each end-of-text token's
/// score l.
///
/// A factor above 1 hastens the end, one below 1 puts it off. A cut score stays cut, and one of 0 stays
/// 0. The sum is kept within f32's range.
///
/// Source: Hugging Face's `exponential_decay_length_penalty`, which does the arithmetic in f32.
///
/// # Performance
/// O(end-of-text tokens).
#[derive(Clone, Debug, PartialEq)]
pub struct LengthDecay {
    start: usize,
    factor: f32,
    eos: Vec<u32>,
}

impl LengthDecay {
    /// # Errors
    /// [`Error::Parameter`] where `factor` is not a finite number above 0, [`Error::NoTokens`]
    /// where there is no end-of-text token.
    pub fn new(start: usize, factor: f32, eos: impl Into<Vec<u32>>) -> Result<Self> {
        let name = "the factor of exponential_decay_length_penalty";
        let range = "it must be a finite number above 0, and 1 switches it off";
        Error::unless(factor.is_finite() && factor > 0.0, name, factor, range)?;
        Ok(Self { start, factor, eos: ids::some("end-of-text tokens", eos)? })
    }

    fn decayed(&self, logit: f32, over: usize) -> f32 {
        let logit = f64::from(logit);
        let growth = f64::from(self.factor).powf(over as f64) - 1.0;
        // 0 · ∞ is no number, and a score of 0 stays 0.
        let sum = if logit == 0.0 { 0.0 } else { logit + logit.abs() * growth };
        sum.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32
    }
}

impl Processor for LengthDecay {
    /// # Errors
    /// [`Error::TokenOutOfRange`] for a token beyond the row, from the first step on.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        ids::check(&self.eos, logits)?;
        let over = context.generated().len().saturating_sub(self.start);
        for &token in self.eos.iter().filter(|_| over > 0) {
            let logit = &mut logits[token as usize];
            if logit.is_finite() {
                *logit = self.decayed(*logit, over);
            }
        }
        Ok(())
    }

    fn name(&self) -> &str {
        "length_decay"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CUT: f32 = f32::NEG_INFINITY;

    fn decayed(rule: &LengthDecay, generated: usize, mut row: Vec<f32>) -> Vec<f32> {
        let tokens = vec![0; 2 + generated];
        rule.process(&Context::new(&tokens).with_prompt_len(2), &mut row).unwrap();
        row
    }

    #[test]
    fn the_end_gains_with_each_token_past_the_start() {
        let rule = LengthDecay::new(3, 2.0, [1, 2, 3, 4]).unwrap();
        let row = || vec![5.0, 5.0, -5.0, CUT, 0.0];
        assert_eq!(decayed(&rule, 3, row()), row());
        assert_eq!(decayed(&rule, 4, row()), [5.0, 10.0, 0.0, CUT, 0.0]);
        assert_eq!(decayed(&rule, 5, row()), [5.0, 20.0, 10.0, CUT, 0.0]);
        let later = decayed(&rule, 9_000, row());
        assert_eq!(later, [5.0, f32::MAX, f32::MAX, CUT, 0.0]);
    }

    #[test]
    fn a_factor_below_1_puts_the_end_off() {
        let rule = LengthDecay::new(0, 0.5, [0, 0]).unwrap();
        assert_eq!(decayed(&rule, 2, vec![8.0]), [2.0]);
    }

    #[test]
    fn bad_parameters_are_refused() {
        let message = LengthDecay::new(3, 0.0, [1]).unwrap_err().to_string();
        assert!(
            message.contains("the factor of exponential_decay_length_penalty is 0"),
            "{message}"
        );
        assert!(matches!(LengthDecay::new(3, 1.1, []), Err(Error::NoTokens { .. })));
        let outside = LengthDecay::new(3, 1.1, [9]).unwrap();
        let refused = outside.process(&Context::new(&[]), &mut [0.0; 9]);
        assert!(matches!(refused, Err(Error::TokenOutOfRange { token: 9, .. })));
    }
}
