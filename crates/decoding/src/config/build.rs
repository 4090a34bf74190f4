//! From a configuration to what it configures: a chain, a sampler, a stop.

use super::{
    GenerationConfig, Preset,
    preset::{Order, Stage},
};
use crate::{
    AllowTokens, BadWords, BeginSuppress, Chain, Dry, DynamicTemperature, Epsilon, Error, Eta,
    ForcedBos, ForcedEos, FrequencyPenalty, LengthDecay, LogitBias, MinLength, MinNewTokens, MinP,
    Mirostat, NoRepeatNgram, NotebookTemperature, NotebookTopP, PresencePenalty, Processor,
    RepetitionPenalty, Result, Sampler, Seed, SequenceBias, Stop, StopSequences, SuppressTokens,
    Temperature, TopK, TopNSigma, TopP, Typical, Window, Xtc,
};

/// The tokens that mirostat 1 looks at, as in its paper.
const MIROSTAT_M: usize = 100;

impl GenerationConfig {
    /// The processors this strategy stands for, in the order of its preset. Those that shape a distribution
    /// (temperature and all filters) are left out where it is greedy.
    ///
    /// # Errors
    /// A parameter out of its range: the error of the processor that refuses it.
    pub fn chain(&self) -> Result<Chain> {
        let order = self.preset.order();
        let alone = self.do_sample && self.mirostat()?.is_some() && order.mirostat_alone;
        let keep =
            |stage: &&Stage| !alone || matches!(stage, Stage::LogitBias | Stage::Temperature);
        let filters = if self.do_sample { order.filters.as_slice() } else { &[] };
        let mut stages = order.edits.iter().chain(filters).filter(keep);
        stages.try_fold(Chain::new(), |chain, stage| self.add(*stage, order, chain))
    }

    /// A sampler that follows this strategy; `seed` decides its draws (a number, or a [`Seed`]).
    ///
    /// # Errors
    /// As [`chain`](Self::chain).
    pub fn sampler(&self, seed: impl Into<Seed>) -> Result<Sampler> {
        let chain = self.chain()?;
        Ok(match self.mirostat()? {
            _ if !self.do_sample => Sampler::greedy(chain),
            Some(mirostat) => Sampler::mirostat(chain, mirostat, seed),
            None => Sampler::seeded(chain, seed),
        })
    }

    /// When a text that follows this strategy is over.
    ///
    /// # Errors
    /// [`Error::EmptySequence`].
    pub fn stop(&self) -> Result<Stop> {
        let sequences = StopSequences::new(self.stop_sequences.iter().cloned())?;
        let tokens = self.eos_token_id.iter().chain(&self.stop_token_ids).copied();
        Ok(Stop::new()
            .at_tokens(tokens)
            .at_sequences(sequences)
            .after_new_tokens(self.max_new_tokens))
    }

    fn mirostat(&self) -> Result<Option<Mirostat>> {
        let tau = self.mirostat_tau.unwrap_or(5.0);
        let eta = self.mirostat_eta.unwrap_or(0.1);
        match self.mirostat.unwrap_or(0) {
            0 => Ok(None),
            1 => Mirostat::v1(tau, eta, MIROSTAT_M).map(Some),
            2 => Mirostat::v2(tau, eta).map(Some),
            other => Err(Error::Parameter {
                name: "mirostat",
                got: f32::from(other),
                range: "it must be 0 (off), 1 or 2",
            }),
        }
    }

    /// Appends what is configured for a place in the chain, if anything is.
    fn add(&self, stage: Stage, order: &Order, chain: Chain) -> Result<Chain> {
        match stage {
            Stage::AllowedTokens => {
                let tokens = self.allowed_token_ids.as_ref();
                with(chain, tokens.map(|tokens| AllowTokens::new(tokens.iter().copied())))
            }
            Stage::BadWords => with(chain, self.bad_words(order)),
            Stage::BeginSuppress => {
                let tokens = some(&self.begin_suppress_tokens);
                with(chain, tokens.map(|tokens| Ok(BeginSuppress::new(tokens))))
            }
            Stage::LogitBias => {
                let biases = Some(&self.logit_bias).filter(|biases| !biases.is_empty());
                with(chain, biases.map(|biases| LogitBias::new(biases.iter().copied())))
            }
            Stage::SequenceBias => {
                let biases = Some(&self.sequence_bias).filter(|biases| !biases.is_empty());
                with(chain, biases.map(|biases| SequenceBias::new(biases.iter().cloned())))
            }
            Stage::Suppress => {
                let tokens = some(&self.suppress_tokens);
                with(chain, tokens.map(|tokens| Ok(SuppressTokens::new(tokens))))
            }
            _ => self.add_against_repeats(stage, order, chain),
        }
    }

    /// Penalties and bans of what has been said.
    fn add_against_repeats(&self, stage: Stage, order: &Order, chain: Chain) -> Result<Chain> {
        match stage {
            Stage::Dry => with(chain, self.dry()),
            Stage::Frequency => {
                let penalty = on(self.frequency_penalty, 0.0).map(FrequencyPenalty::new);
                let window = self.window(order.frequency);
                with(chain, penalty.map(|penalty| Ok(penalty?.over(window))))
            }
            Stage::NoRepeatNgram => {
                let size = self.no_repeat_ngram_size.filter(|&size| size > 0);
                with(chain, size.map(NoRepeatNgram::new))
            }
            Stage::Presence => {
                let penalty = on(self.presence_penalty, 0.0).map(PresencePenalty::new);
                let window = self.window(order.frequency);
                with(chain, penalty.map(|penalty| Ok(penalty?.over(window))))
            }
            Stage::Repetition => {
                let penalty = on(self.repetition_penalty, 1.0).map(RepetitionPenalty::new);
                let window = self.window(order.repetition);
                with(chain, penalty.map(|penalty| Ok(penalty?.over(window))))
            }
            _ => self.add_for_length(stage, order, chain),
        }
    }

    /// What forbids or forces the end of the text, and its beginning.
    fn add_for_length(&self, stage: Stage, order: &Order, chain: Chain) -> Result<Chain> {
        let eos = || self.eos_token_id.clone();
        let ends = !self.eos_token_id.is_empty();
        match stage {
            Stage::ForcedBos => {
                with(chain, self.forced_bos_token_id.map(|bos| Ok(ForcedBos::new(bos))))
            }
            Stage::ForcedEos => {
                let forced = some(&self.forced_eos_token_id);
                with(chain, forced.map(|eos| ForcedEos::at_new_tokens(self.max_new_tokens, eos)))
            }
            Stage::LengthDecay => {
                let decay = self.exponential_decay_length_penalty.filter(|_| ends);
                with(chain, decay.map(|(start, factor)| LengthDecay::new(start, factor, eos())))
            }
            Stage::MinLength => {
                let min = self.min_length.filter(|&min| min > 0 && ends);
                with(chain, min.map(|min| MinLength::new(min, eos())))
            }
            Stage::MinNewTokens => {
                let min = self.min_new_tokens.filter(|&min| min > 0 && ends);
                with(chain, min.map(|min| MinNewTokens::new(min, eos())))
            }
            _ => self.add_filter(stage, order, chain),
        }
    }

    /// What shapes the distribution.
    fn add_filter(&self, stage: Stage, order: &Order, chain: Chain) -> Result<Chain> {
        match stage {
            Stage::Epsilon => with(chain, on(self.epsilon_cutoff, 0.0).map(Epsilon::new)),
            Stage::Eta => with(chain, on(self.eta_cutoff, 0.0).map(Eta::new)),
            Stage::MinP => with(chain, on(self.min_p, 0.0).map(MinP::new)),
            Stage::Temperature => self.add_temperature(chain),
            Stage::TopK => {
                let top_k = self.top_k().map(TopK::new);
                with(chain, top_k.map(|top_k| Ok(top_k?.with_ties(order.top_k))))
            }
            Stage::TopNSigma => {
                let sigma = self.top_n_sigma.filter(|&sigma| sigma > 0.0 || sigma.is_nan());
                with(chain, sigma.map(TopNSigma::new))
            }
            Stage::TopP if self.preset == Preset::Notebook => {
                with(chain, self.top_p.map(NotebookTopP::new))
            }
            Stage::TopP => {
                let top_p = self.top_p.map(TopP::new);
                with(chain, top_p.map(|top_p| Ok(top_p?.with_ties(order.top_p))))
            }
            Stage::Typical => {
                let typical = on(self.typical_p, 1.0).map(Typical::new);
                let by_rule = |typical: Typical| match order.typical_one_by_one {
                    true => typical.one_by_one(),
                    false => typical,
                };
                with(chain, typical.map(|typical| typical.map(by_rule)))
            }
            Stage::Xtc => {
                let probability = on(self.xtc_probability, 0.0);
                let threshold = self.xtc_threshold.unwrap_or(0.1);
                with(chain, probability.map(|probability| Xtc::new(probability, threshold)))
            }
            _ => Ok(chain),
        }
    }

    fn add_temperature(&self, chain: Chain) -> Result<Chain> {
        let range = self.dynatemp_range.filter(|&range| range != 0.0);
        match (self.temperature, range) {
            (Some(t), _) if self.preset == Preset::Notebook => {
                Ok(chain.with(NotebookTemperature::new(t)?))
            }
            (t, Some(range)) => {
                let exponent = self.dynatemp_exponent.unwrap_or(1.0);
                Ok(chain.with(DynamicTemperature::new(t.unwrap_or(1.0), range, exponent)?))
            }
            (t, None) => with(chain, t.map(Temperature::new)),
        }
    }

    /// How far the penalties look: as asked, or as the preset does.
    fn window(&self, otherwise: Window) -> Window {
        last_n(self.repeat_last_n).unwrap_or(otherwise)
    }

    fn dry(&self) -> Option<Result<Dry>> {
        let multiplier = self.dry_multiplier.filter(|&multiplier| multiplier != 0.0)?;
        let base = self.dry_base.unwrap_or(1.75);
        let allowed_length = self.dry_allowed_length.unwrap_or(2);
        let window = last_n(self.dry_penalty_last_n).unwrap_or(Window::All);
        let breakers = self.dry_sequence_breakers.iter().cloned();
        let dry = Dry::new(multiplier, base, allowed_length);
        Some(dry.and_then(|dry| dry.over(window).with_breakers(breakers)))
    }

    /// Without the end of text, which Hugging Face does not let anybody ban so.
    fn bad_words(&self, order: &Order) -> Option<Result<BadWords>> {
        let is_end =
            |word: &Vec<u32>| matches!(word.as_slice(), [id] if self.eos_token_id.contains(id));
        let words: Vec<_> =
            self.bad_words_ids.iter().filter(|word| !is_end(word)).cloned().collect();
        (!words.is_empty()).then(|| Ok(BadWords::new(words)?.over(order.bad_words)))
    }
}

/// The parameter, unless it has the value that switches it off.
fn on(parameter: Option<f32>, off: f32) -> Option<f32> {
    parameter.filter(|&x| x != off)
}

fn with<P: Processor + 'static>(chain: Chain, processor: Option<Result<P>>) -> Result<Chain> {
    match processor {
        Some(processor) => Ok(chain.with(processor?)),
        None => Ok(chain),
    }
}

/// The ids, if there are any.
fn some(ids: &Option<Vec<u32>>) -> Option<Vec<u32>> {
    ids.clone().filter(|ids| !ids.is_empty())
}

/// llama.cpp's convention: −1 is all of the context.
fn last_n(n: Option<i64>) -> Option<Window> {
    n.map(|n| usize::try_from(n).map_or(Window::All, Window::Last))
}
