//! How to decode, as data: Hugging Face's names, so that `generation_config.json` loads unchanged.

mod build;
mod preset;
mod read;

use serde::{Deserialize, Serialize};

pub use preset::Preset;

/// A decoding strategy. An absent field, or one that is null, is off; unknown fields are ignored.
///
/// The names are Hugging Face's; what its `generation_config.json` does not have is called as in llama.cpp or
/// vLLM (`dry_multiplier`, `mirostat_tau`, `logit_bias`, …), whose other spellings are read too. Whatever
/// the preset, all that is set takes part.
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
    #[serde(deserialize_with = "read::false_or")]
    pub do_sample: bool,
    /// T, which divides the scores; 0 means greedy.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// How far T moves up and down with the entropy (dynamic temperature).
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub dynatemp_range: Option<f32>,
    /// How sharply it does; 1 where it is not said.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub dynatemp_exponent: Option<f32>,
    /// How many of the best tokens to keep; 0 or less reads as off.
    #[serde(deserialize_with = "read::count", skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// The mass of the nucleus to keep, in (0, 1].
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// The least probability to keep, as a share of the best token's; 0 reads as off.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f32>,
    /// The mass of the locally typical set to keep, in (0, 1].
    #[serde(
        alias = "typ_p",
        deserialize_with = "read::number",
        skip_serializing_if = "Option::is_none"
    )]
    pub typical_p: Option<f32>,
    /// The least probability to keep; 0 reads as off.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub epsilon_cutoff: Option<f32>,
    /// ε of eta sampling; 0 reads as off.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub eta_cutoff: Option<f32>,
    /// How many standard deviations below the best score to keep; 0 or less reads as off.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub top_n_sigma: Option<f32>,
    /// How often to exclude the top choices; 0 reads as off.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub xtc_probability: Option<f32>,
    /// The probability that makes a top choice; 0.1 where it is not said.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub xtc_threshold: Option<f32>,
    /// The version of mirostat, 1 or 2; 0 reads as off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirostat: Option<u8>,
    /// The surprise in bits that mirostat steers towards; 5 where it is not said.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub mirostat_tau: Option<f32>,
    /// How fast it steers; 0.1 where it is not said.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub mirostat_eta: Option<f32>,
    /// What divides the positive scores of tokens that have occurred, and multiplies the negative ones.
    #[serde(
        alias = "repeat_penalty",
        deserialize_with = "read::number",
        skip_serializing_if = "Option::is_none"
    )]
    pub repetition_penalty: Option<f32>,
    /// What is taken off a score for each time its token has occurred.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f32>,
    /// What is taken off the score of a token that has occurred.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f32>,
    /// How many tokens these three penalties look back; −1 is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_last_n: Option<i64>,
    /// The strength of DRY (do not repeat yourself); 0 reads as off.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub dry_multiplier: Option<f32>,
    /// The base that grows with the length of the repetition; 1.75 where it is not said.
    #[serde(deserialize_with = "read::number", skip_serializing_if = "Option::is_none")]
    pub dry_base: Option<f32>,
    /// The length of repetition that costs nothing; 2 where it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_allowed_length: Option<usize>,
    /// How many tokens DRY looks back; −1, or nothing said, is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_penalty_last_n: Option<i64>,
    /// Sequences that a repetition does not reach across.
    #[serde(deserialize_with = "read::list", skip_serializing_if = "Vec::is_empty")]
    pub dry_sequence_breakers: Vec<Vec<u32>>,
    /// The length of the n-grams that may occur once only; 0 reads as off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_repeat_ngram_size: Option<usize>,
    /// Sequences that are never completed.
    #[serde(deserialize_with = "read::list", skip_serializing_if = "Vec::is_empty")]
    pub bad_words_ids: Vec<Vec<u32>>,
    /// What is added to the score of the token that completes a sequence.
    #[serde(deserialize_with = "read::sequence_biases", skip_serializing_if = "Vec::is_empty")]
    pub sequence_bias: Vec<(Vec<u32>, f32)>,
    /// What is added to the scores of tokens, as a map or as pairs; −∞ (null, or false) bans.
    #[serde(
        deserialize_with = "read::biases",
        serialize_with = "read::write_biases",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub logit_bias: Vec<(u32, f32)>,
    /// The only tokens that may be drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_token_ids: Option<Vec<u32>>,
    /// Tokens that are never drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppress_tokens: Option<Vec<u32>>,
    /// Tokens that are not drawn first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_suppress_tokens: Option<Vec<u32>>,
    /// The least number of tokens, the prompt included, before the end of text may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// The least number of new tokens before the end of text may come.
    #[serde(alias = "min_tokens", skip_serializing_if = "Option::is_none")]
    pub min_new_tokens: Option<usize>,
    /// The token that comes first, where the prompt is one token long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forced_bos_token_id: Option<u32>,
    /// The tokens one of which comes last when `max_new_tokens` is reached: one id or a list.
    #[serde(deserialize_with = "read::optional_ids", skip_serializing_if = "Option::is_none")]
    pub forced_eos_token_id: Option<Vec<u32>>,
    /// After how many new tokens the end of text grows likelier, and the factor for each.
    #[serde(deserialize_with = "read::decay", skip_serializing_if = "Option::is_none")]
    pub exponential_decay_length_penalty: Option<(usize, f32)>,
    /// The most tokens to generate.
    #[serde(deserialize_with = "read::twenty_or", alias = "max_tokens")]
    pub max_new_tokens: usize,
    /// Tokens that end the text once drawn: one id or a list of them.
    #[serde(
        deserialize_with = "read::one_or_many",
        serialize_with = "read::one_if_single",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub eos_token_id: Vec<u32>,
    /// More such tokens, which no processor takes for the end of text.
    #[serde(deserialize_with = "read::list", skip_serializing_if = "Vec::is_empty")]
    pub stop_token_ids: Vec<u32>,
    /// Sequences of tokens that end the text.
    #[serde(deserialize_with = "read::list", skip_serializing_if = "Vec::is_empty")]
    pub stop_sequences: Vec<Vec<u32>>,
    /// Whose order of processors, tie rules and arithmetic to follow.
    pub preset: Preset,
}

impl Default for GenerationConfig {
    /// Greedy, 20 new tokens, no filter: what an empty `generation_config.json` means.
    fn default() -> Self {
        Self {
            do_sample: false,
            temperature: None,
            dynatemp_range: None,
            dynatemp_exponent: None,
            top_k: None,
            top_p: None,
            min_p: None,
            typical_p: None,
            epsilon_cutoff: None,
            eta_cutoff: None,
            top_n_sigma: None,
            xtc_probability: None,
            xtc_threshold: None,
            mirostat: None,
            mirostat_tau: None,
            mirostat_eta: None,
            repetition_penalty: None,
            frequency_penalty: None,
            presence_penalty: None,
            repeat_last_n: None,
            dry_multiplier: None,
            dry_base: None,
            dry_allowed_length: None,
            dry_penalty_last_n: None,
            dry_sequence_breakers: Vec::new(),
            no_repeat_ngram_size: None,
            bad_words_ids: Vec::new(),
            sequence_bias: Vec::new(),
            logit_bias: Vec::new(),
            allowed_token_ids: None,
            suppress_tokens: None,
            begin_suppress_tokens: None,
            min_length: None,
            min_new_tokens: None,
            forced_bos_token_id: None,
            forced_eos_token_id: None,
            exponential_decay_length_penalty: None,
            max_new_tokens: read::MAX_NEW_TOKENS,
            eos_token_id: Vec::new(),
            stop_token_ids: Vec::new(),
            stop_sequences: Vec::new(),
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
    fn a_number_beyond_f32_is_refused() {
        let read = |text| serde_json::from_str::<GenerationConfig>(text).unwrap_err().to_string();
        assert!(read(r#"{"top_p": 1e39}"#).contains("beyond what f32 can hold"));
        assert!(read(r#"{"logit_bias": [[3, -1e99]]}"#).contains("beyond what f32 can hold"));
        assert!(read(r#"{"sequence_bias": [[[3], 1e39]]}"#).contains("beyond what f32 can hold"));
        assert!(
            read(r#"{"exponential_decay_length_penalty": [3, 1e39]}"#).contains("beyond what f32")
        );
    }

    #[test]
    fn biases_are_a_map_or_pairs() {
        let read = |text| serde_json::from_str::<GenerationConfig>(text).unwrap();
        let config = read(r#"{"logit_bias": {"5": 1.5, "7": false, "9": null}}"#);
        let banned = f32::NEG_INFINITY;
        assert_eq!(config.logit_bias, [(5, 1.5), (7, banned), (9, banned)]);
        assert_eq!(read(r#"{"logit_bias": [[5, 1.5], [7, false], [9, null]]}"#), config);
        assert_eq!(read(&serde_json::to_string(&config).unwrap()), config);
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
        assert!(links(&twin).ends_with("notebook_temperature top_k notebook_top_p"));
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
