//! Where every row went.

use std::fmt;

use serde::Serialize;

use crate::cleaning::StepCount;

/// Where the rows that were read went: `read = nulls + empty + dropped by steps + kept`.
///
/// Displays as a few lines without a line end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows read.
    pub read: usize,
    /// Documents kept.
    pub kept: usize,
    /// Rows whose text was null.
    pub nulls: usize,
    /// Rows whose text was empty.
    pub empty: usize,
    /// What each step of the cleaning dropped and changed, in order.
    pub steps: Vec<StepCount>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} read, {} kept", self.read, self.kept)?;
        write!(f, "\n  null: {} dropped\n  empty: {} dropped", self.nulls, self.empty)?;
        for StepCount { name, dropped, changed } in &self.steps {
            write!(f, "\n  {name}: {dropped} dropped, {changed} changed")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_a_few_lines() {
        let step = StepCount { name: "trim".to_owned(), dropped: 1, changed: 2 };
        let report = Report { read: 9, kept: 5, nulls: 1, empty: 2, steps: vec![step] };
        let lines =
            "9 read, 5 kept\n  null: 1 dropped\n  empty: 2 dropped\n  trim: 1 dropped, 2 changed";
        assert_eq!(report.to_string(), lines);
    }
}
