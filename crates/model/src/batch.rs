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
    largest_id: u32,
}

impl Batch {
    /// As wide as the longest row up to `limit`; longer rows are cut there, shorter ones filled with PAD.
    ///
    /// # Errors
    /// [`Error::SequenceLength`] where there is no row of at least one token or the width exceeds the
    /// model's positions by more than the last target, [`Error::TokenOutOfRange`] for an unknown id.
    pub fn new<R: AsRef<[u32]>>(rows: &[R], limit: usize, config: &ModelConfig) -> Result<Self> {
        let longest = rows.iter().map(|row| row.as_ref().len()).max().unwrap_or(0);
        let width = longest.min(limit);
        let largest_id = rows.iter().flat_map(|row| cut(row.as_ref(), width)).copied().max();
        let mut ids = Vec::with_capacity(rows.len() * width);
        let mut targets = 0;
        for row in rows.iter().map(|row| cut(row.as_ref(), width)) {
            targets += row.iter().skip(1).filter(|&&id| id != config.pad_token_id).count();
            ids.extend(row.iter().map(|&id| i64::from(id)));
            ids.resize(ids.len() + width - row.len(), i64::from(config.pad_token_id));
        }
        let largest_id = largest_id.unwrap_or(0);
        let batch = Self { ids, rows: rows.len(), width, targets, largest_id };
        // The last token of a row is only ever a target, and needs no position.
        batch.check(width.saturating_sub(1).max(width.min(1)), config)?;
        Ok(batch)
    }

    /// Whether `config` has positions for `positions` tokens, and knows every id.
    pub(crate) fn check(&self, positions: usize, config: &ModelConfig) -> Result<()> {
        let (max, vocab_size) = (config.max_position_embeddings, config.vocab_size);
        if !(1..=max).contains(&positions) {
            return Err(Error::SequenceLength { got: self.width, max });
        }
        if self.largest_id as usize >= vocab_size {
            return Err(Error::TokenOutOfRange { token: self.largest_id, vocab_size });
        }
        Ok(())
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
    pub(crate) fn to_tensor(&self, device: Device) -> Result<Tensor> {
        let shape = [self.rows as i64, self.width as i64];
        Ok(Tensor::f_from_slice(&self.ids)?.f_view(shape)?.f_to_device(device)?)
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
        let wide = batch(&[&[1; 65]], 99).unwrap();
        assert!(wide.check(65, &ModelConfig::causal()).is_err());
        assert!(matches!(batch(&[&[10]], 8), Err(Error::TokenOutOfRange { token: 10, .. })));
    }
}
