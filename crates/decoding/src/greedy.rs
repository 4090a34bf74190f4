//! Greedy decoding: the most probable token.

use crate::{Result, check_row};

/// The id of the highest score; of equal scores, the lowest id (as `torch.argmax` on CPU).
///
/// # Errors
/// Where [`check_row`] refuses the row.
///
/// ```
/// assert_eq!(enredo_decoding::greedy(&[0.5, 2.0, 2.0])?, 1);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Performance
/// O(V), no allocation.
pub fn greedy(logits: &[f32]) -> Result<u32> {
    check_row(logits)?;
    Ok(argmax(logits))
}

/// As [`greedy`], for a row that is known to be valid.
pub(crate) fn argmax(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (i, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (i, logit);
        }
    }
    best.0 as u32
}
