//! Prompt look-up: the text so far as the draft.

use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    proposal::{Distribution, Proposal},
    speculative::Speculative,
};
use crate::{CausalLm, Context, Error, GenerationConfig, Result, Seed};

/// Proposes what followed the first earlier occurrence of the last tokens: it costs no model, and pays
/// where a text repeats itself or its prompt.
///
/// Source: A. Saxena, "Prompt lookup decoding", 2023. The names are Hugging Face's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptLookup {
    /// The most tokens to propose at once. 10 by default.
    pub prompt_lookup_num_tokens: usize,
    /// The longest run of last tokens to look for; where it is not found, shorter ones are tried, down to
    /// one token. 2 by default.
    pub max_matching_ngram_size: usize,
}

impl Default for PromptLookup {
    fn default() -> Self {
        Self { prompt_lookup_num_tokens: 10, max_matching_ngram_size: 2 }
    }
}

impl Draft for PromptLookup {
    fn propose(&mut self, context: Context<'_>, n: usize) -> Result<Vec<Proposal>> {
        let n = n.min(self.prompt_lookup_num_tokens);
        let found = continuation(context.tokens(), self.max_matching_ngram_size);
        let certain = |&token: &u32| Proposal { token, distribution: Distribution::Point(token) };
        Ok(found.iter().take(n).map(certain).collect())
    }
}

/// What followed the first earlier occurrence of the longest possible run of the last tokens.
fn continuation(tokens: &[u32], longest: usize) -> &[u32] {
    let sizes = (1..=longest.min(tokens.len().saturating_sub(1))).rev();
    sizes
        .filter_map(|size| {
            let (before, last) = (&tokens[..tokens.len() - 1], &tokens[tokens.len() - size..]);
            let start = before.windows(size).position(|window| window == last)?;
            Some(&tokens[start + size..])
        })
        .next()
        .unwrap_or_default()
}

/// Generates after `context` with the text itself as the draft: see [`Speculative`], whose every promise
/// holds. `lookup` says how far to look.
///
/// ```
/// use enredo_decoding::{GenerationConfig, PromptLookup, prompt_lookup, testing::Cycle};
///
/// let (model, text) = (Cycle::new(4), [0, 1, 2, 3, 0, 1]);
/// let config = GenerationConfig { max_new_tokens: 6, ..GenerationConfig::default() };
/// let mut rounds = prompt_lookup(model, &text, &config, PromptLookup::default(), 0)?;
/// let first = rounds.next().transpose()?.unwrap_or_default();
/// assert_eq!((first.accepted, first.tokens), (4, vec![2, 3, 0, 1, 2]));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] for a setting of 0, and those of [`generate`](crate::generate()).
pub fn prompt_lookup<M: CausalLm>(
    target: M,
    context: &[u32],
    config: &GenerationConfig,
    lookup: PromptLookup,
    seed: impl Into<Seed>,
) -> Result<Speculative<M, PromptLookup>> {
    let PromptLookup { prompt_lookup_num_tokens: n, max_matching_ngram_size: size } = lookup;
    let wanted = "at least 1 is needed";
    Error::unless(size > 0, "max_matching_ngram_size", size as f32, wanted)?;
    Error::unless(n > 0, "prompt_lookup_num_tokens", n as f32, wanted)?;
    Speculative::new(target, lookup, context, config, n, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_then_the_first_occurrence_wins() {
        assert_eq!(continuation(&[1, 2, 9, 2, 7, 1, 2], 1), [9, 2, 7, 1, 2]);
        assert_eq!(continuation(&[3, 2, 9, 1, 2, 7, 1, 2], 2), [7, 1, 2]);
        assert_eq!(continuation(&[3, 2, 9, 1, 2, 7, 5, 2], 2), [9, 1, 2, 7, 5, 2]);
        assert_eq!(continuation(&[1, 2, 3], 2), [] as [u32; 0]);
        assert_eq!(continuation(&[4, 4, 4], 5), [4]);
        assert_eq!(continuation(&[4], 2), [] as [u32; 0]);
    }
}
