//! The rows that a run has already, written as if it ran again.

use std::iter::Peekable;

use crate::{Eval, EventWriter, Metric, Result, Row, Rows, RunFolder, Sample};

impl EventWriter {
    /// Writes all rows of `folder`, in the order in which they came about.
    pub(super) fn replay(&mut self, folder: &RunFolder) -> Result<()> {
        let mut evals = folder.rows::<Eval>()?.peekable();
        let mut samples = folder.rows::<Sample>()?.peekable();
        for metric in folder.rows::<Metric>()? {
            let metric = metric?;
            self.metric(&metric)?;
            while let Some(eval) = next_by(metric.step, &mut evals, |row| row.step) {
                self.eval(&eval?)?;
            }
            while let Some(sample) = next_by(metric.step, &mut samples, |row| row.step) {
                self.sample(&sample?)?;
            }
        }
        evals.try_for_each(|eval| self.eval(&eval?))?;
        samples.try_for_each(|sample| self.sample(&sample?))
    }
}

/// The next row, if its step is not after `step`; a fault comes at once.
fn next_by<R: Row>(
    step: u64,
    rows: &mut Peekable<Rows<R>>,
    step_of: fn(&R) -> u64,
) -> Option<Result<R>> {
    rows.next_if(|row| row.as_ref().map_or(true, |row| step_of(row) <= step))
}
