//! The notebook's own arithmetic, kept for comparison: f32 twins of temperature and top-p.
//!
//! They repeat what its `sampling()` computes with PyTorch on a CPU, faults included; top-k needs no
//! twin, but for ties ([`Ties::Kept`](crate::Ties::Kept)). Only the last bit is open: exponentials differ
//! in it between libraries. The preset [`Preset::Notebook`](crate::Preset::Notebook) builds its chain of
//! them.

use crate::{Candidates, Context, Error, Filter, Result, Temperature, TopP};

/// l ← l / max(T, 10⁻⁵), in f32.
///
/// # Performance
/// As [`Temperature`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotebookTemperature(f32);

impl NotebookTemperature {
    /// # Errors
    /// [`Error::Temperature`] where `temperature` is negative, NaN or infinite.
    pub fn new(temperature: f32) -> Result<Self> {
        Temperature::new(temperature).map(|_| Self(temperature.max(1e-5)))
    }
}

impl Filter for NotebookTemperature {
    /// # Errors
    /// [`Error::InfiniteLogit`] where the division overflows.
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let (token, best) = candidates.best();
        if best / self.0 == f32::INFINITY {
            return Err(Error::InfiniteLogit { token });
        }
        candidates.divide_in_f32(self.0);
        Ok(())
    }

    fn label(&self) -> &str {
        "notebook_temperature"
    }
}

/// Cuts every token before which the running probability exceeds p, in f32.
///
/// The running sum is f64 inside and rounded to f32 at each token, as `torch.cumsum` does. It can
/// exceed 1, so that p = 1 still cuts tokens: in about a third of rows at V = 2,000, in nearly all
/// at V = 32,000. Ties: lower ids first; PyTorch's sort leaves open which of equal scores it keeps.
///
/// # Performance
/// After top-k: O(k log k). Over a whole row: O(V log V).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotebookTopP(f32);

impl NotebookTopP {
    /// # Errors
    /// [`Error::TopP`] where `p` is not in (0, 1].
    pub fn new(p: f32) -> Result<Self> {
        TopP::new(p).map(|_| Self(p))
    }
}

impl Filter for NotebookTopP {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        candidates.keep_notebook_nucleus(self.0);
        Ok(())
    }

    fn label(&self) -> &str {
        "notebook_top_p"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Processor;

    /// Scores drawn from a bell curve, by Box–Muller on the crate's own uniforms.
    fn gaussian_row(len: u64, row: u64) -> Vec<f32> {
        let u = |i| crate::uniform(9, row, i);
        let score = |i| {
            3.0 * (-2.0 * (1.0 - u(2 * i)).ln()).sqrt()
                * (u(2 * i + 1) * std::f64::consts::TAU).cos()
        };
        (0..len).map(|i| score(i) as f32).collect()
    }

    #[test]
    fn top_p_of_one_is_not_off() {
        let cut = (0..50).filter(|&n| {
            let mut row = gaussian_row(2_000, n);
            NotebookTopP::new(1.0).unwrap().process(&Context::new(&[]), &mut row).unwrap();
            row.contains(&f32::NEG_INFINITY)
        });
        assert!(cut.count() > 0, "the notebook's sixth fault is gone");
    }

    #[test]
    fn a_temperature_of_zero_is_clamped() {
        let mut row = [0.0, 1.0];
        NotebookTemperature::new(0.0).unwrap().process(&Context::new(&[]), &mut row).unwrap();
        assert_eq!(row, [0.0, 1.0 / 1e-5]);
    }

    #[test]
    fn the_crossing_token_stays() {
        let mut row = [0.1f32.ln(), 0.5f32.ln(), 0.3f32.ln(), 0.1f32.ln()];
        NotebookTopP::new(0.6).unwrap().process(&Context::new(&[]), &mut row).unwrap();
        assert_eq!(row.map(f32::is_finite), [false, true, true, false]);
    }
}
