//! The memory that looking at rows takes, kept from row to row.

use super::mass::Sums;
use crate::interval::{Interval, Pieces};
use crate::kernel::{BLOCK, Isa, LaneMaxima, Maxima};

/// Buffers for [`Candidates`](super::Candidates). They grow to what the widest row needs.
#[derive(Clone, Debug)]
pub struct Scratch {
    pub(super) isa: Isa,
    pub(super) maxima: Maxima,
    pub(super) sums: Vec<f32>,
    /// Of the last candidates whose blocks were summed at the present temperature.
    pub(super) summed: Option<Sums>,
    pub(super) summed_over: Interval,
    pub(super) summed_pieces: Pieces,
    /// Masses that a test of one candidate needs beside `sums`.
    pub(super) tested: Vec<f32>,
    pub(super) folded: Vec<LaneMaxima>,
    /// Ids, ascending, that hold all candidates; valid if `listed`.
    pub(super) ids: Vec<u32>,
    pub(super) listed: bool,
    /// Whether each of `ids` is a candidate.
    pub(super) pure: bool,
    /// The candidates among `ids`, best first: score and place in `ids`; valid if `ranked`.
    pub(super) order: Vec<u64>,
    pub(super) ranked: bool,
    /// The mass of each of `ids`; valid if `weighed`.
    pub(super) masses: Vec<f64>,
    /// The same, 0 for what is no candidate; made for a draw.
    pub(super) kept: Vec<f64>,
    pub(super) weighed: bool,
    pub(super) pairs: Vec<(u64, f64)>,
    /// Masses of the ranked candidates in f32.
    pub(super) notebook: Vec<f32>,
    /// The greatest Gumbel noise of each block.
    pub(super) noise: Vec<f64>,
    /// Ids that are needed for a moment, beside the list.
    pub(super) spare: Vec<u32>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new(Isa::detect())
    }
}

impl Scratch {
    /// Buffers for passes that run on `isa`.
    #[must_use]
    pub fn new(isa: Isa) -> Self {
        Self {
            isa,
            maxima: Maxima::default(),
            sums: Vec::new(),
            summed: None,
            summed_over: Interval::all(),
            summed_pieces: Pieces::default(),
            tested: Vec::new(),
            folded: Vec::new(),
            ids: Vec::new(),
            listed: false,
            pure: false,
            order: Vec::new(),
            ranked: false,
            masses: Vec::new(),
            kept: Vec::new(),
            weighed: false,
            pairs: Vec::new(),
            notebook: Vec::new(),
            noise: Vec::new(),
            spare: Vec::new(),
        }
    }

    pub(super) fn reset(&mut self, len: usize) {
        let blocks = len.div_ceil(BLOCK);
        self.sums.resize(blocks, 0.0);
        self.tested.resize(blocks, 0.0);
        self.listed = false;
        self.ranked = false;
        self.weighed = false;
        self.summed = None;
    }

    pub(super) fn forget_ranks(&mut self) {
        self.ranked = false;
        self.pure = false;
    }

    pub(super) fn forget_masses(&mut self) {
        self.weighed = false;
        self.summed = None;
    }
}
