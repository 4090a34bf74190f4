//! What the examples share: their flags, how these become documents, and what a run prints and records.

mod args;
mod course;
mod coverage;
mod data;
mod event;
mod interrupt;
mod journal;
mod preparation;
mod progress;
mod recipe;
mod resumption;
mod run;
mod sampling;
mod speed;
mod strategies;
mod subject;
mod training;

/// libtorch's tensors come from it, too: the pages of large ones are kept and not asked for again in each step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The held-out loss is taken over each document's first tokens, as many as here.
pub const EVAL_LENGTH: usize = 32;

pub use args::{DataArgs, MachineArgs, ModelArgs, Order, TrainArgs};
pub use coverage::predicted_bytes;
pub use data::Data;
pub use event::Event;
pub use interrupt::Interrupt;
pub use journal::Journal;
pub use preparation::Preparation;
pub use progress::{Progress, Ui};
pub use recipe::RecipeArgs;
pub use run::{RunArgs, checkpoint_notice, run_folder};
pub use sampling::{SamplingArgs, prompt_notices};
pub use subject::{PROMPTS, RunSubject};
pub use training::{Ended, Training};
