//! Drawing batches from documents.

use enredo_model::{Batch, ModelConfig};
use rand::{
    SeedableRng,
    rngs::ChaCha12Rng,
    seq::{SliceRandom, index},
};

use crate::{Error, Result, error::check};

/// An endless iterator of batches over encoded documents, each as wide as its longest row up to a limit.
///
/// A batch is a function of the seed and of its number, so that a training can go on from any place.
#[derive(Debug)]
pub struct Batches<'d> {
    documents: &'d [Vec<u32>],
    model: ModelConfig,
    config: BatchConfig,
    order: Order,
    /// The number of the next batch.
    position: u64,
}

#[derive(Debug)]
enum Order {
    /// Every batch is a fresh draw.
    Random,
    /// Every document once, in an order that is shuffled for each epoch: the last one that was, and its
    /// number.
    Epoch(Vec<usize>, Option<u64>),
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
        Self::new(documents, model, config, Order::Epoch(Vec::new(), None))
    }

    fn new(
        documents: &'d [Vec<u32>],
        model: &ModelConfig,
        config: BatchConfig,
        order: Order,
    ) -> Result<Self> {
        config.validate(documents.len())?;
        Ok(Self { documents, model: model.clone(), config, order, position: 0 })
    }

    /// How many batches came before the next one.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes on with the batch that `position` others come before.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
    }

    /// The documents of batch `number`.
    fn draw(&mut self, number: u64) -> Vec<usize> {
        let (n, size, seed) = (self.documents.len(), self.config.batch_size, self.config.seed);
        match &mut self.order {
            Order::Random => index::sample(&mut stream(seed, number), n, size).into_vec(),
            Order::Epoch(order, shuffled) => {
                let batches = n.div_ceil(size) as u64;
                let (epoch, first) = (number / batches, (number % batches) as usize * size);
                if *shuffled != Some(epoch) {
                    *order = (0..n).collect();
                    order.shuffle(&mut stream(seed, epoch));
                    *shuffled = Some(epoch);
                }
                order[first..n.min(first + size)].to_vec()
            }
        }
    }
}

/// Random numbers of their own for each batch or epoch.
fn stream(seed: u64, number: u64) -> ChaCha12Rng {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let drawn = self.draw(self.position);
        self.position += 1;
        let rows: Vec<&[u32]> = drawn.into_iter().map(|i| self.documents[i].as_slice()).collect();
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
    fn from_any_place_the_same_batches_follow() {
        let (documents, model) = (documents(), ModelConfig::causal());
        for kind in [Batches::random, Batches::epochs] {
            let all = seen(kind(&documents, &model, of(4, 32, 1)).unwrap(), 9);
            for place in [0, 1, 2, 3, 5, 8] {
                let mut batches = kind(&documents, &model, of(4, 32, 1)).unwrap();
                batches.next();
                batches.seek(place);
                assert_eq!(batches.position(), place);
                assert_eq!(seen(batches, 9 - place as usize), all[place as usize..]);
            }
        }
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
