//! The notebook's nucleus: f32 sums in the order in which PyTorch adds up.

use super::Candidates;
use crate::interval::Ties;

/// Lanes in which PyTorch's vectorised softmax adds up.
const LANES: usize = 16;

impl Candidates<'_> {
    /// Keeps the best tokens for as long as the running probability before them is at most `p`, with the
    /// notebook's arithmetic; see [`NotebookTopP`](crate::NotebookTopP). The temperature must be 1.
    pub(crate) fn keep_notebook_nucleus(&mut self, p: f32) {
        self.resolve();
        if !self.scratch.listed {
            self.list(self.interval.lowest.score);
        }
        self.rank();
        let mut masses = std::mem::take(&mut self.scratch.notebook);
        let max = self.scratch.order.first().map_or(0.0, |&best| self.behind(best).1);
        masses.clear();
        masses.extend(self.scratch.order.iter().map(|&key| (self.behind(key).1 - max).exp()));
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
