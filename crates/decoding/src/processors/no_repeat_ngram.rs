//! No n-gram twice.

use crate::{Context, Error, Processor, Result, Window};

/// Cuts every token that would complete an n-gram which the window already holds.
///
/// n = 1 cuts every token that has occurred. The window is the whole context, as Hugging Face has it,
/// unless [`over`](Self::over) says otherwise; tokens beyond the vocabulary are skipped.
///
/// Source: Paulus, Xiong, Socher, "A deep reinforced model for abstractive summarization",
/// arXiv:1705.04304, §2.5, as Hugging Face's `no_repeat_ngram_size`.
///
/// # Performance
/// One comparison of up to n − 1 tokens for each token in the window; no scratch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRepeatNgram {
    size: usize,
    window: Window,
}

impl NoRepeatNgram {
    /// # Errors
    /// [`Error::NgramSize`] where `size` is 0.
    pub fn new(size: usize) -> Result<Self> {
        if size == 0 { Err(Error::NgramSize) } else { Ok(Self { size, window: Window::All }) }
    }

    /// The same rule for the n-grams of `window`.
    #[must_use]
    pub fn over(self, window: Window) -> Self {
        Self { window, ..self }
    }
}

impl Processor for NoRepeatNgram {
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let tokens = self.window.of(context);
        if tokens.len() < self.size {
            return Ok(());
        }
        let begun = &tokens[tokens.len() + 1 - self.size..];
        for ngram in tokens.windows(self.size).filter(|ngram| ngram.starts_with(begun)) {
            if let Some(logit) = logits.get_mut(ngram[self.size - 1] as usize) {
                *logit = f32::NEG_INFINITY;
            }
        }
        Ok(())
    }

    fn name(&self) -> &str {
        "no_repeat_ngram"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::uniform_at;

    fn cut(processor: NoRepeatNgram, tokens: &[u32]) -> Vec<u32> {
        let mut row = [1.0f32; 5];
        processor.process(&Context::new(tokens), &mut row).unwrap();
        (0..5).filter(|&t| row[t as usize] == f32::NEG_INFINITY).collect()
    }

    #[test]
    fn the_token_that_would_repeat_is_cut() {
        let cut_by = |size, tokens: &[u32]| cut(NoRepeatNgram::new(size).unwrap(), tokens);
        assert_eq!(cut_by(2, &[1, 2, 3, 1]), [2]);
        assert_eq!(cut_by(3, &[1, 2, 3, 1]), [] as [u32; 0]);
        assert_eq!(cut_by(3, &[1, 2, 3, 1, 2, 4, 1, 2]), [3, 4]);
        assert_eq!(cut_by(1, &[4, 2, 9]), [2, 4]);
        assert_eq!(cut_by(2, &[3, 3]), [3], "an n-gram may overlap its repeat");
        assert_eq!(cut_by(9, &[]), [] as [u32; 0]);
    }

    #[test]
    fn the_window_may_leave_the_prompt_out() {
        let context = Context::new(&[1, 2, 1]).with_prompt_len(2);
        let mut row = [1.0f32; 5];
        let rule = NoRepeatNgram::new(2).unwrap().over(Window::Generated);
        rule.process(&context, &mut row).unwrap();
        assert_eq!(row, [1.0; 5]);
    }

    #[test]
    fn exactly_the_tokens_that_would_repeat_are_cut() {
        for case in 0..1_000 {
            let draw = |i: u32, n: f64| (uniform_at(6, case, 0, i) * n) as usize;
            let size = 1 + draw(0, 4.0);
            let tokens: Vec<u32> =
                (0..draw(1, 30.0) as u32).map(|i| draw(2 + i, 5.0) as u32).collect();
            let seen: BTreeSet<&[u32]> = tokens.windows(size).collect();
            let repeats = |token: &u32| {
                let grown = [&tokens[..], &[*token]].concat();
                grown.len() >= size && seen.contains(&grown[grown.len() - size..])
            };
            let expected: Vec<u32> = (0..5).filter(repeats).collect();
            assert_eq!(
                cut(NoRepeatNgram::new(size).unwrap(), &tokens),
                expected,
                "{size} {tokens:?}"
            );
        }
    }

    #[test]
    fn a_size_of_0_is_refused() {
        assert!(NoRepeatNgram::new(0).unwrap_err().to_string().contains("n-gram size is 0"));
    }
}
