//! Lists of tokens: refused where they name none, checked against the row, cut from it or forced.

use crate::{Error, Result};

/// Beyond any vocabulary: a bit set that reaches so far takes 32 MB.
const LARGEST_VOCABULARY: usize = 1 << 28;

/// Refuses tokens for which a bit set would grow without bounds.
pub(super) fn possible(tokens: &[u32]) -> Result<()> {
    match tokens.iter().find(|&&token| token as usize >= LARGEST_VOCABULARY) {
        None => Ok(()),
        Some(&token) => Err(Error::TokenOutOfRange { token, vocab_size: LARGEST_VOCABULARY }),
    }
}

/// The tokens, each once; there is at least one.
pub(super) fn some(list: &'static str, tokens: impl Into<Vec<u32>>) -> Result<Vec<u32>> {
    let mut tokens = tokens.into();
    tokens.sort_unstable();
    tokens.dedup();
    if tokens.is_empty() { Err(Error::NoTokens { list }) } else { Ok(tokens) }
}

/// The sequences as given, of which each has at least one token.
pub(crate) fn sequences<S: Into<Vec<u32>>>(
    list: &'static str,
    sequences: impl IntoIterator<Item = S>,
) -> Result<Vec<Vec<u32>>> {
    let checked = |(index, sequence): (usize, S)| {
        let sequence = sequence.into();
        if sequence.is_empty() { Err(Error::EmptySequence { list, index }) } else { Ok(sequence) }
    };
    sequences.into_iter().enumerate().map(checked).collect()
}

/// Refuses a token without a score.
pub(super) fn check(tokens: &[u32], logits: &[f32]) -> Result<()> {
    let vocab_size = logits.len();
    match tokens.iter().find(|&&token| token as usize >= vocab_size) {
        None => Ok(()),
        Some(&token) => Err(Error::TokenOutOfRange { token, vocab_size }),
    }
}

/// Cuts `tokens`.
pub(super) fn cut(tokens: &[u32], logits: &mut [f32]) -> Result<()> {
    check(tokens, logits)?;
    tokens.iter().for_each(|&token| logits[token as usize] = f32::NEG_INFINITY);
    Ok(())
}

/// Cuts everything else and scores `tokens` 0, whatever they had: they come next.
pub(super) fn force(tokens: &[u32], logits: &mut [f32]) -> Result<()> {
    check(tokens, logits)?;
    logits.fill(f32::NEG_INFINITY);
    tokens.iter().for_each(|&token| logits[token as usize] = 0.0);
    Ok(())
}
