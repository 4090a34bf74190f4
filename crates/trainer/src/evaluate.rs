//! Measuring a model on documents it was not trained on.

use std::f64::consts::LN_2;

use enredo_model::{Batch, Model};

use crate::{Error, Result};

/// Documents in one forward pass.
const BATCH_SIZE: usize = 256;

/// A model's loss on a set of documents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean cross-entropy, in nats per target token.
    pub loss: f64,
    /// How many tokens were predicted, PAD left out.
    pub targets: usize,
}

impl Evaluation {
    /// e^loss: among how many equally likely tokens the model hesitates.
    #[must_use]
    pub fn perplexity(&self) -> f64 {
        self.loss.exp()
    }

    /// Bits for each of the `bytes` of text that the targets stand for: all the loss there is, in bits, divided by
    /// them. It compares models of different tokens.
    #[must_use]
    pub fn bits_per_byte(&self, bytes: usize) -> f64 {
        self.loss * self.targets as f64 / (LN_2 * bytes as f64)
    }
}

/// The loss over each document's first `max_length` tokens, without dropout.
///
/// # Errors
/// [`Error::NoTargets`] where nothing is to be predicted, [`Error::Model`] where a document does not
/// fit the model.
///
/// # Performance
/// A forward pass over all documents, 256 at a time.
pub fn evaluate<R: AsRef<[u32]>>(
    model: &Model,
    documents: &[R],
    max_length: usize,
) -> Result<Evaluation> {
    let (mut total, mut targets) = (0.0, 0);
    for rows in documents.chunks(BATCH_SIZE) {
        let batch = Batch::new(rows, max_length, model.config())?;
        if batch.targets() > 0 {
            total += model.summed_loss(&batch)?;
            targets += batch.targets();
        }
    }
    if targets == 0 {
        return Err(Error::NoTargets { documents: documents.len() });
    }
    Ok(Evaluation { loss: total / targets as f64, targets })
}
