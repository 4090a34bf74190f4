//! Files, the Hugging Face hub, or memory → clean documents. This crate knows no token.
//!
//! A [`Reader`] gives the texts of one column of Parquet, CSV, JSON Lines or plain text files, one at a time. A
//! [`Cleaning`] is a chain of small [`Step`]s, each of which may change a text or drop its document. A [`Corpus`] holds
//! what is left, with a [`Report`] that accounts for every row; it is [split](Corpus::split) into documents to train on and
//! documents [held out](HeldOut), and its [fingerprint] says whether two corpora are the same.
//!
//! A [`Hub`] finds a [`Dataset`] by name and downloads it into the cache that Python's libraries share; its files go to
//! [`Reader::open_files`]. Every fault is an [`Error`] that names the file, the line or the column, and what would help.
//!
//! ```
//! use enredo_corpus::{Cleaning, Corpus, HeldOut, Reader};
//!
//! # let folder = tempfile::tempdir()?;
//! let films = folder.path().join("films.csv");
//! std::fs::write(
//!     &films,
//!     "title,plot\n\
//!      Rope,Two men give a dinner party above a secret. - See full summary\n\
//!      Lost,\n\
//!      Jaws,A shark.\n",
//! )?;
//!
//! let mut reader = Reader::open(&films, "plot")?;
//! let corpus = Corpus::read(&mut reader, &Cleaning::notebook())?;
//! assert_eq!(corpus.documents, ["Two men give a dinner party above a secret."]);
//! assert_eq!((corpus.report.read, corpus.report.empty, corpus.report.kept), (3, 1, 1));
//!
//! let (train, held_out) = corpus.split(HeldOut::every(10));
//! assert_eq!((train.len(), held_out.len()), (1, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cleaning;
mod corpus;
mod error;
mod format;
mod hub;
mod paths;
mod reader;
mod synthetic;

pub use cleaning::{Cleaning, CutAt, KeepAscii, LongerThan, Step, StepCount};
pub use corpus::{Corpus, HeldOut, Report, fingerprint};
pub use error::{Error, Result};
pub use hub::{Dataset, Download, Hub};
pub use reader::{Counts, Reader};
pub use synthetic::{EntropyFloor, Grammar};
