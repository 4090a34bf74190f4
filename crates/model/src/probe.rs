//! Does a model read the future? Change a token and see which logits move.

use crate::{Batch, Error, Mode, Model, Result};

/// What [`causality_probe`] found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CausalityProbe {
    /// The position whose token was changed.
    pub changed_at: usize,
    /// The furthest that a logit at an earlier position moved; exactly 0 for a causal model.
    pub leak: f32,
    /// The furthest that a logit at the changed position or later moved; 0 would mean that the
    /// model does not read its input at all.
    pub effect: f32,
}

impl CausalityProbe {
    /// Whether an earlier position saw the change.
    #[must_use]
    pub fn sees_the_future(&self) -> bool {
        // NaN is no proof of causality.
        self.leak != 0.0
    }
}

/// Replaces the token at `changed_at` in every row of `rows` by another one and compares the logits.
///
/// Rows are padded to the longest of them; `changed_at` lies within it, from 1 on.
///
/// # Errors
/// [`Error::ProbePosition`] where no token stands before or at `changed_at`,
/// [`Error::SequenceLength`], [`Error::TokenOutOfRange`], [`Error::Torch`].
///
/// # Performance
/// Two forward passes over the rows.
pub fn causality_probe<R: AsRef<[u32]>>(
    model: &Model,
    rows: &[R],
    changed_at: usize,
) -> Result<CausalityProbe> {
    let (max, v) = (model.config().max_position_embeddings, model.config().vocab_size as i64);
    let batch = Batch::new(rows, max, model.config())?;
    let (_, width) = batch.shape();
    if changed_at == 0 || changed_at >= width {
        return Err(Error::ProbePosition { changed_at, width });
    }
    batch.check(width, model.config())?;
    tch::no_grad(|| {
        let ids = batch.to_tensor(model.device())?; // (B, T)
        let changed = ids.copy();
        let mut column = changed.f_narrow(1, changed_at as i64, 1)?;
        column.f_copy_(&column.f_add_scalar(7.min(v - 1))?.f_remainder(v)?)?;
        let before = model.forward(&ids, Mode::Evaluate)?; // (B, T, V)
        let moved = model.forward(&changed, Mode::Evaluate)?.f_sub(&before)?.f_abs()?;
        let (at, t) = (changed_at as i64, width as i64);
        let furthest = |from, len| -> Result<f32> {
            Ok(moved.f_narrow(1, from, len)?.f_max()?.f_double_value(&[])? as f32)
        };
        Ok(CausalityProbe { changed_at, leak: furthest(0, at)?, effect: furthest(at, t - at)? })
    })
}
