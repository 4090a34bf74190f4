//! The notebook's nucleus: f32 sums in the order in which PyTorch adds up.

use super::{Candidates, list::score, nucleus::first};
use crate::{interval::Ties, kernel::ExpInF32};

/// Lanes in which PyTorch's vectorised softmax adds up.
const LANES: usize = 16;

impl Candidates<'_> {
    /// Divides every score by `temperature` (above 0) in f32. Scores that this makes equal count as ties.
    pub(crate) fn divide_in_f32(&mut self, temperature: f32) {
        self.divide(f64::from(temperature));
        self.f32_temperature = Some(self.f32_temperature.unwrap_or(1.0) * temperature);
    }

    /// A score as the notebook sees it: divided, and rounded.
    fn divided(&self, score: f32) -> f32 {
        self.f32_temperature.map_or(score, |temperature| score / temperature)
    }

    /// The least score that looks like `score` once divided in f32.
    pub(super) fn tied(&self, score: f32) -> f32 {
        if self.f32_temperature.is_none() || score == f32::MIN {
            return score;
        }
        let divided = self.divided(score);
        let mut least = score;
        // Three are the most, unless the quotient is subnormal.
        for _ in 0..4 {
            let next = least.next_down();
            if self.divided(next) < divided {
                return least;
            }
            least = next;
        }
        first(|x| self.divided(x) >= divided)
    }

    /// Keeps the best tokens for as long as the running probability before them is at most `p`, with the
    /// notebook's arithmetic; see [`NotebookTopP`](crate::NotebookTopP).
    pub(crate) fn keep_notebook_nucleus(&mut self, p: f32) {
        self.resolve();
        if !self.scratch.listed {
            self.list(self.interval.lowest.score);
        }
        self.rank();
        let mut masses = std::mem::take(&mut self.scratch.notebook);
        let divided = |&key: &u64| self.divided(score(key));
        let max = self.scratch.order.first().map_or(0.0, divided);
        masses.clear();
        masses.extend(self.scratch.order.iter().map(|key| divided(key) - max));
        self.scratch.isa.run(ExpInF32(&mut masses));
        let kept = kept_len(&masses, lane_sum(&masses), p);
        self.scratch.notebook = masses;
        if kept < self.scratch.order.len() {
            self.keep_ranked(kept, Ties::LowestIds);
        }
    }
}

/// The sum in sixteen running lanes, folded in halves: its rounding error, and so what p = 1 cuts, is that
/// of lanes and not of one long sum.
fn lane_sum(masses: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    for chunk in masses.chunks(LANES) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, mass)| *lane += mass);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        (0..width).for_each(|i| lanes[i] += lanes[i + width]);
    }
    lanes[0]
}

/// The first token always stays; a later one while the sum before it, kept in f64 and rounded at each
/// token as `torch.cumsum` does, is at most p.
fn kept_len(masses: &[f32], total: f32, p: f32) -> usize {
    let mut running = 0.0f64;
    let crossed = masses.iter().position(|&mass| {
        running += f64::from(mass / total);
        running as f32 > p
    });
    crossed.map_or(masses.len(), |i| i + 1)
}
