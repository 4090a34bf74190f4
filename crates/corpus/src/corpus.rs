//! Clean documents, how they came to be, and how they are divided.

mod fingerprint;
mod report;

use crate::cleaning::Cleaning;
use crate::error::{Error, Result};
use crate::reader::{Counts, Reader};

pub use fingerprint::fingerprint;
pub(crate) use fingerprint::hex;
pub use report::Report;

/// Clean documents in the order in which they were read.
///
/// ```
/// use enredo_corpus::{Cleaning, Corpus, HeldOut};
///
/// let texts = (0..20).map(|number| format!("Film number {number} is about a heist."));
/// let corpus = Corpus::from_texts(texts, &Cleaning::notebook())?;
/// let (train, held_out) = corpus.split(HeldOut::every(10));
/// assert_eq!((train.len(), held_out.len()), (18, 2));
/// assert_eq!(held_out[0], "Film number 9 is about a heist.");
/// # Ok::<(), enredo_corpus::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Corpus {
    /// The documents, none of them empty before cleaning.
    pub documents: Vec<String>,
    /// Where every row that was read went.
    pub report: Report,
}

/// Which documents are kept away from training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldOut {
    every: usize,
}

impl Corpus {
    /// Reads what is left in `reader` and cleans it.
    ///
    /// # Errors
    /// The reader's first, or [`Error::NothingLeft`] if no document survives.
    ///
    /// # Cost
    /// One pass; memory for the clean documents and one batch of rows.
    pub fn read(reader: &mut Reader, cleaning: &Cleaning) -> Result<Self> {
        let before = reader.counts();
        let mut steps = cleaning.counts();
        let mut documents = Vec::new();
        for text in reader.by_ref() {
            documents.extend(cleaning.apply_counted(text?, &mut steps));
        }
        let counts = reader.counts().since(before);
        Self::new(documents, counts, steps)
    }

    /// Cleans texts that are in memory already; empty ones are skipped and counted.
    ///
    /// # Errors
    /// [`Error::NothingLeft`] if no document survives.
    pub fn from_texts(
        texts: impl IntoIterator<Item = String>,
        cleaning: &Cleaning,
    ) -> Result<Self> {
        let mut counts = Counts::default();
        let mut steps = cleaning.counts();
        let mut documents = Vec::new();
        for text in texts {
            if let Some(text) = counts.admit(Some(text)) {
                documents.extend(cleaning.apply_counted(text, &mut steps));
            }
        }
        Self::new(documents, counts, steps)
    }

    fn new(
        documents: Vec<String>,
        counts: Counts,
        steps: Vec<crate::cleaning::StepCount>,
    ) -> Result<Self> {
        let Counts { rows, nulls, empty } = counts;
        let report = Report { read: rows, kept: documents.len(), nulls, empty, steps };
        if documents.is_empty() {
            Err(Error::NothingLeft { report })
        } else {
            Ok(Self { documents, report })
        }
    }

    /// The documents to train on and those held out, both in order.
    pub fn split(self, held_out: HeldOut) -> (Vec<String>, Vec<String>) {
        let mut sides = (Vec::new(), Vec::new());
        for (index, document) in self.documents.into_iter().enumerate() {
            let side = if held_out.holds(index) { &mut sides.1 } else { &mut sides.0 };
            side.push(document);
        }
        sides
    }

    /// The [`fingerprint()`] of the documents.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.documents)
    }
}

impl HeldOut {
    /// Every `n`-th document, that is those with index % n == n − 1; for 0, none.
    pub const fn every(n: usize) -> Self {
        Self { every: n }
    }

    /// None: train on everything.
    pub const fn none() -> Self {
        Self { every: 0 }
    }

    fn holds(self, index: usize) -> bool {
        self.every > 0 && index % self.every == self.every - 1
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn corpus(texts: &[&str], cleaning: &Cleaning) -> Result<Corpus> {
        Corpus::from_texts(texts.iter().map(|text| (*text).to_owned()), cleaning)
    }

    #[test]
    fn every_third_document_is_held_out_after_cleaning() {
        let cleaning = Cleaning::new().with(crate::LongerThan(1));
        let texts = corpus(&["", "aa", "b", "cc", "dd", "ee", "ff", "gg"], &cleaning).unwrap();
        let (train, held_out) = texts.split(HeldOut::every(3));
        assert_eq!(train, ["aa", "cc", "ee", "ff"]);
        assert_eq!(held_out, ["dd", "gg"]);
    }

    #[test]
    fn nothing_and_everything_can_be_held_out() {
        let split = |held_out| {
            let (train, held) = corpus(&["a", "b"], &Cleaning::new()).unwrap().split(held_out);
            (train.len(), held.len())
        };
        assert_eq!(split(HeldOut::none()), (2, 0));
        assert_eq!(split(HeldOut::every(0)), (2, 0));
        assert_eq!(split(HeldOut::every(1)), (0, 2));
    }

    #[test]
    fn the_report_accounts_for_every_row() {
        let report = corpus(&["", "short", "long enough for the notebook"], &Cleaning::notebook());
        let report = report.unwrap().report;
        let dropped: usize = report.steps.iter().map(|step| step.dropped).sum();
        assert_eq!((report.read, report.kept, report.empty, dropped), (3, 1, 1, 1));
    }

    #[test]
    fn a_corpus_of_nothing_is_an_error_that_says_where_it_went() {
        let error = corpus(&["", "short"], &Cleaning::notebook()).unwrap_err().to_string();
        assert!(error.contains("no document is left"), "{error}");
        assert!(error.contains("longer than 20: 1 dropped"), "{error}");
    }
}
