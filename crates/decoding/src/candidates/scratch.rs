//! The memory that looking at rows takes, kept from row to row.

use crate::kernel::{BLOCK, Isa, LaneMaxima};

/// Buffers for [`Candidates`](super::Candidates). Once rows of a size have been seen, no more is allocated.
#[derive(Debug)]
pub struct Scratch {
    pub(super) isa: Isa,
    /// Of each block of the row.
    pub(super) maxima: Vec<LaneMaxima>,
    pub(super) sums: Vec<f32>,
    /// Masses that a test of one candidate needs beside `sums`.
    pub(super) tested: Vec<f32>,
    pub(super) groups: Vec<LaneMaxima>,
    /// Ids, ascending, that hold all candidates; valid if `listed`.
    pub(super) ids: Vec<u32>,
    pub(super) listed: bool,
    /// The candidates among `ids`, best first: score and place in `ids`; valid if `ranked`.
    pub(super) order: Vec<u64>,
    pub(super) ranked: bool,
    /// The mass of each of `ids`; valid if `weighed`.
    pub(super) masses: Vec<f64>,
    pub(super) weighed: bool,
    pub(super) pairs: Vec<(u64, f64)>,
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
            maxima: Vec::new(),
            sums: Vec::new(),
            tested: Vec::new(),
            groups: Vec::new(),
            ids: Vec::new(),
            listed: false,
            order: Vec::new(),
            ranked: false,
            masses: Vec::new(),
            weighed: false,
            pairs: Vec::new(),
            spare: Vec::new(),
        }
    }

    pub(super) fn reset(&mut self, len: usize) {
        let blocks = len.div_ceil(BLOCK);
        self.maxima.resize(blocks, [f32::NEG_INFINITY; 16]);
        self.sums.resize(blocks, 0.0);
        self.tested.resize(blocks, 0.0);
        self.listed = false;
        self.ranked = false;
        self.weighed = false;
    }

    pub(super) fn forget_ranks(&mut self) {
        self.ranked = false;
    }

    pub(super) fn forget_masses(&mut self) {
        self.weighed = false;
    }
}
