//! A training run's folder: its format, read and written.
//!
//! [`RunFolder`] is the folder, and this crate is the one owner of what lies in it: training writes
//! through it, everything else reads through it. It knows no tensor: weights are bytes here.
//!
//! | file | what it holds |
//! |---|---|
//! | `run.json` | [`RunInfo`]: format version, command line, settings, machine, data |
//! | `config.json`, `generation_config.json` | the model and the default strategy, in Hugging Face's names |
//! | `tokenizer.json`, `model.safetensors` | the tokenizer and the weights |
//! | `metrics.jsonl` | a [`Metric`] a step |
//! | `evals.jsonl` | an [`Eval`] an evaluation |
//! | `samples.jsonl` | a [`Sample`] a generated text |
//! | `loss.svg`, `loss.png` | the loss curve (feature `plot`) |
//! | `tensorboard/` | the rows as TensorBoard reads them (feature `tensorboard`) |
//! | `report.html` | the run as one web page that needs no network: [`RunFolder::write_report`] |
//! | `checkpoints/step-00000500/` | the state at a step: [`Checkpoint`] |
//!
//! Whole files are replaced atomically, so a reader sees the old one or the new one. Rows go out one
//! by one through a [`RowWriter`], so a killed process loses none that it had appended; [`Rows`]
//! streams them back and passes over a last line that was cut short. Names are in [`layout`].
//!
//! ```
//! use enredo_run::{Metric, Result, RunFolder, RunInfo};
//!
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("runs/first");
//! let run = RunFolder::create(&path, false)?;
//! run.write_info(&RunInfo { preset: "causal".into(), seed: 42, ..RunInfo::default() })?;
//! let mut metrics = run.writer::<Metric>()?;
//! metrics.append(&Metric { step: 1, loss: 7.6, ..Metric::default() })?;
//!
//! let run = RunFolder::open(&path)?;
//! assert_eq!(run.info()?.seed, 42);
//! let rows: Vec<Metric> = run.rows()?.collect::<Result<_>>()?;
//! assert_eq!(rows[0].loss, 7.6);
//! # Ok::<(), enredo_run::Error>(())
//! ```

mod atomic;
mod axis;
mod checkpoint;
mod disk;
mod error;
mod folder;
mod info;
mod jsonl;
pub mod layout;
mod lock;
mod markup;
#[cfg(feature = "plot")]
mod plot;
mod report;
mod rows;
mod saver;
mod saving;
mod tail;
#[cfg(feature = "tensorboard")]
mod tensorboard;

pub use checkpoint::Checkpoint;
pub use error::{Error, Result};
pub use folder::RunFolder;
pub use info::{DataInfo, FORMAT_VERSION, RunInfo};
pub use jsonl::{RowWriter, Rows};
pub use lock::Lock;
#[cfg(feature = "plot")]
pub use plot::{Floor, LossCurve};
pub use rows::{Eval, Metric, Row, Sample, Strategy};
pub use saver::Saver;
pub use saving::Snapshot;
pub use tail::Tail;
#[cfg(feature = "tensorboard")]
pub use tensorboard::EventWriter;
