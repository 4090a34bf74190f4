//! When to stop: at a token, at a sequence of tokens, at a length.

use crate::{Result, processors::ids};

/// Why a text is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// This end-of-text token was generated.
    EndOfText(u32),
    /// The generated tokens end in the stop sequence of this index.
    Sequence(usize),
    /// There are as many tokens as there may be.
    Length,
}

/// Says after each token whether the text is over.
///
/// It holds no state: the answer follows from the tokens, so it is right for beams that fork and after
/// tokens have been taken back. Where several tokens come at once (from a draft), ask after each of them.
///
/// ```
/// use enredo_decoding::{Stop, StopReason, StopSequences};
///
/// let sequences = StopSequences::new([vec![7, 7], vec![8]])?;
/// let stop = Stop::new().at_tokens([0]).at_sequences(sequences).after_new_tokens(4);
/// assert_eq!(stop.reason(&[5, 7], &[7]), None, "a stop sequence does not begin in the prompt");
/// assert_eq!(stop.held_back(&[7]), 1, "but the next token may complete one");
/// assert_eq!(stop.reason(&[5, 7], &[7, 7]), Some(StopReason::Sequence(0)));
/// assert_eq!(stop.reason(&[5, 7], &[1, 2, 3, 4]), Some(StopReason::Length));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    tokens: Vec<u32>,
    sequences: StopSequences,
    max_new_tokens: Option<usize>,
    max_length: Option<usize>,
}

impl Stop {
    /// Never.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// And after each of these end-of-text tokens.
    #[must_use]
    pub fn at_tokens(mut self, tokens: impl IntoIterator<Item = u32>) -> Self {
        self.tokens.extend(tokens);
        self
    }

    /// And after these sequences (in place of any given before).
    #[must_use]
    pub fn at_sequences(self, sequences: StopSequences) -> Self {
        Self { sequences, ..self }
    }

    /// And after so many generated tokens.
    #[must_use]
    pub fn after_new_tokens(self, max: usize) -> Self {
        Self { max_new_tokens: Some(max), ..self }
    }

    /// And where prompt and generated tokens are so many (Hugging Face's `max_length`).
    #[must_use]
    pub fn at_length(self, max: usize) -> Self {
        Self { max_length: Some(max), ..self }
    }

    /// Why the text is over, where it is. A token counts before a sequence, a sequence before the length.
    ///
    /// # Performance
    /// One comparison a token and a sequence, at the end of `generated`.
    #[must_use]
    pub fn reason(&self, prompt: &[u32], generated: &[u32]) -> Option<StopReason> {
        let end = generated.last().filter(|last| self.tokens.contains(last));
        let full = self.max_new_tokens.is_some_and(|max| generated.len() >= max)
            || self.max_length.is_some_and(|max| prompt.len() + generated.len() >= max);
        end.map(|&token| StopReason::EndOfText(token))
            .or_else(|| self.sequences.matched(generated).map(StopReason::Sequence))
            .or_else(|| full.then_some(StopReason::Length))
    }

    /// As [`StopSequences::held_back`].
    #[must_use]
    pub fn held_back(&self, generated: &[u32]) -> usize {
        self.sequences.held_back(generated)
    }

    /// The sequences, in the order of [`StopReason::Sequence`].
    #[must_use]
    pub fn sequences(&self) -> &StopSequences {
        &self.sequences
    }
}

/// Sequences of tokens that end a text.
///
/// They are compared with the generated tokens alone; a tokenizer may spell one stop string in several
/// ways, so give each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopSequences(Vec<Vec<u32>>);

impl StopSequences {
    /// # Errors
    /// [`Error::EmptySequence`](crate::Error::EmptySequence).
    pub fn new<S: Into<Vec<u32>>>(sequences: impl IntoIterator<Item = S>) -> Result<Self> {
        ids::sequences("stop sequences", sequences).map(Self)
    }

    /// The index of the sequence that `generated` ends in: of several, the longest (what a reader should
    /// not see begins with it), and of equal ones the first.
    #[must_use]
    pub fn matched(&self, generated: &[u32]) -> Option<usize> {
        let matching = |(_, s): &(usize, &Vec<u32>)| generated.ends_with(s);
        let longest = self.0.iter().enumerate().rev().filter(matching).max_by_key(|(_, s)| s.len());
        longest.map(|(index, _)| index)
    }

    /// How many tokens at the end of `generated` are the beginning of a sequence: a stream shows them
    /// once it is known that the sequence does not follow.
    ///
    /// # Performance
    /// Up to one comparison for each token of each sequence.
    #[must_use]
    pub fn held_back(&self, generated: &[u32]) -> usize {
        let begun = |s: &Vec<u32>| (1..s.len()).rev().find(|&n| generated.ends_with(&s[..n]));
        self.0.iter().filter_map(begun).max().unwrap_or(0)
    }

    /// The tokens of sequence `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u32]> {
        self.0.get(index).map(Vec::as_slice)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Error, uniform_at};

    #[test]
    fn tokens_count_before_sequences_and_sequences_before_the_length() {
        let stop =
            Stop::new().at_tokens([3]).at_sequences(StopSequences::new([[1, 2], [2, 3]]).unwrap());
        let stop = stop.after_new_tokens(2);
        let reason = |generated: &[u32]| stop.reason(&[1], generated);
        assert_eq!(reason(&[2]), None);
        assert_eq!(reason(&[2, 3]), Some(StopReason::EndOfText(3)));
        assert_eq!(reason(&[1, 2]), Some(StopReason::Sequence(0)));
        assert_eq!(reason(&[2, 2]), Some(StopReason::Length));
        assert_eq!(reason(&[]), None);
        assert_eq!(Stop::new().reason(&[1], &[0; 99]), None);
    }

    #[test]
    fn a_length_may_count_the_prompt() {
        let stop = Stop::new().at_length(4);
        assert_eq!(stop.reason(&[1, 1], &[1]), None);
        assert_eq!(stop.reason(&[1, 1], &[1, 1]), Some(StopReason::Length));
        assert_eq!(Stop::new().after_new_tokens(0).reason(&[1], &[]), Some(StopReason::Length));
    }

    #[test]
    fn the_longest_sequence_matches_and_of_equal_ones_the_first() {
        let sequences = StopSequences::new([vec![2], vec![1, 2], vec![1, 2]]).unwrap();
        assert_eq!(sequences.matched(&[1, 2]), Some(1));
        assert_eq!(sequences.matched(&[3, 2]), Some(0));
        assert_eq!(sequences.get(1), Some(&[1, 2][..]));
    }

    #[test]
    fn what_is_held_back_is_exactly_what_may_still_become_a_stop() {
        for case in 0..500 {
            let draw = |i: u32, n: f64| (uniform_at(10, case, 0, i) * n) as u32;
            let sequence =
                |s: u32| (0..=draw(9 * s, 4.0)).map(|i| draw(9 * s + i + 1, 2.0)).collect();
            let sequences: Vec<Vec<u32>> = (0..draw(99, 4.0)).map(sequence).collect();
            let text: Vec<u32> = (0..draw(98, 9.0)).map(|i| draw(100 + i, 2.0)).collect();
            let may_stop = |n: &usize| {
                let tail = &text[text.len() - n..];
                sequences.iter().any(|s| s.len() > tail.len() && s.starts_with(tail))
            };
            let expected = (1..=text.len()).rev().find(may_stop).unwrap_or(0);
            let sequences = StopSequences::new(sequences.clone()).unwrap();
            assert_eq!(
                sequences.held_back(&text),
                expected,
                "{sequences:?} at the end of {text:?}"
            );
        }
    }

    #[test]
    fn an_empty_sequence_is_refused() {
        let refused = StopSequences::new([vec![1], vec![]]);
        assert!(matches!(refused, Err(Error::EmptySequence { list: "stop sequences", index: 1 })));
    }
}
