//! Text in, text out: a model, its tokenizer and its preset together.

use std::path::Path;

use enredo_decoding::{Generate, GenerationConfig, Seed, generate, generate_batch};
use enredo_model::{Device, Dtype, Model, ModelConfig, Session};
use enredo_run::{RunFolder, layout};
use enredo_tokenization::{TextMode, TextStream, Tokenizer};

use crate::{Error, Preset, Result, hugging_face::special_from_json};

/// A model that reads and writes text.
#[derive(Debug)]
pub struct LanguageModel {
    model: Model,
    tokenizer: Tokenizer,
    preset: Option<Preset>,
    generation_config: GenerationConfig,
}

/// A generated text.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The prompt and what follows it.
    pub text: String,
    /// The new tokens, an end-of-text token included.
    pub tokens: Vec<u32>,
}

/// The likeliest next tokens after a prompt, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct NextTokens {
    /// Their texts.
    pub texts: Vec<String>,
    /// Their ids.
    pub ids: Vec<u32>,
    /// Their logits, before any temperature or filter.
    pub logits: Vec<f32>,
    /// The logits of the whole vocabulary.
    pub row: Vec<f32>,
}

impl LanguageModel {
    /// Joins a model and its tokenizer; the tokenizer takes on the preset's way with text, except one of someone else's
    /// ([`TextMode::Own`]), which may also have fewer tokens than the model.
    ///
    /// # Errors
    /// [`Error::VocabularyMismatch`].
    pub fn new(model: Model, tokenizer: Tokenizer, preset: Preset) -> Result<Self> {
        let is_own = tokenizer.mode() == TextMode::Own;
        let (ours, models) = (tokenizer.vocab_size(), model.config().vocab_size);
        if ours > models || (ours < models && !is_own) {
            return Err(Error::VocabularyMismatch { tokenizer: ours, model: models });
        }
        Ok(Self {
            model,
            tokenizer: framed(tokenizer, preset),
            preset: Some(preset),
            generation_config: GenerationConfig::default(),
        })
    }

    /// Joins a model and a tokenizer of someone else's, with the strategy that comes with them.
    pub(crate) fn foreign(
        model: Model,
        tokenizer: Tokenizer,
        generation_config: GenerationConfig,
    ) -> Result<Self> {
        let (ours, models) = (tokenizer.vocab_size(), model.config().vocab_size);
        if ours > models {
            return Err(Error::VocabularyMismatch { tokenizer: ours, model: models });
        }
        Ok(Self { model, tokenizer, preset: None, generation_config })
    }

    /// Loads the final model of a run folder, or of a run that did not end, its newest checkpoint; or a folder in Hugging
    /// Face's form ([`from_hugging_face`](Self::from_hugging_face)).
    ///
    /// # Errors
    /// [`Error::Run`], [`Error::Model`], [`Error::Tokenization`] or [`Error::VocabularyMismatch`] names the
    /// file that is missing, damaged, or does not fit the others.
    pub fn open(folder: impl AsRef<Path>, device: Device) -> Result<Self> {
        let folder = folder.as_ref();
        let is_run = folder.join(layout::RUN).exists();
        if !is_run && folder.join(layout::CONFIG).exists() {
            return Self::from_hugging_face(folder, device);
        }
        let run = RunFolder::open(folder)?;
        let config: ModelConfig = run.read_json(layout::CONFIG)?;
        let model = Model::blank(config, device)?;
        let (weights, path, _) = run.newest_weights()?;
        model.take_weights(&weights, &path)?;
        let mut model = Self::new(model, run_tokenizer(&run)?, run.info()?.preset.parse()?)?;
        model.generation_config = run.read_json(layout::GENERATION_CONFIG)?;
        Ok(model)
    }

    /// Generates in `dtype` from here on: see [`Model::compute_in`].
    pub fn compute_in(&mut self, dtype: Dtype) {
        self.model.compute_in(dtype);
    }

    /// The network.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The vocabulary.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How text is fed and decoded; none for a model of someone else's.
    #[must_use]
    pub fn preset(&self) -> Option<Preset> {
        self.preset
    }

    #[cfg(feature = "cli")]
    pub(crate) fn with_generation_config(self, generation_config: GenerationConfig) -> Self {
        Self { generation_config, ..self }
    }

    /// The strategy that came with the model: that of its folder, or greedy.
    #[must_use]
    pub fn generation_config(&self) -> &GenerationConfig {
        &self.generation_config
    }

    /// `config` with what the preset adds (see [`Preset::strategy`]); without a preset, the tokens that end a text.
    #[must_use]
    pub fn strategy(&self, config: &GenerationConfig) -> GenerationConfig {
        if let Some(preset) = self.preset {
            return preset.strategy(config, self.tokenizer.special());
        }
        let mut config = config.clone();
        if config.eos_token_id.is_empty() {
            config.eos_token_id.clone_from(&self.generation_config.eos_token_id);
        }
        config
    }

    /// How many of the prompt's first tokens the model does not see, because its window is shorter (see
    /// [`window_start`](enredo_model::ModelConfig::window_start)).
    ///
    /// # Errors
    /// [`Error::Tokenization`].
    pub fn tokens_cut(&self, prompt: &str) -> Result<usize> {
        let length = self.tokenizer.encode_prompt(prompt)?.len();
        Ok(self.model.config().window_start(length))
    }

    /// Continues `prompt`: an iterator of the new text, a piece for each token.
    ///
    /// A prompt longer than the model's window is cut from the left (see [`tokens_cut`](Self::tokens_cut)).
    ///
    /// # Errors
    /// [`Error::Decoding`] for a strategy that is out of range, [`Error::Tokenization`]; the iterator
    /// yields later faults.
    pub fn generate(
        &self,
        prompt: &str,
        config: &GenerationConfig,
        seed: impl Into<Seed>,
    ) -> Result<TextPieces<'_>> {
        let ids = self.tokenizer.encode_prompt(prompt)?;
        let mut stream = self.tokenizer.stream();
        let prompt = ids.iter().map(|&id| stream.push(id)).collect::<Result<_, _>>()?;
        let tokens = generate(self.model.session(), &ids, &self.strategy(config), seed)?;
        Ok(TextPieces { prompt, tokens, stream, prompt_length: ids.len() })
    }

    /// Continues `prompt` to the end.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), and the first fault on the way.
    pub fn complete(
        &self,
        prompt: &str,
        config: &GenerationConfig,
        seed: impl Into<Seed>,
    ) -> Result<Completion> {
        let mut pieces = self.generate(prompt, config, seed)?;
        pieces.by_ref().try_for_each(|piece| piece.map(drop))?;
        let tokens = pieces.tokens().to_vec();
        Ok(Completion { text: self.tokenizer.decode(pieces.tokens.context())?, tokens })
    }

    /// Continues each of `prompts` to the end, all at once; text i is what [`complete`](Self::complete) makes of that prompt with
    /// the i-th sequence after `seed`'s.
    ///
    /// # Errors
    /// As [`complete`](Self::complete), with the first fault of any text.
    pub fn complete_batch<S: AsRef<str>>(
        &self,
        prompts: &[S],
        config: &GenerationConfig,
        seed: impl Into<Seed>,
    ) -> Result<Vec<Completion>> {
        let encoded = prompts.iter().map(|prompt| self.tokenizer.encode_prompt(prompt.as_ref()));
        let contexts = encoded.collect::<Result<Vec<_>, _>>()?;
        let strategy = self.strategy(config);
        let mut texts = generate_batch(self.model.sessions(), &contexts, &strategy, seed)?;
        texts.by_ref().try_for_each(|(_, token)| token.map(drop))?;
        let completion = |(prompt, whole): (&Vec<u32>, &Vec<u32>)| {
            let tokens = whole[prompt.len()..].to_vec();
            Ok(Completion { text: self.tokenizer.decode(whole)?, tokens })
        };
        contexts.iter().zip(texts.contexts()).map(completion).collect()
    }

    /// The `n` likeliest tokens after `prompt`.
    ///
    /// # Errors
    /// [`Error::Tokenization`], [`Error::Model`].
    pub fn next_tokens(&self, prompt: &str, n: usize) -> Result<NextTokens> {
        let found = self.model.candidates(&self.tokenizer.encode_prompt(prompt)?, n)?;
        let text = |&id: &u32| self.tokenizer.token(id).unwrap_or_default();
        let texts = found.ids.iter().map(text).collect();
        Ok(NextTokens { texts, ids: found.ids, logits: found.logits, row: found.row })
    }
}

/// A run's tokenizer, which reads texts as in training.
pub(crate) fn run_tokenizer(run: &RunFolder) -> Result<Tokenizer> {
    let (path, info) = (run.file(layout::TOKENIZER)?, run.info()?);
    let special = info.other.get(SPECIAL_TOKENS).and_then(special_from_json);
    Ok(match special {
        Some(special) => Tokenizer::from_hugging_face(path, special)?,
        None => framed(Tokenizer::from_file(path)?, info.preset.parse()?),
    })
}

/// The field of `run.json` for the special tokens of a tokenizer of someone else's.
pub(crate) const SPECIAL_TOKENS: &str = "special_tokens";

fn framed(tokenizer: Tokenizer, preset: Preset) -> Tokenizer {
    match tokenizer.mode() {
        TextMode::Own => tokenizer,
        _ => tokenizer.with_mode(preset.text_mode()),
    }
}

/// The text that follows a prompt, piece by piece; made by [`LanguageModel::generate`].
#[derive(Debug)]
pub struct TextPieces<'m> {
    prompt: String,
    tokens: Generate<Session<'m>>,
    stream: TextStream<'m>,
    prompt_length: usize,
}

impl TextPieces<'_> {
    /// The prompt as the model reads it: its words joined by spaces, unknown ones as `[UNK]`.
    #[must_use]
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// The new tokens so far.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens.context()[self.prompt_length..]
    }
}

impl Iterator for TextPieces<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let token = self.tokens.next()?;
        Some(token.map_err(Error::from).and_then(|token| Ok(self.stream.push(token)?)))
    }
}
