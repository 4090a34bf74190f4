//! What a training tells while it runs: as a line to read, or as JSON for a program.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// Something that happened. As JSON it is an object whose `event` is the variant's name; numbers that are not
/// finite are `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Anything else, in words.
    Message {
        /// The words.
        text: String,
    },
    /// How the latest steps went.
    Progress {
        /// The last of them.
        step: u64,
        /// Their mean loss, in nats a token.
        loss: f64,
        /// e^loss.
        perplexity: f64,
        /// The learning rate.
        lr: f64,
        /// The norm of the last step's gradient.
        grad_norm: f64,
        /// Target tokens a second of training, over these steps.
        tokens_per_second: f64,
        /// Milliseconds a step.
        ms_per_step: f64,
        /// The model's arithmetic as a share of what this machine does in a large matrix product.
        gemm_share: f64,
    },
    /// A step that was not applied.
    Skipped {
        /// The step.
        step: u64,
        /// Its loss.
        loss: f64,
        /// The norm of its gradient.
        grad_norm: f64,
        /// How many there were so far.
        skipped: u64,
    },
    /// A look at the held-out documents.
    Evaluation {
        /// After this step.
        step: u64,
        /// In nats a token.
        val_loss: f64,
        /// e^loss.
        perplexity: f64,
        /// The same per UTF-8 byte of the text, in bits.
        bits_per_byte: f64,
    },
    /// A text of the model's.
    Sample {
        /// After this step.
        step: u64,
        /// What it continues.
        prompt: String,
        /// The strategy's name.
        strategy: String,
        /// The prompt and what follows.
        text: String,
    },
    /// Someone ended the training; all is saved.
    Stopped {
        /// After this step.
        step: u64,
        /// The command that goes on with it.
        command: String,
    },
    /// The training has come to its end.
    Trained {
        /// The held-out loss, in nats a token.
        val_loss: f64,
    },
}

impl Event {
    /// Words.
    pub fn message(text: impl AsRef<str>) -> Self {
        Self::Message { text: text.as_ref().to_owned() }
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { text } => f.write_str(text),
            Self::Progress {
                step,
                loss,
                perplexity,
                grad_norm,
                tokens_per_second,
                ms_per_step,
                gemm_share,
                ..
            } => {
                let (thousands, share) = (tokens_per_second / 1e3, 100.0 * gemm_share);
                write!(
                    f,
                    "[step {step:>5}] loss = {loss:.4} | perplexity = {perplexity:.2} | grad norm {grad_norm:.2} | \
                     {ms_per_step:.1} ms a step | {thousands:.1}k tokens/s | {share:.0} % of GEMM peak"
                )
            }
            Self::Skipped { step, loss, grad_norm, skipped } => write!(
                f,
                "[step {step:>5}] NOT APPLIED: loss {loss}, gradient norm {grad_norm}; {skipped} such steps so far"
            ),
            Self::Evaluation { step, val_loss, perplexity, bits_per_byte } => write!(
                f,
                "[step {step:>5}] held-out loss = {val_loss:.4} | perplexity = {perplexity:.2} | {bits_per_byte:.3} bits a byte"
            ),
            Self::Sample { strategy, text, .. } => write!(f, "  [{strategy}] {text}"),
            Self::Stopped { step, command } => {
                write!(f, "\nStopped after step {step}; all is saved. Go on with:\n  {command}")
            }
            Self::Trained { .. } => write!(f, "{}\nTraining is done.", "=".repeat(65)),
        }
    }
}
