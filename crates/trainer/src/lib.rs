//! Batches of token ids to a trained model.
//!
//! [`Trainer`] takes one step per [`Batch`](enredo_model::Batch): loss, gradients, clipping, AdamW or Muon.
//! [`Batches`] draws batches from documents, [`evaluate`] measures a model on held-out ones. That is
//! all: logging, samples, evaluation and saving are the caller's, who sees the
//! trainer and its [`Metric`](enredo_run::Metric) after every step and may end the run there. The crate knows no file
//! of texts and no decoding strategy.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use enredo_model::{Device, Model, ModelConfig};
//! use enredo_trainer::{BatchConfig, Batches, Error, TrainConfig, Trainer, evaluate};
//!
//! let documents: Vec<Vec<u32>> = (0..64).map(|i| vec![2, 4 + i % 4, 4 + i % 4, 3]).collect();
//! let model = Model::new(ModelConfig { vocab_size: 8, ..ModelConfig::causal() }, Device::Cpu)?;
//! let before = evaluate(&model, &documents, 32)?.loss;
//!
//! let mut batches = Batches::random(&documents, model.config(), BatchConfig { batch_size: 8, ..BatchConfig::default() })?;
//! Trainer::new(&model, TrainConfig { steps: 20, ..TrainConfig::default() })?.fit(
//!     &mut batches,
//!     |trainer| Ok::<_, Error>(if trainer.metric().loss < 0.1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }),
//! )?;
//! assert!(evaluate(&model, &documents, 32)?.loss < before);
//! # Ok::<(), Error>(())
//! ```

mod adamw;
mod batches;
mod clip;
mod error;
mod evaluate;
mod muon;
mod optimizer;
mod schedule;
mod state;
mod trainer;

pub use adamw::AdamWConfig;
pub use batches::{BatchConfig, Batches};
pub use error::{Error, Result};
pub use evaluate::{Evaluation, evaluate};
pub use muon::MuonConfig;
pub use schedule::{Decay, Schedule};
pub use trainer::{TrainConfig, Trainer};
