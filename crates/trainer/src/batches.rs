//! Drawing batches from documents.

use enredo_model::{Batch, ModelConfig};
use rand::{
    SeedableRng,
    rngs::StdRng,
    seq::{SliceRandom, index},
};

use crate::{Error, Result, error::check};

/// An endless iterator of batches over encoded documents, each as wide as its longest row up to a limit.
#[derive(Debug)]
pub struct Batches<'d> {
    documents: &'d [Vec<u32>],
    model: ModelConfig,
    config: BatchConfig,
    order: Order,
    rng: StdRng,
}

#[derive(Debug)]
enum Order {
    /// Every batch is a fresh draw.
    Random,
    /// What is left of this epoch, taken from the end.
    Epoch(Vec<usize>),
}

/// How batches are drawn; the notebook's values by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchConfig {
    /// Documents in a batch.
    pub batch_size: usize,
    /// Documents are cut at this many tokens.
    pub max_length: usize,
    /// Decides which documents come when.
    pub seed: u64,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { batch_size: 32, max_length: 32, seed: 42 }
    }
}

impl BatchConfig {
    fn validate(&self, documents: usize) -> Result<()> {
        let Self { batch_size, max_length, .. } = *self;
        check(batch_size >= 1, "batch_size", batch_size as f64, "at least 1")?;
        check(
            max_length >= 2,
            "max_length",
            max_length as f64,
            "at least 2: a token and its target",
        )?;
        if documents < batch_size {
            return Err(Error::TooFewDocuments { documents, batch_size });
        }
        Ok(())
    }
}

impl<'d> Batches<'d> {
    /// The notebook's batches for `model`: drawn without replacement within a batch, with replacement
    /// across.
    ///
    /// # Errors
    /// [`Error::TooFewDocuments`] for a batch; [`Error::Setting`] for a batch size of 0 or a length
    /// below 2. The iterator yields [`Error::Model`] for documents that do not fit the model.
    pub fn random(
        documents: &'d [Vec<u32>],
        model: &ModelConfig,
        config: BatchConfig,
    ) -> Result<Self> {
        Self::new(documents, model, config, Order::Random)
    }

    /// Epoch after epoch: every document once in a fresh order; the last batch of an epoch may be short.
    ///
    /// # Errors
    /// As [`random`](Self::random).
    pub fn epochs(
        documents: &'d [Vec<u32>],
        model: &ModelConfig,
        config: BatchConfig,
    ) -> Result<Self> {
        Self::new(documents, model, config, Order::Epoch(Vec::new()))
    }

    fn new(
        documents: &'d [Vec<u32>],
        model: &ModelConfig,
        config: BatchConfig,
        order: Order,
    ) -> Result<Self> {
        config.validate(documents.len())?;
        let (model, rng) = (model.clone(), StdRng::seed_from_u64(config.seed));
        Ok(Self { documents, model, config, order, rng })
    }

    fn draw(&mut self) -> Vec<usize> {
        let (n, size) = (self.documents.len(), self.config.batch_size);
        match &mut self.order {
            Order::Random => index::sample(&mut self.rng, n, size).into_vec(),
            Order::Epoch(left) => {
                if left.is_empty() {
                    left.extend(0..n);
                    left.shuffle(&mut self.rng);
                }
                left.split_off(left.len().saturating_sub(size))
            }
        }
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows: Vec<&[u32]> =
            self.draw().into_iter().map(|i| self.documents[i].as_slice()).collect();
        Some(Batch::new(&rows, self.config.max_length, &self.model).map_err(Error::from))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Ten documents that can be told apart by their second token.
    fn documents() -> Vec<Vec<u32>> {
        (0..10).map(|i| vec![2, 10 + i, 3]).collect()
    }

    fn seen(batches: Batches<'_>, count: usize) -> Vec<Vec<i64>> {
        let second = |batch: Batch| batch.ids().chunks(3).map(|row| row[1]).collect();
        batches.take(count).map(|batch| second(batch.unwrap())).collect()
    }

    fn is_distinct(batch: &[i64]) -> bool {
        batch.iter().collect::<std::collections::HashSet<_>>().len() == batch.len()
    }

    fn of(batch_size: usize, max_length: usize, seed: u64) -> BatchConfig {
        BatchConfig { batch_size, max_length, seed }
    }

    #[test]
    fn random_batches_repeat_across_but_not_within() {
        let (documents, model) = (documents(), ModelConfig::causal());
        let batches = seen(Batches::random(&documents, &model, of(8, 32, 1)).unwrap(), 20);
        assert!(batches.iter().all(|batch| batch.len() == 8 && is_distinct(batch)));
        assert!(!is_distinct(&batches[..2].concat()));
        assert_eq!(batches, seen(Batches::random(&documents, &model, of(8, 32, 1)).unwrap(), 20));
        assert_ne!(batches, seen(Batches::random(&documents, &model, of(8, 32, 2)).unwrap(), 20));
    }

    #[test]
    fn epochs_see_every_document_once() {
        let (documents, model) = (documents(), ModelConfig::causal());
        let batches = seen(Batches::epochs(&documents, &model, of(4, 32, 1)).unwrap(), 6);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2, 4, 4, 2]);
        assert!(is_distinct(&batches[..3].concat()) && is_distinct(&batches[3..].concat()));
        assert_ne!(batches[..3], batches[3..]);
    }

    #[test]
    fn too_few_documents_are_refused() {
        let (documents, model) = (documents(), ModelConfig::causal());
        let refuse = |size, length| {
            Batches::random(&documents, &model, of(size, length, 1)).unwrap_err().to_string()
        };
        assert!(refuse(11, 32).starts_with("10 training documents for batches of 11"));
        assert!(refuse(0, 32).contains("batch_size is 0"));
        assert!(refuse(4, 1).contains("max_length is 1"));
    }
}
