//! The seam: what the page needs to know of a run and its models.

use enredo_run::{Eval, Metric};
use serde::Serialize;

/// Whatever went wrong with a model; its words, and those of its sources, reach the page.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A run and its models, as the page shows them.
///
/// It lives on one thread, behind a queue: no call overlaps another. `step` is always one of
/// [`Progress::checkpoints`], and `ids` holds at least one id, each below V.
///
/// Shapes: V tokens, T ids, H heads. An answer of another shape, or with NaN, is told to whoever asked as the
/// subject's fault.
pub trait Subject {
    /// What does not change while the page is open. Asked once.
    fn about(&self) -> About;

    /// Every token, by id: as many as [`About::vocab_size`] says. Asked once.
    fn vocabulary(&self) -> Vec<Token>;

    /// How far the run is. Asked with nearly every request: a look at what is known, not at a disk.
    ///
    /// # Errors
    /// A run that cannot be read.
    fn progress(&mut self) -> Result<Progress, Fault>;

    /// `prompt` as the model reads a prompt, whatever frames it included.
    ///
    /// # Errors
    /// A tokenizer that fails.
    fn tokenize(&mut self, prompt: &str) -> Result<Vec<Piece>, Fault>;

    /// The scores (V; no NaN, no +∞) of the token that follows `ids`, by the model at `step`. Where there are
    /// more than [`About::window`] ids, the model reads the last ones.
    ///
    /// # Errors
    /// A checkpoint that cannot be opened, or a model that fails.
    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault>;

    /// The scores (T, V) of the token that follows each of `ids`, by one reading of all of them: a model that
    /// reads the future does so here. T is at most [`About::window`].
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    fn logits_of_each(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault>;

    /// Who attends to whom while the model reads `ids`: at least one map for each layer. T is at most
    /// [`About::window`]. Not asked where [`About::layers`] is 0.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    fn attention(&mut self, step: u64, ids: &[u32]) -> Result<Vec<AttentionMap>, Fault> {
        let _ = (step, ids);
        Ok(Vec::new())
    }

    /// What the model would say if it ended earlier: a row of T cells before the first layer, then one after
    /// each; the last is the model itself. Each cell has the `top_n` likeliest tokens (V where that is less).
    /// T is at most [`About::window`]. Not asked where [`About::layers`] is 0.
    ///
    /// # Errors
    /// As [`logits`](Self::logits).
    fn lens(&mut self, step: u64, ids: &[u32], top_n: usize) -> Result<Vec<Vec<LensCell>>, Fault> {
        let _ = (step, ids, top_n);
        Ok(Vec::new())
    }

    /// What has been recorded of the training so far; `None` where nothing is.
    ///
    /// # Errors
    /// Records that cannot be read at all; [`Training::fault`] is for what stops in the middle.
    fn training(&mut self) -> Result<Option<&Training>, Fault> {
        Ok(None)
    }

    /// The texts that the run learnt from and was measured on; `None` where they are not to be had. May take
    /// seconds the first time.
    ///
    /// # Errors
    /// Texts that cannot be read.
    fn documents(&mut self) -> Result<Option<&Documents>, Fault> {
        Ok(None)
    }
}

/// What does not change about a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct About {
    /// The name of the run.
    pub run: String,
    /// The preset that it was trained under.
    pub preset: String,
    /// V, the number of tokens.
    pub vocab_size: usize,
    /// How many of the latest tokens a prediction reads; at least 1.
    pub window: usize,
    /// How many numbers the model has learnt.
    pub parameters: usize,
    /// How many layers it has; 0 for a model that cannot be looked into.
    pub layers: usize,
    /// How many heads a layer has.
    pub heads: usize,
    /// Tells this vocabulary and this run from any other: letters, digits and `-_.:` of ASCII.
    pub fingerprint: String,
    /// Texts to start from.
    pub prompts: Vec<String>,
    /// The tokens that the preset never draws.
    pub never_drawn: Vec<u32>,
    /// What stands between the texts of two tokens: a space for words, nothing for bytes.
    pub separator: String,
    /// The token of what the vocabulary does not have.
    pub unknown: Option<u32>,
    /// The tokens that end a text.
    pub end_of_text: Vec<u32>,
}

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// Whether it goes on.
    pub state: State,
    /// How many steps are planned, where that is known.
    pub steps: Option<u64>,
    /// The steps that can be looked at, ascending, at least one; the last is the default.
    pub checkpoints: Vec<Checkpoint>,
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is being trained.
    Running,
    /// Neither finished nor written to for a while.
    Stopped,
    /// It has done all its steps.
    #[default]
    Ended,
}

/// A step of the run whose model can be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Checkpoint {
    /// After how many steps of training.
    pub step: u64,
    /// The held-out loss there, in nats per token, where it was measured.
    pub val_loss: Option<f64>,
}

/// A token as people see it. Its id is its place in the vocabulary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its text; bytes that are no text of their own stand as U+FFFD.
    pub text: String,
    /// Whether it stands for no text, such as the beginning of one.
    pub special: bool,
}

/// A token of a text, and where it comes from: the characters (code points) `start..end`. They are equal for
/// what frames a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The token.
    pub id: u32,
    /// The first character that it stands for.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

/// Who attends to whom, in one attention of one layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttentionMap {
    /// Which layer, from 0. A layer with cross-attention has two maps.
    pub layer: usize,
    /// Whether it may attend to later positions.
    pub reads_the_future: bool,
    /// H.
    pub heads: usize,
    /// (H, T, T): head, who attends, who is attended to.
    pub weights: Vec<f32>,
}

/// What the model would say at a position if it ended here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LensCell {
    /// The likeliest tokens and their probabilities, best first.
    pub top: Vec<(u32, f64)>,
    /// The entropy of the distribution, in nats.
    pub entropy: f64,
    /// How far the model is from it: KL(model ‖ layer), in nats.
    pub divergence: f64,
    /// How many tokens it ranks before the model's favourite.
    pub rank: usize,
}

/// What has been recorded of a training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Training {
    /// A row a step, in their order.
    pub metrics: Vec<Metric>,
    /// The evaluations, in their order.
    pub evals: Vec<Eval>,
    /// What no model can do better than, where the data says.
    pub floor: Option<Floor>,
    /// Why there is not more of it, where something could not be read.
    pub fault: Option<String>,
}

/// The entropy of what generated the texts, per token: what no model's loss stays below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Floor {
    /// In nats per token.
    pub nats: f64,
    /// The standard error of that.
    pub standard_error: f64,
}

/// The texts of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// Where they come from, in words.
    pub source: String,
    /// Whether they are the ones that the run was trained on, by their fingerprint.
    pub is_the_runs_own: bool,
    /// All of them, in the order of the source.
    pub documents: Vec<Document>,
}

/// A text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Itself.
    pub text: String,
    /// Whether the run was measured on it, and did not learn from it.
    pub held_out: bool,
}
