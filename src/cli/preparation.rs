//! From documents to a model that is ready to be trained, and to the folder of its run.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{Data, EVAL_LENGTH, RunArgs, predicted_bytes};
use crate::{
    LanguageModel, Preset,
    corpus::EntropyFloor,
    decoding::GenerationConfig,
    model::{Device, Model},
    run::{RunFolder, layout},
    tokenization::{Tokenizer, WordLevelConfig},
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
        let config = WordLevelConfig { vocab_size: args.model.vocab_size };
        let tokenizer = Tokenizer::train(&data.train, &config)?.with_mode(args.preset.text_mode());
        let encoded = Encoded::new(&tokenizer, &data)?;
        let longest = encoded.train.iter().map(Vec::len).max().unwrap_or(0);
        let (v, pad) = (tokenizer.vocab_size(), tokenizer.special().pad);
        let model = Model::new(args.model.config(args.preset, v, pad, longest), device)?;
        Ok(encoded.with(LanguageModel::new(model, tokenizer, args.preset)?, data))
    }

    /// What a run that is there already started from.
    ///
    /// # Errors
    /// A file that is missing or damaged; a tokenizer that does not fit the model.
    pub fn read(folder: &RunFolder, data: Data, device: Device) -> Result<Self> {
        let preset: Preset = folder.info()?.preset.parse()?;
        let tokenizer = Tokenizer::from_file(folder.file(layout::TOKENIZER)?)?;
        let model = Model::new(folder.read_json(layout::CONFIG)?, device)?;
        let model = LanguageModel::new(model, tokenizer, preset)?;
        Ok(Encoded::new(model.tokenizer(), &data)?.with(model, data))
    }

    /// Creates the run's folder, with all that a reader needs besides the rows.
    ///
    /// # Errors
    /// A folder that holds a run already, or cannot be written.
    pub fn create_run(&self, args: &RunArgs) -> Result<RunFolder> {
        let folder = args.create_folder()?;
        folder.write_json(layout::CONFIG, self.model.model().config())?;
        let strategy = self.model.strategy(&GenerationConfig::sampling());
        folder.write_json(layout::GENERATION_CONFIG, &strategy)?;
        folder.write(layout::TOKENIZER, self.model.tokenizer().to_json()?.as_bytes())?;
        // Last: a folder that has it can be opened, and gone on with.
        folder.write_info(&args.describe(self.data.info(self.floor), self.model.model()))?;
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
        let floor = data.floor(&held_out, model.tokenizer().special().unk, EVAL_LENGTH - 1);
        Preparation { data, model, train, held_out, held_out_bytes, floor, encoding }
    }
}
