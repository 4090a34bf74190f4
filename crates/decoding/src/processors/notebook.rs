//! The notebook's own arithmetic, kept for comparison: f32 twins of temperature and top-p.
//!
//! They repeat what its `sampling()` computes with PyTorch on a CPU, faults included; top-k needs no
//! twin. Only the last bit is open: exponentials differ in it between libraries. The preset
//! [`Preset::Notebook`](crate::Preset::Notebook) builds its chain of them.

use crate::{Context, Error, Processor, Result, Temperature, TopP, best_first};

/// l ← l / max(T, 10⁻⁵), in f32.
///
/// # Performance
/// O(V), no allocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotebookTemperature(f32);

impl NotebookTemperature {
    /// # Errors
    /// [`Error::Temperature`] where `temperature` is negative, NaN or infinite.
    pub fn new(temperature: f32) -> Result<Self> {
        Temperature::new(temperature).map(|_| Self(temperature.max(1e-5)))
    }
}

impl Processor for NotebookTemperature {
    /// # Errors
    /// [`Error::InfiniteLogit`] where the division overflows.
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        logits.iter_mut().for_each(|l| *l /= self.0);
        match logits.iter().position(|&l| l == f32::INFINITY) {
            Some(token) => Err(Error::InfiniteLogit { token: token as u32 }),
            None => Ok(()),
        }
    }
}

/// Cuts every token before which the running probability exceeds p, in f32.
///
/// The running sum is f64 inside and rounded to f32 at each token, as `torch.cumsum` does. It can
/// exceed 1, so that p = 1 still cuts tokens: in about a third of rows at V = 2,000, in nearly all
/// at V = 32,000. Ties: lower ids first; PyTorch's sort leaves open which of equal scores it keeps.
///
/// # Performance
/// O(V log V), two allocations of V.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotebookTopP(f32);

impl NotebookTopP {
    /// # Errors
    /// [`Error::TopP`] where `p` is not in (0, 1].
    pub fn new(p: f32) -> Result<Self> {
        TopP::new(p).map(|_| Self(p))
    }
}

impl Processor for NotebookTopP {
    fn process(&self, _context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let order = best_first(logits);
        let kept = kept_len(&softmax_f32(logits, &order), self.0).min(order.len());
        order[kept..].iter().for_each(|&i| logits[i as usize] = f32::NEG_INFINITY);
        Ok(())
    }
}

/// Probabilities in the order given, in f32 throughout.
fn softmax_f32(logits: &[f32], order: &[u32]) -> Vec<f32> {
    let max = order.first().map_or(0.0, |&best| logits[best as usize]);
    let masses: Vec<f32> = order.iter().map(|&i| (logits[i as usize] - max).exp()).collect();
    let total = lane_sum(&masses);
    masses.into_iter().map(|mass| mass / total).collect()
}

/// The sum in sixteen running lanes, folded in halves, as PyTorch's vectorised softmax adds up: its
/// rounding error, and so what p = 1 cuts, is that of lanes and not of one long sum.
fn lane_sum(masses: &[f32]) -> f32 {
    let mut lanes = [0f32; 16];
    for chunk in masses.chunks(lanes.len()) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, mass)| *lane += mass);
    }
    let mut width = lanes.len();
    while width > 1 {
        width /= 2;
        (0..width).for_each(|i| lanes[i] += lanes[i + width]);
    }
    lanes[0]
}

/// The first token always stays; a later one while the rounded sum before it is at most p.
fn kept_len(probabilities: &[f32], p: f32) -> usize {
    let mut running = 0.0f64;
    let crossed = probabilities.iter().position(|&probability| {
        running += f64::from(probability);
        running as f32 > p
    });
    crossed.map_or(probabilities.len(), |i| i + 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
