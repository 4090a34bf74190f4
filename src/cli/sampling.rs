//! The flags of a decoding strategy, over the one that a run folder holds.

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    LanguageModel,
    decoding::{GenerationConfig, Temperature, TopK, TopP},
};

/// How to choose each token; what is not given comes from the run's `generation_config.json`.
#[derive(Args, Clone, Debug)]
pub struct SamplingArgs {
    /// Take the best token each time
    #[arg(long, conflicts_with_all = ["temperature", "top_k", "top_p"])]
    greedy: bool,
    /// Divide the scores by T; 0 means greedy
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    temperature: Option<f32>,
    /// Keep the K likeliest tokens
    #[arg(long, value_name = "K")]
    top_k: Option<usize>,
    /// Keep the fewest tokens whose probability reaches P
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    top_p: Option<f32>,
    /// The most tokens to generate
    #[arg(long, value_name = "N")]
    max_new_tokens: Option<usize>,
}

impl SamplingArgs {
    /// `defaults` with what the flags change.
    ///
    /// # Errors
    /// A value out of its range.
    pub fn over(&self, defaults: GenerationConfig) -> Result<GenerationConfig> {
        let mut config = defaults;
        if let Some(temperature) = self.temperature {
            Temperature::new(temperature)?;
            config.temperature = Some(temperature);
        }
        if let Some(k) = self.top_k {
            TopK::new(k)?;
            config.top_k = Some(k);
        }
        if let Some(p) = self.top_p {
            TopP::new(p)?;
            config.top_p = Some(p);
        }
        if let Some(n) = self.max_new_tokens {
            ensure!(n > 0, "--max-new-tokens is 0; ask for at least 1");
            config.max_new_tokens = n;
        }
        let asked = self.temperature.is_some() || self.top_k.is_some() || self.top_p.is_some();
        config.do_sample = !self.greedy && (config.do_sample || asked);
        Ok(config)
    }
}

/// What of `prompt` will not reach the model as it was typed.
///
/// # Errors
/// A tokenizer that fails.
pub fn prompt_notices(model: &LanguageModel, prompt: &str) -> Result<Vec<String>> {
    let (cut, window) = (model.tokens_cut(prompt)?, model.model().config().window());
    let empty = prompt.trim().is_empty();
    let empty =
        empty.then(|| "The prompt is empty: the text starts from its beginning.".to_owned());
    let cut = (cut > 0).then(|| {
        format!("The prompt is longer than the model's window of {window} tokens: its first {cut} are not read.")
    });
    Ok(empty.into_iter().chain(cut).collect())
}
