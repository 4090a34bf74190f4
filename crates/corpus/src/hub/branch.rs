//! The branches that data is looked for in.

/// A branch of a data set's repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Branch {
    /// The hub's own conversion to Parquet.
    Convert,
    /// What the owner uploaded.
    Main,
}

impl Branch {
    /// All of them, the preferred one first.
    pub(super) const ALL: [Self; 2] = [Self::Convert, Self::Main];

    /// Its name as a revision.
    pub(super) fn revision(self) -> &'static str {
        match self {
            Self::Convert => "refs/convert/parquet",
            Self::Main => "main",
        }
    }
}
