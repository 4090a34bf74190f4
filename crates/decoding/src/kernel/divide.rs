//! Dividing a row in place.

use super::{Kernel, Simd};

/// x ← x / `by`, each rounded to f32; whether any is +∞ then. One pass.
pub(crate) struct Divide<'a> {
    pub(crate) row: &'a mut [f32],
    pub(crate) by: f32,
}

impl Kernel for Divide<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self, _: S) -> bool {
        let mut overflows = false;
        for x in self.row {
            *x /= self.by;
            overflows |= *x == f32::INFINITY;
        }
        overflows
    }
}
