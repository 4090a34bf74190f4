//! A bias on whole sequences of tokens.

use super::ids;
use crate::{Context, Error, Processor, Result, Window};

/// Adds a sequence's bias to the score of the token that would complete it: its last token, wherever the
/// context ends in the ones before. A sequence of one token is always about to be completed.
///
/// The biases of sequences that end in the same token add up. A positive bias favours only the last
/// step: give the beginnings of a sequence a bias of their own where the whole is wanted. A sequence may
/// begin in the prompt unless [`over`](Self::over) says otherwise.
///
/// Source: Hugging Face's `sequence_bias`.
///
/// # Performance
/// One comparison a sequence, with the end of the context.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceBias {
    sequences: Vec<(Vec<u32>, f32)>,
    highest: Option<u32>,
    window: Window,
}

impl SequenceBias {
    /// Sequences of tokens, each with its bias; −∞ bans the completion.
    ///
    /// # Errors
    /// [`Error::EmptySequence`], or [`Error::Bias`] for a bias of NaN or +∞.
    pub fn new<S: Into<Vec<u32>>>(biases: impl IntoIterator<Item = (S, f32)>) -> Result<Self> {
        Self::named("biased sequences", biases)
    }

    /// The same biases, for sequences that begin in `window`.
    #[must_use]
    pub fn over(self, window: Window) -> Self {
        Self { window, ..self }
    }

    pub(super) fn named<S: Into<Vec<u32>>>(
        list: &'static str,
        biases: impl IntoIterator<Item = (S, f32)>,
    ) -> Result<Self> {
        let (sequences, biases): (Vec<S>, Vec<f32>) = biases.into_iter().unzip();
        let sequences = ids::sequences(list, sequences)?;
        let highest = sequences.iter().flatten().copied().max();
        let sequences: Vec<_> = sequences.into_iter().zip(biases).collect();
        match sequences.iter().find(|(_, bias)| bias.is_nan() || *bias == f32::INFINITY) {
            Some((s, got)) => Err(Error::Bias { token: s[s.len() - 1], got: *got }),
            None => Ok(Self { sequences, highest, window: Window::All }),
        }
    }
}

impl Processor for SequenceBias {
    /// # Errors
    /// [`Error::TokenOutOfRange`] for a token of any sequence beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        ids::check(self.highest.as_slice(), logits)?;
        let tokens = self.window.of(context);
        for (sequence, bias) in &self.sequences {
            if let Some((&last, before)) = sequence.split_last()
                && tokens.ends_with(before)
            {
                logits[last as usize] += bias;
            }
        }
        Ok(())
    }

    fn name(&self) -> &str {
        "sequence_bias"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn biased(biases: &[(&[u32], f32)], tokens: &[u32]) -> Vec<f32> {
        let biases = biases.iter().map(|(s, b)| (s.to_vec(), *b));
        let mut row = vec![0.0; 4];
        SequenceBias::new(biases).unwrap().process(&Context::new(tokens), &mut row).unwrap();
        row
    }

    #[test]
    fn the_last_token_is_biased_where_the_ones_before_stand() {
        let biases: [(&[u32], f32); 3] = [(&[1, 2, 3], 5.0), (&[2, 3], 0.5), (&[0], -1.0)];
        assert_eq!(biased(&biases, &[]), [-1.0, 0.0, 0.0, 0.0]);
        assert_eq!(biased(&biases, &[2]), [-1.0, 0.0, 0.0, 0.5]);
        assert_eq!(biased(&biases, &[1, 2]), [-1.0, 0.0, 0.0, 5.5]);
        assert_eq!(biased(&biases, &[1, 2, 1]), [-1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_sequence_begins_in_the_window() {
        let context = Context::new(&[1, 2]).with_prompt_len(1);
        let bias = SequenceBias::new([(vec![1, 2, 3], 4.0), (vec![2, 3], 1.0)]).unwrap();
        let mut row = [0.0; 4];
        bias.over(Window::Generated).process(&context, &mut row).unwrap();
        assert_eq!(row, [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn bad_sequences_and_biases_are_refused() {
        let refused =
            |biases: Vec<(Vec<u32>, f32)>| SequenceBias::new(biases).unwrap_err().to_string();
        assert!(refused(vec![(vec![], 1.0)]).contains("number 0 (from 0) of the biased sequences"));
        assert!(refused(vec![(vec![1, 3], f32::NAN)]).contains("bias of token 3 is NaN"));
        assert!(refused(vec![(vec![1], f32::INFINITY)]).contains("bias of token 1 is inf"));
    }

    #[test]
    fn a_token_outside_the_vocabulary_is_refused_even_where_it_only_stands_before() {
        let outside = SequenceBias::new([([4, 1], 1.0)]).unwrap();
        let refused = outside.process(&Context::new(&[1]), &mut [0.0; 4]);
        assert!(matches!(refused, Err(Error::TokenOutOfRange { token: 4, vocab_size: 4 })));
    }
}
