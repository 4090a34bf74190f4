//! How to decode, as data: Hugging Face's names, so that `generation_config.json` loads unchanged.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Chain, NotebookTemperature, NotebookTopP, Result, Sampler, Seed, SuppressTokens, Temperature,
    Ties, TopK, TopP,
};

/// The notebook's limit, and Hugging Face's.
const MAX_NEW_TOKENS: usize = 20;

/// A decoding strategy. An absent field, or one that is null, is off; unknown fields are ignored.
///
/// ```
/// use enredo_decoding::GenerationConfig;
///
/// let config: GenerationConfig =
///     serde_json::from_str(r#"{"do_sample": true, "top_k": 0, "top_p": 0.9, "eos_token_id": 3}"#)?;
/// assert_eq!((config.top_k(), config.max_new_tokens), (None, 20));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerationConfig {
    /// Draw from the distribution; otherwise take the best token (greedy).
    #[serde(deserialize_with = "false_or")]
    pub do_sample: bool,
    /// T, which divides the scores; 0 means greedy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// How many of the best tokens to keep; 0 reads as off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// The mass of the nucleus to keep, in (0, 1].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// The most tokens to generate.
    #[serde(deserialize_with = "twenty_or")]
    pub max_new_tokens: usize,
    /// Tokens that end the text once drawn: one id or a list of them.
    #[serde(
        deserialize_with = "one_or_many",
        serialize_with = "one_if_single",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub eos_token_id: Vec<u32>,
    /// Tokens that are never drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppress_tokens: Option<Vec<u32>>,
    /// Whose order of processors, tie rules and arithmetic to follow.
    pub preset: Preset,
}

/// Whose order of processors, tie rules and arithmetic a chain follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Preset {
    /// This crate's own: the notebook's order, masses in f64, top-p of 1 is off.
    #[default]
    Enredo,
    /// The course notebook's, to the letter: f32 sums, a temperature of at least 10⁻⁵.
    Notebook,
}

impl Default for GenerationConfig {
    /// Greedy, 20 new tokens, no filter: what an empty `generation_config.json` means.
    fn default() -> Self {
        Self {
            do_sample: false,
            temperature: None,
            top_k: None,
            top_p: None,
            max_new_tokens: MAX_NEW_TOKENS,
            eos_token_id: Vec::new(),
            suppress_tokens: None,
            preset: Preset::default(),
        }
    }
}

impl GenerationConfig {
    /// The notebook's defaults for sampling: T = 1, no k, p = 0.9, 20 new tokens.
    #[must_use]
    pub fn sampling() -> Self {
        Self { do_sample: true, temperature: Some(1.0), top_p: Some(0.9), ..Self::default() }
    }

    /// k, where top-k is on.
    #[must_use]
    pub fn top_k(&self) -> Option<usize> {
        self.top_k.filter(|&k| k > 0)
    }

    /// The processors this strategy stands for: suppressed tokens, then, where it samples,
    /// temperature, top-k, top-p.
    ///
    /// # Errors
    /// A parameter out of its range: [`crate::Error::Temperature`], [`crate::Error::TopP`].
    pub fn chain(&self) -> Result<Chain> {
        let mut chain = Chain::new();
        if let Some(tokens) = self.suppress_tokens.as_ref().filter(|tokens| !tokens.is_empty()) {
            chain = chain.with(SuppressTokens::new(tokens.as_slice()));
        }
        if self.do_sample { self.with_filters(chain) } else { Ok(chain) }
    }

    fn with_filters(&self, mut chain: Chain) -> Result<Chain> {
        let notebook = self.preset == Preset::Notebook;
        if let Some(t) = self.temperature {
            chain = if notebook {
                chain.with(NotebookTemperature::new(t)?)
            } else {
                chain.with(Temperature::new(t)?)
            };
        }
        if let Some(k) = self.top_k() {
            chain = chain.with(TopK::new(k)?.with_ties(Ties::Kept));
        }
        if let Some(p) = self.top_p {
            chain = if notebook {
                chain.with(NotebookTopP::new(p)?)
            } else {
                chain.with(TopP::new(p)?)
            };
        }
        Ok(chain)
    }

    /// A sampler that follows this strategy; `seed` decides its draws (a number, or a [`Seed`]).
    ///
    /// # Errors
    /// As [`chain`](Self::chain).
    pub fn sampler(&self, seed: impl Into<Seed>) -> Result<Sampler> {
        let chain = self.chain()?;
        Ok(if self.do_sample { Sampler::seeded(chain, seed) } else { Sampler::greedy(chain) })
    }
}

fn false_or<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(false))
}

fn twenty_or<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(MAX_NEW_TOKENS))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(OneOrMany::One(id)) => vec![id],
        Some(OneOrMany::Many(ids)) => ids,
    })
}

fn one_if_single<S: Serializer>(ids: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    match ids {
        [id] => serializer.serialize_u32(*id),
        ids => serializer.collect_seq(ids),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_greedy_with_everything_off() {
        let config: GenerationConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(config, GenerationConfig::default());
        assert_eq!(config.chain().unwrap().links().count(), 0);
    }

    #[test]
    fn null_means_absent() {
        let text = r#"{"do_sample": null, "max_new_tokens": null, "eos_token_id": null, "top_p": null,
                       "suppress_tokens": null}"#;
        let config: GenerationConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config, GenerationConfig::default());
    }

    #[test]
    fn hugging_faces_file_loads_and_survives() {
        let text = r#"{"bos_token_id": 1, "do_sample": true, "eos_token_id": [3, 5], "top_k": 50,
                       "temperature": 0.6, "transformers_version": "5.0", "top_p": null}"#;
        let config: GenerationConfig = serde_json::from_str(text).unwrap();
        assert_eq!((config.eos_token_id.as_slice(), config.top_k()), ([3, 5].as_slice(), Some(50)));
        let again = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<GenerationConfig>(&again).unwrap(), config);
    }

    #[test]
    fn the_order_is_the_notebooks() {
        let config = GenerationConfig {
            top_k: Some(50),
            suppress_tokens: Some(vec![0]),
            ..GenerationConfig::sampling()
        };
        let links = |config: &GenerationConfig| {
            config
                .chain()
                .unwrap()
                .links()
                .map(|l| l.name().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(links(&config), "suppress_tokens temperature top_k top_p");
        let twin = GenerationConfig { preset: Preset::Notebook, ..config };
        assert!(links(&twin).ends_with("NotebookTemperature top_k NotebookTopP"));
    }

    #[test]
    fn bad_parameters_are_refused_before_anything_runs() {
        let bad = |config: GenerationConfig| config.sampler(0).unwrap_err().to_string();
        let sampling = GenerationConfig::sampling;
        let message = bad(GenerationConfig { temperature: Some(-1.0), ..sampling() });
        assert!(message.contains("temperature is -1"), "{message}");
        let message = bad(GenerationConfig { top_p: Some(1.5), ..sampling() });
        assert!(message.contains("top-p is 1.5"), "{message}");
    }
}
