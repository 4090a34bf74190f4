//! The repetition penalty: tokens that have occurred count for less.

use super::per_token::{counted, per_token};
use crate::{Context, Error, Processor, Result, Window};

/// Scales the score l of each token that occurs in the window by r: l / r where l > 0, l · r elsewhere.
///
/// A token counts once, however often it occurs. r > 1 discourages repeats, r < 1 invites them. The
/// window is the whole context unless [`over`](Self::over) says otherwise; tokens beyond the vocabulary
/// are skipped, as Hugging Face and llama.cpp do.
///
/// Source: Keskar et al., "CTRL", arXiv:1909.05858, §4.1, in the form of Hugging Face
/// (`repetition_penalty`) and llama.cpp: CTRL divides negative scores too, which would favour them.
///
/// # Performance
/// O(tokens in the window); V numbers of scratch a thread, of which only these are touched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RepetitionPenalty {
    penalty: f32,
    window: Window,
}

impl RepetitionPenalty {
    /// # Errors
    /// [`Error::Parameter`] where `penalty` is not a finite number above 0.
    pub fn new(penalty: f32) -> Result<Self> {
        let range = "it must be a finite number above 0, and 1 switches it off";
        Error::unless(penalty.is_finite() && penalty > 0.0, "repetition_penalty", penalty, range)?;
        Ok(Self { penalty, window: Window::All })
    }

    /// The same penalty on the tokens of `window`.
    #[must_use]
    pub fn over(self, window: Window) -> Self {
        Self { window, ..self }
    }
}

impl Processor for RepetitionPenalty {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let penalize = |l: &mut f32, _| {
            *l = if *l > 0.0 { *l / self.penalty } else { *l * self.penalty };
        };
        per_token(counted(self.window.of(context)), |a, b| a + b, logits, penalize);
        Ok(())
    }

    fn name(&self) -> &str {
        "repetition_penalty"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CUT: f32 = f32::NEG_INFINITY;

    fn penalized(penalty: RepetitionPenalty, tokens: &[u32]) -> Vec<f32> {
        let mut row = vec![3.0, -3.0, 0.0, CUT, 1.0];
        let context = Context::new(tokens).with_prompt_len(2);
        penalty.process(&context, &mut row).unwrap();
        row
    }

    #[test]
    fn positive_scores_are_divided_and_others_multiplied_once() {
        let penalty = RepetitionPenalty::new(2.0).unwrap();
        assert_eq!(penalized(penalty, &[0, 1, 2, 3, 0, 0, 1]), [1.5, -6.0, 0.0, CUT, 1.0]);
        assert_eq!(penalized(penalty, &[]), [3.0, -3.0, 0.0, CUT, 1.0]);
    }

    #[test]
    fn the_window_decides_what_counts() {
        let penalty = RepetitionPenalty::new(2.0).unwrap();
        let tokens = [0, 1, 4];
        assert_eq!(penalized(penalty.over(Window::Generated), &tokens), [3.0, -3.0, 0.0, CUT, 0.5]);
        assert_eq!(penalized(penalty.over(Window::Last(2)), &tokens), [3.0, -6.0, 0.0, CUT, 0.5]);
        assert_eq!(penalized(penalty.over(Window::Last(0)), &tokens), [3.0, -3.0, 0.0, CUT, 1.0]);
    }

    #[test]
    fn tokens_beyond_the_vocabulary_are_skipped() {
        let penalty = RepetitionPenalty::new(2.0).unwrap();
        assert_eq!(penalized(penalty, &[5, u32::MAX, 0]), [1.5, -3.0, 0.0, CUT, 1.0]);
    }

    #[test]
    fn only_positive_numbers_are_penalties() {
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let message = RepetitionPenalty::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("repetition_penalty is {bad}")), "{message}");
        }
    }
}
