//! The loop that generates: feed, choose, feed what was chosen.

use crate::{CausalLm, Context, Error, GenerationConfig, Result, Sampler, Seed};

/// Generates after `prompt`: an iterator of the new tokens, an end-of-text token included.
///
/// `model` is fed the prompt here and each token as it is asked for, so `take`, `collect` or dropping
/// the iterator stop it at any point. `seed` decides the draws of a sampling strategy.
///
/// A model that has already been fed goes on from there; positions count from this prompt, so give each
/// round of a conversation a sequence number of its own.
///
/// # Errors
/// Here: [`Error::EmptyPrompt`], or a parameter of `config` out of its range. From the iterator:
/// [`Error::Model`], or a row that gives no token; it ends after an error.
pub fn generate<M: CausalLm>(
    model: M,
    prompt: &[u32],
    config: &GenerationConfig,
    seed: impl Into<Seed>,
) -> Result<Generate<M>> {
    Generate::new(model, prompt, config, config.sampler(seed)?)
}

/// The tokens that follow a prompt; made by [`generate`].
#[derive(Debug)]
pub struct Generate<M> {
    model: M,
    sampler: Sampler,
    eos: Vec<u32>,
    left: usize,
    context: Vec<u32>,
    prompt_len: usize,
    unfed: usize,
    logits: Vec<f32>,
}

impl<M: CausalLm> Generate<M> {
    /// As [`generate`], with a sampler of one's own; of `config` only `max_new_tokens` and
    /// `eos_token_id` are used.
    ///
    /// # Errors
    /// [`Error::EmptyPrompt`], or [`Error::TokenOutOfRange`] for a prompt the model cannot know.
    pub fn new(
        model: M,
        prompt: &[u32],
        config: &GenerationConfig,
        sampler: Sampler,
    ) -> Result<Self> {
        let vocab_size = model.vocab_size();
        if prompt.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        if let Some(&token) = prompt.iter().find(|&&token| token as usize >= vocab_size) {
            return Err(Error::TokenOutOfRange { token, vocab_size });
        }
        Ok(Self {
            model,
            sampler,
            eos: config.eos_token_id.clone(),
            left: config.max_new_tokens,
            context: prompt.to_vec(),
            prompt_len: prompt.len(),
            unfed: prompt.len(),
            logits: vec![0.0; vocab_size],
        })
    }

    /// The prompt and the tokens generated so far.
    pub fn context(&self) -> &[u32] {
        &self.context
    }

    fn step(&mut self) -> Result<u32> {
        let unfed = &self.context[self.context.len() - self.unfed..];
        self.model.feed(unfed, &mut self.logits).map_err(Error::model)?;
        let context = Context::new(&self.context).with_prompt_len(self.prompt_len);
        let token = self.sampler.sample(context, &self.logits)?;
        self.context.push(token);
        self.unfed = 1;
        Ok(token)
    }
}

impl<M: CausalLm> Iterator for Generate<M> {
    type Item = Result<u32>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let token = self.step();
        if token.as_ref().map_or(true, |token| self.eos.contains(token)) {
            self.left = 0;
        }
        Some(token)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::Cycle;

    fn config(max_new_tokens: usize, eos: &[u32]) -> GenerationConfig {
        let eos_token_id = eos.to_vec();
        GenerationConfig { max_new_tokens, eos_token_id, ..GenerationConfig::default() }
    }

    fn tokens(prompt: &[u32], config: &GenerationConfig) -> Vec<u32> {
        let mut model = Cycle::new(6);
        generate(&mut model, prompt, config, 0).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn it_stops_at_the_limit_and_after_the_end_of_text() {
        assert_eq!(tokens(&[0, 1], &config(3, &[])), [2, 3, 4]);
        assert_eq!(tokens(&[0, 1], &config(9, &[4])), [2, 3, 4]);
        assert_eq!(tokens(&[0, 1], &config(0, &[])), [] as [u32; 0]);
    }

    #[test]
    fn the_last_token_is_not_fed_in_vain() {
        let mut model = Cycle::new(6);
        generate(&mut model, &[0, 1], &config(3, &[]), 0).unwrap().for_each(drop);
        assert_eq!(model.position(), 4);
    }

    #[test]
    fn an_empty_prompt_and_unknown_tokens_are_refused() {
        let refuse = |prompt: &[u32]| {
            generate(Cycle::new(6), prompt, &config(1, &[]), 0).unwrap_err().to_string()
        };
        assert!(refuse(&[]).contains("prompt has no tokens"));
        assert!(refuse(&[6]).contains("token 6 is outside the vocabulary of 6"));
    }

    #[test]
    fn it_ends_after_an_error() {
        let mut model = Cycle::new(6);
        model.break_at(2);
        let config = config(9, &[]);
        let results: Vec<_> = generate(&mut model, &[0], &config, 0).unwrap().collect();
        assert_eq!(results.len(), 3);
        assert!(matches!(results[2], Err(Error::NanLogit { token: 0 })));
    }
}
