//! From documents to a model that is ready to be trained, and to the folder of its run.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{Data, EVAL_LENGTH, RunArgs, predicted_bytes};
use crate::{
    LanguageModel, Preset,
    corpus::EntropyFloor,
    decoding::GenerationConfig,
    hugging_face::special_to_json,
    language_model::{SPECIAL_TOKENS, run_tokenizer},
    model::{Device, Model},
    run::{RunFolder, layout},
    tokenization::{TextMode, Tokenizer, WordLevelConfig},
};

/// What a training starts from.
#[derive(Debug)]
pub struct Preparation {
    /// The documents.
    pub data: Data,
    /// A model that has learnt nothing, and the tokenizer of these documents.
    pub model: LanguageModel,
    /// The documents to train on, encoded.
    pub train: Vec<Vec<u32>>,
    /// The documents held out, encoded.
    pub held_out: Vec<Vec<u32>>,
    /// UTF-8 bytes of what an evaluation predicts of them.
    pub held_out_bytes: usize,
    /// What no causal model's held-out loss stays below, where the documents' grammar is known.
    pub floor: Option<EntropyFloor>,
    /// How long encoding took, which counts as training.
    pub encoding: Duration,
}

impl Preparation {
    /// Trains the tokenizer, encodes the documents and draws the weights.
    ///
    /// # Errors
    /// A tokenizer or a model that cannot be made of these settings.
    pub fn new(args: &RunArgs, data: Data, device: Device) -> Result<Self> {
        if let Some(folder) = &args.init_from {
            return Self::from_model(folder, args, data, device);
        }
        let config = WordLevelConfig { vocab_size: args.model.vocab_size };
        let tokenizer = Tokenizer::train(&data.train, &config)?.with_mode(args.preset.text_mode());
        let encoded = Encoded::new(&tokenizer, &data)?;
        let longest = encoded.train.iter().map(Vec::len).max().unwrap_or(0);
        let (v, pad) = (tokenizer.vocab_size(), tokenizer.special().pad);
        let model = Model::new(args.model.config(args.preset, v, pad, longest), device)?;
        Ok(encoded.with(LanguageModel::new(model, tokenizer, args.preset)?, data))
    }

    /// A model that has learnt elsewhere, with its own tokenizer.
    fn from_model(folder: &Path, args: &RunArgs, data: Data, device: Device) -> Result<Self> {
        let source = LanguageModel::open(folder, device).context("--init-from")?;
        let encoded = Encoded::new(source.tokenizer(), &data)?;
        let longest = encoded.train.iter().map(Vec::len).max().unwrap_or(0);
        let mut config = source.model().config().clone();
        let (reach, positions) = (
            args.model.max_len.min(longest).saturating_sub(1).max(1),
            config.max_position_embeddings,
        );
        ensure!(
            reach <= positions,
            "--max-len is {}, and the model of {} has positions for {positions} tokens; give at most {}",
            args.model.max_len,
            folder.display(),
            positions + 1
        );
        config.trained_length = config.trained_length.map(|length| length.max(reach));
        config.hidden_dropout_prob = args.model.dropout.unwrap_or(config.hidden_dropout_prob);
        let model = Model::blank(config, device)?;
        model.take_weights(&source.model().to_safetensors()?, folder)?;
        let model = LanguageModel::new(model, source.tokenizer().clone(), args.preset)?;
        let model = model.with_generation_config(source.generation_config().clone());
        Ok(encoded.with(model, data))
    }

    /// What a run that is there already started from.
    ///
    /// # Errors
    /// A file that is missing or damaged; a tokenizer that does not fit the model.
    pub fn read(folder: &RunFolder, data: Data, device: Device) -> Result<Self> {
        let preset: Preset = folder.info()?.preset.parse()?;
        let model = Model::new(folder.read_json(layout::CONFIG)?, device)?;
        let model = LanguageModel::new(model, run_tokenizer(folder)?, preset)?;
        Ok(Encoded::new(model.tokenizer(), &data)?.with(model, data))
    }

    /// Creates the run's folder, with all that a reader needs besides the rows.
    ///
    /// # Errors
    /// A folder that holds a run already, or cannot be written.
    pub fn create_run(&self, args: &RunArgs) -> Result<RunFolder> {
        let folder = args.create_folder()?;
        folder.write_json(layout::CONFIG, self.model.model().config())?;
        let eos_token_id = self.model.generation_config().eos_token_id.clone();
        let sampling = GenerationConfig { eos_token_id, ..GenerationConfig::sampling() };
        let strategy = self.model.strategy(&sampling);
        folder.write_json(layout::GENERATION_CONFIG, &strategy)?;
        folder.write(layout::TOKENIZER, self.model.tokenizer().to_json()?.as_bytes())?;
        // Last: a folder that has it can be opened, and gone on with.
        let mut info = args.describe(self.data.info(self.floor), self.model.model());
        if let Some(source) = &args.init_from {
            info.other.insert("init_from".to_owned(), source.to_string_lossy().into());
        }
        let tokenizer = self.model.tokenizer();
        if tokenizer.mode() == TextMode::Own {
            info.other.insert(SPECIAL_TOKENS.to_owned(), special_to_json(tokenizer.special()));
        }
        folder.write_info(&info)?;
        Ok(folder)
    }
}

/// The documents as ids.
struct Encoded {
    train: Vec<Vec<u32>>,
    held_out: Vec<Vec<u32>>,
    held_out_bytes: usize,
    encoding: Duration,
}

impl Encoded {
    fn new(tokenizer: &Tokenizer, data: &Data) -> Result<Self> {
        let start = Instant::now();
        let train = tokenizer.encode_documents(&data.train)?;
        let encoding = start.elapsed();
        let held_out = tokenizer.encode_documents(&data.held_out)?;
        let held_out_bytes = predicted_bytes(tokenizer, &data.held_out, EVAL_LENGTH)?;
        Ok(Self { train, held_out, held_out_bytes, encoding })
    }

    fn with(self, model: LanguageModel, data: Data) -> Preparation {
        let Self { train, held_out, held_out_bytes, encoding } = self;
        let floor = data.floor(&held_out, model.tokenizer(), EVAL_LENGTH - 1);
        Preparation { data, model, train, held_out, held_out_bytes, floor, encoding }
    }
}
