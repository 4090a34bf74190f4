//! One number for each token that occurs in a window, without sorting and without reading all of V.

use std::{cell::Cell, mem};

thread_local! {
    /// One number per token of the vocabulary, all 0 between calls; kept so that no call allocates.
    static TABLE: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

/// Combines the values (above 0) that each token occurs with, starting from 0, then edits the score of
/// each of these tokens once.
///
/// Tokens beyond the row are skipped: they can come from a prompt, and cannot be drawn. Linear in the
/// number of values.
pub(super) fn per_token(
    values: impl Iterator<Item = (u32, u32)> + Clone,
    combine: impl Fn(u32, u32) -> u32,
    logits: &mut [f32],
    edit: impl Fn(&mut f32, u32),
) {
    let vocab_size = logits.len();
    let known = values.map(|(t, v)| (t as usize, v)).filter(|(token, _)| *token < vocab_size);
    let mut table = TABLE.take();
    table.resize(vocab_size.max(table.len()), 0);
    for (token, value) in known.clone() {
        table[token] = combine(table[token], value);
    }
    for (token, _) in known {
        let value = mem::take(&mut table[token]);
        if value > 0 {
            edit(&mut logits[token], value);
        }
    }
    TABLE.set(table);
}

/// How often each token occurs, for [`per_token`].
pub(super) fn counted(tokens: &[u32]) -> impl Iterator<Item = (u32, u32)> + Clone {
    tokens.iter().map(|&token| (token, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_is_edited_once_and_the_table_is_left_clean() {
        for vocab_size in [6, 3, 9] {
            let mut row = vec![0.0; vocab_size];
            per_token(counted(&[2, 0, 2, 99, 2]), |a, b| a + b, &mut row, |l, n| *l += n as f32);
            let mut expected = vec![0.0; vocab_size];
            (expected[0], expected[2]) = (1.0, 3.0);
            assert_eq!(row, expected);
        }
    }
}
