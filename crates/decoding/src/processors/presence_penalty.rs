//! The presence penalty: tokens that have occurred count for less, however often they did.

use super::per_token::{counted, per_token};
use crate::{Context, Error, Processor, Result, Window};

/// Subtracts the penalty from the score of each token that occurs in the window.
///
/// The window is the generated tokens unless [`over`](Self::over) says otherwise; llama.cpp counts the
/// last 64 of prompt and output together (`Window::Last(64)`). Tokens beyond the vocabulary are skipped.
///
/// Source: OpenAI's `presence_penalty` (-2 to 2 there), as vLLM applies it: to the output alone.
///
/// # Performance
/// O(tokens in the window); V numbers of scratch a thread, of which only these are touched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PresencePenalty {
    penalty: f32,
    window: Window,
}

impl PresencePenalty {
    /// A penalty above 0 discourages repeats, one below 0 invites them.
    ///
    /// # Errors
    /// [`Error::Parameter`] where `penalty` is not finite.
    pub fn new(penalty: f32) -> Result<Self> {
        let range = "it must be finite, and 0 switches it off";
        Error::unless(penalty.is_finite(), "presence_penalty", penalty, range)?;
        Ok(Self { penalty, window: Window::Generated })
    }

    /// The same penalty on the tokens of `window`.
    #[must_use]
    pub fn over(self, window: Window) -> Self {
        Self { window, ..self }
    }
}

impl Processor for PresencePenalty {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let penalize = |l: &mut f32, _| *l -= self.penalty;
        per_token(counted(self.window.of(context)), |a, b| a + b, logits, penalize);
        Ok(())
    }

    fn name(&self) -> &str {
        "presence_penalty"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CUT: f32 = f32::NEG_INFINITY;

    /// Prompt 0 2, generated 0 2 2 0 3 9 (of a vocabulary of 5).
    fn penalized(penalty: PresencePenalty) -> Vec<f32> {
        let mut row = vec![3.0, 3.0, 3.0, CUT, 4.0];
        let context = Context::new(&[0, 2, 0, 2, 2, 0, 3, 9]).with_prompt_len(2);
        penalty.process(&context, &mut row).unwrap();
        row
    }

    #[test]
    fn it_is_the_same_however_often_a_token_occurs() {
        let penalty = PresencePenalty::new(0.5).unwrap();
        assert_eq!(penalized(penalty), [2.5, 3.0, 2.5, CUT, 4.0]);
        assert_eq!(penalized(penalty.over(Window::Last(3))), [2.5, 3.0, 3.0, CUT, 4.0]);
        assert_eq!(penalized(penalty.over(Window::Last(2))), [3.0, 3.0, 3.0, CUT, 4.0]);
    }

    #[test]
    fn a_penalty_is_a_finite_number() {
        for bad in [f32::NAN, f32::INFINITY] {
            let message = PresencePenalty::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("presence_penalty is {bad}")), "{message}");
        }
    }
}
