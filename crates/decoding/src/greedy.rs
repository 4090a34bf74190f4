//! Greedy decoding: the most probable token.

use crate::{Candidates, Result, Scratch};

/// The id of the highest score; of equal scores, the lowest id (as `torch.argmax` on CPU).
///
/// # Errors
/// Where [`check_row`](crate::check_row) refuses the row.
///
/// ```
/// assert_eq!(enredo_decoding::greedy(&[0.5, 2.0, 2.0])?, 1);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Performance
/// One pass, and an allocation of V/16 f32; a [`Sampler`](crate::Sampler) allocates nothing.
pub fn greedy(logits: &[f32]) -> Result<u32> {
    Ok(Candidates::new(logits, &mut Scratch::default())?.best().0)
}
