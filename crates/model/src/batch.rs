//! Rows of token ids of one width.

use tch::{Device, Tensor};

use crate::{Error, ModelConfig, Result};

/// Sequences cut or padded to one width, checked against a model: B rows of at most `limit` tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    ids: Vec<i64>,
    rows: usize,
    width: usize,
    targets: usize,
}

impl Batch {
    /// As wide as the longest row up to `limit`; longer rows are cut there, shorter ones filled with PAD.
    ///
    /// # Errors
    /// [`Error::SequenceLength`] where there is no row of at least one token or the width exceeds the
    /// model's positions by more than the last target, [`Error::TokenOutOfRange`] for an unknown id.
    pub fn new<R: AsRef<[u32]>>(rows: &[R], limit: usize, config: &ModelConfig) -> Result<Self> {
        let longest = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
        let (width, max) = (longest.min(limit), config.max_position_embeddings);
        if width == 0 || width > max + 1 {
            return Err(Error::SequenceLength { got: width, max });
        }
        let vocab_size = config.vocab_size;
        let mut ids = Vec::with_capacity(rows.len() * width);
        let mut targets = 0;
        for row in rows.iter().map(|row| cut(row.as_ref(), width)) {
            if let Some(&token) = row.iter().find(|&&id| id as usize >= vocab_size) {
                return Err(Error::TokenOutOfRange { token, vocab_size });
            }
            targets += row.iter().skip(1).filter(|&&id| id != config.pad_token_id).count();
            ids.extend(row.iter().map(|&id| i64::from(id)));
            ids.resize(ids.len() + width - row.len(), i64::from(config.pad_token_id));
        }
        Ok(Self { ids, rows: rows.len(), width, targets })
    }

    /// How many tokens the batch has to predict: all but each row's first, PAD left out.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// (rows, width).
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.width)
    }

    /// The ids, row after row.
    #[must_use]
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }

    /// (B, T), 64-bit ids.
    pub(crate) fn to_tensor(&self, device: Device) -> Tensor {
        let shape = [self.rows as i64, self.width as i64];
        Tensor::from_slice(&self.ids).view(shape).to_device(device)
    }
}

fn cut(row: &[u32], width: usize) -> &[u32] {
    &row[..row.len().min(width)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn batch(rows: &[&[u32]], limit: usize) -> Result<Batch> {
        Batch::new(rows, limit, &ModelConfig { vocab_size: 10, ..ModelConfig::causal() })
    }

    #[test]
    fn rows_are_padded_to_the_longest_and_cut_at_the_limit() {
        let short = batch(&[&[2, 5, 3], &[2, 3]], 32).unwrap();
        assert_eq!((short.shape(), short.ids()), ((2, 3), [2, 5, 3, 2, 3, 0].as_slice()));
        let long = batch(&[&[2, 5, 6, 7, 3], &[2, 3]], 3).unwrap();
        assert_eq!((long.shape(), long.ids()), ((2, 3), [2, 5, 6, 2, 3, 0].as_slice()));
        assert_eq!((short.targets(), long.targets()), (3, 3));
    }

    #[test]
    fn what_no_model_can_read_is_refused() {
        assert!(matches!(batch(&[], 8), Err(Error::SequenceLength { got: 0, .. })));
        assert!(matches!(batch(&[&[]], 8), Err(Error::SequenceLength { got: 0, .. })));
        assert!(matches!(batch(&[&[1; 66]], 99), Err(Error::SequenceLength { got: 66, max: 64 })));
        assert!(matches!(batch(&[&[10]], 8), Err(Error::TokenOutOfRange { token: 10, .. })));
    }
}
