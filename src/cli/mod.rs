//! What the examples share: their flags, how these become documents, and what a run prints and records.

mod args;
mod data;
mod journal;
mod progress;
mod sampling;

pub use args::{DataArgs, MachineArgs, ModelArgs, RunArgs, TrainArgs};
pub use data::Data;
pub use journal::Journal;
pub use progress::Progress;
pub use sampling::{SamplingArgs, run_folder};
