//! How far back a processor looks.

use crate::Context;

/// The tokens of a context that a penalty counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// Prompt and generated tokens (Hugging Face).
    #[default]
    All,
    /// The generated tokens alone (OpenAI, vLLM).
    Generated,
    /// The last tokens, up to so many, whether prompt or generated (llama.cpp's `penalty_last_n`);
    /// `Last(0)` sees none.
    Last(usize),
}

impl Window {
    /// The tokens of `context` that lie in the window.
    ///
    /// ```
    /// use enredo_decoding::{Context, Window};
    ///
    /// let context = Context::new(&[4, 5, 6, 7]).with_prompt_len(3);
    /// assert_eq!(Window::All.of(&context), [4, 5, 6, 7]);
    /// assert_eq!(Window::Generated.of(&context), [7]);
    /// assert_eq!(Window::Last(2).of(&context), [6, 7]);
    /// ```
    #[must_use]
    pub fn of<'a>(self, context: &Context<'a>) -> &'a [u32] {
        let tokens = context.tokens();
        match self {
            Self::All => tokens,
            Self::Generated => context.generated(),
            Self::Last(n) => &tokens[tokens.len().saturating_sub(n)..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_never_reaches_beyond_the_context() {
        let context = Context::new(&[4, 5]);
        assert_eq!(Window::Last(9).of(&context), [4, 5]);
        assert_eq!(Window::Last(0).of(&context), [] as [u32; 0]);
        assert_eq!(Window::Last(usize::MAX).of(&Context::new(&[])), [] as [u32; 0]);
    }
}
