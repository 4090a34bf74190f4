//! Drawing batches from documents.

use enredo_model::{Batch, ModelConfig};
use rand::{
    SeedableRng,
    rngs::StdRng,
    seq::{SliceRandom, index},
};

use crate::{Error, Result};

/// An endless iterator of batches over encoded documents, each as wide as its longest row up to a limit.
#[derive(Debug)]
pub struct Batches<'d> {
    documents: &'d [Vec<u32>],
    config: ModelConfig,
    batch_size: usize,
    max_length: usize,
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

impl<'d> Batches<'d> {
    /// The notebook's batches: drawn without replacement within a batch, with replacement across.
    ///
    /// Rows are cut at `max_length` tokens; `seed` decides the draws.
    ///
    /// # Errors
    /// [`Error::TooFewDocuments`] for a batch; [`Error::Setting`] for a batch size of 0 or a length
    /// below 2.
    pub fn random(
        documents: &'d [Vec<u32>],
        batch_size: usize,
        max_length: usize,
        config: &ModelConfig,
        seed: u64,
    ) -> Result<Self> {
        Self::new(documents, batch_size, max_length, config, seed, Order::Random)
    }

    /// Epoch after epoch: every document once in a fresh order; the last batch of an epoch may be short.
    ///
    /// # Errors
    /// As [`random`](Self::random).
    pub fn epochs(
        documents: &'d [Vec<u32>],
        batch_size: usize,
        max_length: usize,
        config: &ModelConfig,
        seed: u64,
    ) -> Result<Self> {
        Self::new(documents, batch_size, max_length, config, seed, Order::Epoch(Vec::new()))
    }

    fn new(
        documents: &'d [Vec<u32>],
        batch_size: usize,
        max_length: usize,
        config: &ModelConfig,
        seed: u64,
        order: Order,
    ) -> Result<Self> {
        let at_least = |min: usize, got: usize, setting, want| {
            crate::adamw::check(got >= min, setting, got as f64, want)
        };
        at_least(1, batch_size, "batch_size", "at least 1")?;
        at_least(2, max_length, "max_length", "at least 2 (a token and its target)")?;
        if documents.len() < batch_size {
            return Err(Error::TooFewDocuments { documents: documents.len(), batch_size });
        }
        let (config, rng) = (config.clone(), StdRng::seed_from_u64(seed));
        Ok(Self { documents, config, batch_size, max_length, order, rng })
    }

    fn draw(&mut self) -> Vec<usize> {
        let n = self.documents.len();
        match &mut self.order {
            Order::Random => index::sample(&mut self.rng, n, self.batch_size).into_vec(),
            Order::Epoch(left) => {
                if left.is_empty() {
                    left.extend(0..n);
                    left.shuffle(&mut self.rng);
                }
                left.split_off(left.len().saturating_sub(self.batch_size))
            }
        }
    }
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows: Vec<&[u32]> =
            self.draw().into_iter().map(|i| self.documents[i].as_slice()).collect();
        Some(Batch::new(&rows, self.max_length, &self.config).map_err(Error::from))
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

    #[test]
    fn random_batches_repeat_across_but_not_within() {
        let (documents, config) = (documents(), ModelConfig::causal());
        let batches = seen(Batches::random(&documents, 8, 32, &config, 1).unwrap(), 20);
        assert!(batches.iter().all(|batch| batch.len() == 8 && is_distinct(batch)));
        assert!(!is_distinct(&batches[..2].concat()));
        assert_eq!(batches, seen(Batches::random(&documents, 8, 32, &config, 1).unwrap(), 20));
        assert_ne!(batches, seen(Batches::random(&documents, 8, 32, &config, 2).unwrap(), 20));
    }

    #[test]
    fn epochs_see_every_document_once() {
        let (documents, config) = (documents(), ModelConfig::causal());
        let batches = seen(Batches::epochs(&documents, 4, 32, &config, 1).unwrap(), 6);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 2, 4, 4, 2]);
        assert!(is_distinct(&batches[..3].concat()) && is_distinct(&batches[3..].concat()));
        assert_ne!(batches[..3], batches[3..]);
    }

    #[test]
    fn too_few_documents_are_refused() {
        let (documents, config) = (documents(), ModelConfig::causal());
        let refuse = |size, length| {
            Batches::random(&documents, size, length, &config, 1).unwrap_err().to_string()
        };
        assert!(refuse(11, 32).starts_with("10 training documents for batches of 11"));
        assert!(refuse(0, 32).contains("batch_size is 0"));
        assert!(refuse(4, 1).contains("max_length is 1"));
    }
}
