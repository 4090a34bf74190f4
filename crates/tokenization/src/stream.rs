//! Text as it grows, token by token.

use tokenizers::{
    DecodeStream, DecoderWrapper, ModelWrapper, NormalizerWrapper, PostProcessorWrapper,
    PreTokenizerWrapper,
};

use crate::{Error, Result, SpecialTokens, TextMode, Tokenizer};

/// Yields the piece of text that each further token adds; the pieces joined are
/// [`Tokenizer::decode`] of all ids. Made by [`Tokenizer::stream`].
pub struct TextStream<'t> {
    inner: DecodeStream<
        't,
        ModelWrapper,
        NormalizerWrapper,
        PreTokenizerWrapper,
        PostProcessorWrapper,
        DecoderWrapper,
    >,
    special: SpecialTokens,
}

impl std::fmt::Debug for TextStream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextStream").finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Decodes a text that is still being generated.
    #[must_use]
    pub fn stream(&self) -> TextStream<'_> {
        let hide_special = self.mode() != TextMode::Literal;
        TextStream { inner: self.inner().decode_stream(hide_special), special: self.special() }
    }
}

impl TextStream<'_> {
    /// The text that `id` adds: empty for `[PAD]`, `[BOS]`, `[EOS]` and for a token that needs
    /// the next one to become text.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn push(&mut self, id: u32) -> Result<String> {
        if self.special.is_frame(id) {
            return Ok(String::new());
        }
        let piece = self.inner.step(id).map_err(Error::while_doing("decode"))?;
        Ok(piece.unwrap_or_default())
    }
}
