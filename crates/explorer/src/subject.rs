//! The seam: what the page needs to know of a run and its models.

use serde::Serialize;

/// Whatever went wrong with a model; its words, and those of its sources, reach the page.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// A run and its models, as the page shows them.
///
/// It lives on one thread, behind a queue: no call overlaps another.
pub trait Subject {
    /// What does not change while the page is open. Asked once.
    fn about(&self) -> About;

    /// Every token, by id: as many as [`About::vocab_size`] says. Asked once.
    fn vocabulary(&self) -> Vec<Token>;

    /// The ids of `prompt` as the model reads a prompt, whatever frames it included.
    ///
    /// # Errors
    /// A tokenizer that fails.
    fn tokenize(&mut self, prompt: &str) -> Result<Vec<u32>, Fault>;

    /// The scores (length V, no NaN, no +∞) of the token that follows `ids`, by the model at `step`.
    ///
    /// `step` is one of [`About::checkpoints`], and `ids` holds at least one id. Where there are more than
    /// [`About::window`] ids, the model reads the last ones.
    ///
    /// # Errors
    /// A checkpoint that cannot be opened, or a model that fails.
    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault>;
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
    /// How many of the latest tokens a prediction reads.
    pub window: usize,
    /// How many numbers the model has learnt.
    pub parameters: usize,
    /// Tells this vocabulary and this run from any other: letters, digits and `-_.:` of ASCII.
    pub fingerprint: String,
    /// The steps that can be looked at, ascending, at least one; the last is the default.
    pub checkpoints: Vec<Checkpoint>,
    /// Texts to start from.
    pub prompts: Vec<String>,
    /// The tokens that the preset never draws.
    pub never_drawn: Vec<u32>,
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
