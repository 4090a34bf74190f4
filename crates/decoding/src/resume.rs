//! Where to go on with a model that may have seen part of a sequence.

use crate::{Error, Result};

/// How many of `context`'s tokens a model at `position` keeps; the others are to be fed.
///
/// The last one is always fed, for what it scores is what is wanted: a model that has seen the whole
/// sequence gets its last token again.
pub(crate) fn resume(context: &[u32], position: usize, vocab_size: usize) -> Result<usize> {
    let tokens = context.len();
    let last = tokens.checked_sub(1).ok_or(Error::EmptyPrompt)?;
    if let Some(&token) = context.iter().find(|&&token| token as usize >= vocab_size) {
        return Err(Error::TokenOutOfRange { token, vocab_size });
    }
    if position > tokens {
        Err(Error::ModelAhead { position, tokens })
    } else {
        Ok(position.min(last))
    }
}
