//! The loop that generates: feed, choose, feed what was chosen.

use serde::Serialize;

use crate::{
    Cancel, CausalLm, Context, Error, GenerationConfig, Result, Sampler, Seed, State, Stop,
    StopReason, Trace, log_softmax, logprobs::best, resume::resume,
};

/// Continues `context`: an iterator of the new tokens, an end-of-text token included.
///
/// `context` is the whole sequence, whatever `model` has seen of it: only the rest is fed, here and then
/// token by token as tokens are asked for, so `take`, `collect` or dropping the iterator stop it at any
/// point. `seed` decides the draws of a sampling strategy; positions count from the beginning of the
/// sequence, so the rounds of a conversation have draws of their own.
///
/// ```
/// use enredo_decoding::{CausalLm, GenerationConfig, generate, testing::Cycle};
///
/// let mut model = Cycle::new(9);
/// let config = GenerationConfig { max_new_tokens: 2, ..GenerationConfig::default() };
/// let mut round = generate(&mut model, &[0, 1], &config, 42)?;
/// round.by_ref().try_for_each(|token| token.map(drop))?;
/// let mut conversation = round.context().to_vec(); // 0 1 2 3
/// conversation.push(7);
/// let round: Vec<u32> = generate(&mut model, &conversation, &config, 42)?.collect::<Result<_, _>>()?;
/// assert_eq!((round, model.position()), (vec![8, 0], 6));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Errors
/// Here: [`Error::EmptyPrompt`], [`Error::TokenOutOfRange`], a parameter of `config` out of its range, or
/// [`Error::ModelAhead`] where the model has seen more than `context`. That what it has seen is the
/// beginning of `context` cannot be checked. From the iterator: [`Error::Model`], or a row that gives no
/// token; it ends after an error.
pub fn generate<M: CausalLm>(
    model: M,
    context: &[u32],
    config: &GenerationConfig,
    seed: impl Into<Seed>,
) -> Result<Generate<M>> {
    Generate::new(model, context, config, config.sampler(seed)?)
}

/// The tokens that follow a sequence; made by [`generate`].
#[derive(Debug)]
pub struct Generate<M> {
    model: M,
    sampler: Sampler,
    stop: Stop,
    ended: Option<StopReason>,
    failed: bool,
    context: Vec<u32>,
    prompt_len: usize,
    unfed: usize,
    logits: Vec<f32>,
    cancel: Cancel,
}

impl<M: CausalLm> Generate<M> {
    /// As [`generate`], with a sampler of one's own; of `config` only what
    /// [`GenerationConfig::stop`] takes is used.
    ///
    /// # Errors
    /// As [`generate`], but for the parameters.
    pub fn new(
        mut model: M,
        context: &[u32],
        config: &GenerationConfig,
        sampler: Sampler,
    ) -> Result<Self> {
        let stop = config.stop()?;
        let vocab_size = model.vocab_size();
        let seen = resume(context, model.position(), vocab_size)?;
        model.truncate(seen);
        Ok(Self {
            model,
            sampler,
            ended: stop.reason(context, &[]),
            stop,
            failed: false,
            context: context.to_vec(),
            prompt_len: context.len(),
            unfed: context.len() - seen,
            logits: vec![0.0; vocab_size],
            cancel: Cancel::new(),
        })
    }

    /// The same tokens, which end before the next feed once `cancel` is raised. What has been generated
    /// stays in [`context`](Self::context), and the model can go on from there.
    #[must_use]
    pub fn with_cancel(self, cancel: &Cancel) -> Self {
        Self { cancel: cancel.clone(), ..self }
    }

    /// The same tokens with their log-probabilities, and those of the `n` best at each step.
    pub fn with_logprobs(self, n: usize) -> Steps<M> {
        Steps { tokens: self, n }
    }

    /// The same tokens with the rows they were chosen from: [`Trace::picked`] is the token.
    pub fn with_traces(self) -> Traces<M> {
        Traces { tokens: self }
    }

    /// The sequence that was given and the tokens generated so far.
    pub fn context(&self) -> &[u32] {
        &self.context
    }

    /// Why the text is over, where it is.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.ended
    }

    /// How many of the last tokens may turn out to be the beginning of a stop sequence: a stream shows
    /// them once they do not.
    pub fn held_back(&self) -> usize {
        self.stop.held_back(&self.context[self.prompt_len..])
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

    /// What `look` sees of the choice just made; `before` is the sampler's state then.
    fn look_back<T>(
        &mut self,
        before: State,
        look: impl FnOnce(&mut Sampler, Context<'_>, &[f32]) -> Result<T>,
    ) -> Result<T> {
        let Self { sampler, context, prompt_len, logits, .. } = self;
        let context = Context::new(&context[..context.len() - 1]).with_prompt_len(*prompt_len);
        let after = sampler.state();
        sampler.restore(before);
        let seen = look(sampler, context, logits);
        sampler.restore(after);
        seen
    }
}

impl<M: CausalLm> Iterator for Generate<M> {
    type Item = Result<u32>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cancel.is_cancelled() || self.ended.is_some() || self.failed {
            return None;
        }
        let token = self.step();
        self.failed = token.is_err();
        let (prompt, generated) = self.context.split_at(self.prompt_len);
        self.ended = self.stop.reason(prompt, generated);
        Some(token)
    }
}

/// A generated token and what the model thought of it. Log-probabilities are in nats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The token that was chosen.
    pub token: u32,
    /// Its log-probability under the model: before any processor.
    pub logprob_raw: f64,
    /// Its log-probability under what the chain left, which is what a draw follows. A greedy choice
    /// reports it too.
    pub logprob_final: f64,
    /// The best tokens under the model, best first; of equal ones the lower id first.
    pub top_raw: Vec<(u32, f64)>,
    /// The best tokens under what the chain left; fewer where it left fewer.
    pub top_final: Vec<(u32, f64)>,
}

/// The tokens that follow a sequence, with log-probabilities; made by [`Generate::with_logprobs`].
///
/// # Performance
/// The chain runs twice a step, and two passes of exponentials are added.
#[derive(Debug)]
pub struct Steps<M> {
    tokens: Generate<M>,
    n: usize,
}

impl<M: CausalLm> Steps<M> {
    /// The sequence that was given and the tokens generated so far.
    pub fn context(&self) -> &[u32] {
        self.tokens.context()
    }

    /// What is known of the token just chosen.
    fn look_back(&mut self, before: State, token: u32) -> Result<Step> {
        let n = self.n;
        self.tokens.look_back(before, |sampler, context, logits| {
            let raw = log_softmax(logits)?;
            let mut last = sampler.probabilities(context, logits)?;
            last.iter_mut().for_each(|p| *p = p.ln());
            Ok(Step {
                token,
                logprob_raw: raw[token as usize],
                logprob_final: last[token as usize],
                top_raw: best(&raw, n),
                top_final: best(&last, n),
            })
        })
    }
}

impl<M: CausalLm> Iterator for Steps<M> {
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.tokens.sampler.state();
        Some(self.tokens.next()?.and_then(|token| self.look_back(before, token)))
    }
}

/// The tokens that follow a sequence, each as the [`Trace`] of its row; made by [`Generate::with_traces`].
///
/// ```
/// use enredo_decoding::{GenerationConfig, generate, testing::Hashed};
///
/// let config = GenerationConfig { max_new_tokens: 3, ..GenerationConfig::sampling() };
/// let tokens: Vec<u32> =
///     generate(Hashed::new(50, 1), &[7], &config, 42)?.collect::<Result<_, _>>()?;
/// let traces = generate(Hashed::new(50, 1), &[7], &config, 42)?.with_traces();
/// for (trace, token) in traces.zip(tokens) {
///     assert_eq!(trace?.picked, token);
/// }
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
///
/// # Performance
/// [`Sampler::trace`] is added to each step: for looking.
#[derive(Debug)]
pub struct Traces<M> {
    tokens: Generate<M>,
}

impl<M: CausalLm> Traces<M> {
    /// The sequence that was given and the tokens generated so far.
    pub fn context(&self) -> &[u32] {
        self.tokens.context()
    }

    /// Why the text is over, where it is.
    pub fn stop_reason(&self) -> Option<StopReason> {
        self.tokens.stop_reason()
    }
}

impl<M: CausalLm> Iterator for Traces<M> {
    type Item = Result<Trace>;

    fn next(&mut self) -> Option<Self::Item> {
        let before = self.tokens.sampler.state();
        let look = |sampler: &mut Sampler, context: Context<'_>, logits: &[f32]| {
            sampler.trace(context, logits)
        };
        Some(self.tokens.next()?.and_then(|_| self.tokens.look_back(before, look)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Cycle, Hashed};

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
    fn it_stops_after_a_sequence_and_says_why() {
        let config = GenerationConfig { stop_sequences: vec![vec![3, 4]], ..config(9, &[]) };
        let mut tokens = generate(Cycle::new(6), &[1], &config, 0).unwrap();
        assert_eq!(tokens.by_ref().take(2).map(Result::unwrap).collect::<Vec<_>>(), [2, 3]);
        assert_eq!((tokens.held_back(), tokens.stop_reason()), (1, None));
        assert_eq!(tokens.by_ref().map(Result::unwrap).collect::<Vec<_>>(), [4]);
        assert_eq!(tokens.stop_reason(), Some(StopReason::Sequence(0)));
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

    /// A model that has been fed `seen` tokens of 0 1 2 0 1 2 … continues 0 1 2 0.
    fn continued(seen: usize) -> Result<Vec<u32>> {
        let mut model = Hashed::new(5, 3);
        model.feed(&[0, 1, 2, 0, 1, 2][..seen], &mut []).unwrap();
        let config = GenerationConfig { max_new_tokens: 8, ..GenerationConfig::sampling() };
        generate(model, &[0, 1, 2, 0], &config, 9)?.collect()
    }

    #[test]
    fn what_the_model_has_seen_changes_nothing() {
        for seen in 1..=4 {
            assert_eq!(continued(seen).unwrap(), continued(0).unwrap());
        }
        let message = continued(5).unwrap_err().to_string();
        assert!(message.contains("fed 5 tokens") && message.contains("has 4"), "{message}");
    }

    #[test]
    fn a_round_goes_on_where_a_longer_one_would_be() {
        let rounds = |lengths: &[usize]| {
            let (mut model, mut context) = (Hashed::new(5, 3), vec![1]);
            for &max_new_tokens in lengths {
                let config = GenerationConfig { max_new_tokens, ..GenerationConfig::sampling() };
                let mut round = generate(&mut model, &context, &config, 4).unwrap();
                assert!(round.by_ref().all(|token| token.is_ok()));
                context = round.context().to_vec();
            }
            context
        };
        assert_eq!(rounds(&[3, 5, 1]), rounds(&[9]));
    }

    #[test]
    fn a_raised_flag_stops_before_the_next_feed() {
        let (mut model, cancel) = (Cycle::new(6), Cancel::new());
        let config = config(9, &[]);
        let mut tokens = generate(&mut model, &[0], &config, 0).unwrap().with_cancel(&cancel);
        assert_eq!(tokens.by_ref().take(2).count(), 2);
        cancel.clone().cancel();
        assert!(tokens.next().is_none());
        assert_eq!(tokens.context(), [0, 1, 2]);
        assert_eq!(model.position(), 2);
    }

    #[test]
    fn log_probabilities_come_before_and_after_the_chain() {
        let config =
            GenerationConfig { top_k: Some(2), top_p: None, ..GenerationConfig::sampling() };
        let model = Hashed::new(6, 8);
        let plain: Result<Vec<u32>> = generate(model.clone(), &[2], &config, 5).unwrap().collect();
        let mut steps = generate(model.clone(), &[2], &config, 5).unwrap().with_logprobs(3);
        for (i, token) in plain.unwrap().into_iter().enumerate() {
            let raw = log_softmax(&model.scores(steps.context())).unwrap();
            let step = steps.next().unwrap().unwrap();
            assert_eq!((step.token, step.logprob_raw), (token, raw[token as usize]), "step {i}");
            assert_eq!(step.top_raw, best(&raw, 3));
            assert_eq!(step.top_final.len(), 2);
            let lifted = step.logprob_final - step.logprob_raw;
            let kept: f64 = step.top_raw[..2].iter().map(|(_, logprob)| logprob.exp()).sum();
            approx::assert_abs_diff_eq!(lifted, -kept.ln(), epsilon = 1e-6);
        }
        assert!(steps.next().is_none());
    }

    #[test]
    fn traces_are_of_the_tokens_and_change_none() {
        let mirostat = GenerationConfig { mirostat: Some(2), ..GenerationConfig::sampling() };
        let stops = GenerationConfig { eos_token_id: vec![3], ..GenerationConfig::sampling() };
        for config in [mirostat, stops, GenerationConfig::default()] {
            let config = GenerationConfig { max_new_tokens: 40, ..config };
            let model = Hashed::new(30, 8);
            let mut plain = generate(model.clone(), &[2], &config, 5).unwrap();
            let tokens: Vec<u32> = plain.by_ref().map(Result::unwrap).collect();
            let mut traces = generate(model.clone(), &[2], &config, 5).unwrap().with_traces();
            for &token in &tokens {
                let row = model.scores(traces.context());
                let trace = traces.next().unwrap().unwrap();
                assert_eq!(trace.picked, token);
                let picked = trace.tokens.iter().find(|traced| traced.id == token).unwrap();
                assert!(picked.kept && picked.p_final > 0.0);
                assert_eq!(picked.logit, row[token as usize]);
            }
            assert!(traces.next().is_none());
            assert_eq!(traces.stop_reason(), plain.stop_reason());
            assert_eq!(traces.context(), plain.context());
        }
    }

    #[test]
    fn a_token_drawn_by_mirostat_was_likely_when_it_was() {
        let config =
            GenerationConfig { mirostat: Some(2), mirostat_tau: Some(0.5), ..config(40, &[]) };
        let config = GenerationConfig { do_sample: true, ..config };
        let steps = generate(Hashed::new(30, 8), &[2], &config, 5).unwrap().with_logprobs(1);
        assert!(steps.map(Result::unwrap).all(|step| step.logprob_final.is_finite()));
    }
}
