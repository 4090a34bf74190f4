//! Who proposes tokens for speculative decoding.

use super::proposal::{Proposal, Strategy};
use crate::{CausalLm, Context, Error, GenerationConfig, Result, Seed};

/// Proposes tokens that may follow a sequence.
pub trait Draft {
    /// Up to `n` tokens that may follow `context`, one after the other; none where there is no idea.
    ///
    /// Chance must come from the context's numbers below 2³⁰ ([`Context::uniform`]), which the verification
    /// leaves alone. How many tokens are proposed may depend on those proposed, but not on one that was
    /// drawn and then held back: what is proposed would no longer follow its distribution.
    ///
    /// # Errors
    /// Whatever the draft fails with.
    fn propose(&mut self, context: Context<'_>, n: usize) -> Result<Vec<Proposal>>;

    /// Told after each round: of what was proposed, the text has only what comes before `position`.
    fn truncate(&mut self, position: usize) {
        let _ = position;
    }
}

/// A smaller model as the draft, by a strategy of its own.
#[derive(Debug)]
pub struct ModelDraft<M> {
    model: M,
    strategy: Strategy,
    logits: Vec<f32>,
}

impl<M: CausalLm> ModelDraft<M> {
    /// A draft that chooses as `config` says: any strategy is correct, and the target's own has the most
    /// accepted. What `model` has been fed must be the beginning of the context.
    ///
    /// # Errors
    /// Those of [`GenerationConfig::sampler`].
    pub fn new(model: M, config: &GenerationConfig, seed: impl Into<Seed>) -> Result<Self> {
        let logits = vec![0.0; model.vocab_size()];
        Ok(Self { model, strategy: Strategy::new(config, seed.into())?, logits })
    }
}

impl<M: CausalLm> Draft for ModelDraft<M> {
    fn propose(&mut self, context: Context<'_>, n: usize) -> Result<Vec<Proposal>> {
        let prompt_len = context.prompt().len();
        let mut tokens = context.tokens().to_vec();
        let mut proposals = Vec::with_capacity(n);
        for _ in 0..n {
            let unfed = &tokens[self.model.position()..];
            self.model.feed(unfed, &mut self.logits).map_err(Error::model)?;
            let now = Context::new(&tokens).with_prompt_len(prompt_len);
            let token = self.strategy.token(now, &self.logits)?;
            let distribution = self.strategy.distribution(now, &self.logits)?;
            proposals.push(Proposal { token, distribution });
            tokens.push(token);
        }
        Ok(proposals)
    }

    fn truncate(&mut self, position: usize) {
        self.model.truncate(position);
    }
}
