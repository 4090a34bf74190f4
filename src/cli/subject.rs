//! A run folder as the explorer's subject: every checkpoint is a model, and the run may still go on.

mod models;
mod records;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    thread::JoinHandle,
};

use anyhow::Result;

use self::{models::Models, records::Records};
use super::{Data, DataArgs, data::ENTROPY};
use crate::{
    Preset,
    decoding::{CausalLm, GenerationConfig},
    explorer::{
        About, AttentionMap, Document, Documents, Fault, LensCell, Piece, Progress, Subject, Token,
        Training,
    },
    language_model::run_tokenizer,
    model::{self, Batch, Device, ModelConfig},
    run::{RunFolder, RunInfo, layout},
    tokenization::{self, Tokenizer},
};

/// The course notebook's prompts.
pub const PROMPTS: [&str; 3] =
    ["This movie is a", "A story about love and", "In the future, the world"];

/// What the explorer shows of a run folder.
#[derive(Debug)]
pub struct RunSubject {
    about: About,
    tokenizer: Tokenizer,
    models: Models,
    records: Records,
    info: RunInfo,
    data: DataArgs,
    documents: Option<Documents>,
}

impl RunSubject {
    /// Opens a run that has weights; those of a step are read when they are asked for.
    ///
    /// # Errors
    /// A file of the run that is missing, damaged, or does not fit the others.
    pub fn open(folder: &RunFolder, device: Device) -> Result<Self> {
        let info = folder.info()?;
        let preset: Preset = info.preset.parse()?;
        let config: ModelConfig = folder.read_json(layout::CONFIG)?;
        let tokenizer = run_tokenizer(folder)?;
        let mut models = Models::new(folder.clone(), config, device);
        let mut records = Records::new(folder.clone(), &info)?;
        let newest = records.progress()?.checkpoints.last().map_or(0, |newest| newest.step);
        let parameters = models.at(newest)?.parameter_count();
        let about = about(folder, preset, models.config(), &tokenizer, parameters)?;
        let data = DataArgs::recorded(&info.settings);
        Ok(Self { about, tokenizer, models, records, info, data, documents: None })
    }

    /// The same, of a run that this thread trains: it goes on as long as the thread does, and what the
    /// thread fails with is shown.
    #[must_use]
    pub fn trained_by(mut self, trainer: JoinHandle<Result<()>>) -> Self {
        self.records.trained_by(trainer);
        self
    }

    /// The same with other texts to browse than the run was trained on.
    #[must_use]
    pub fn with_data(self, data: DataArgs) -> Self {
        Self { data, ..self }
    }

    fn load_documents(&self) -> Result<Documents> {
        let quick = self.info.settings.get("quick").and_then(|quick| quick.as_bool());
        let data = Data::load(&self.data, quick.unwrap_or(false), &super::Progress::default())?;
        let document = |held_out| move |text| Document { text, held_out };
        let train = data.train.into_iter().map(document(false));
        Ok(Documents {
            source: data.source,
            is_the_runs_own: data.fingerprint == self.info.data.fingerprint,
            documents: train.chain(data.held_out.into_iter().map(document(true))).collect(),
        })
    }
}

impl Subject for RunSubject {
    fn about(&self) -> About {
        self.about.clone()
    }

    fn vocabulary(&self) -> Vec<Token> {
        let special = self.tokenizer.special();
        let token = |id| Token {
            text: self.tokenizer.token(id).unwrap_or_default(),
            special: special.is_frame(id) || id == special.unk,
        };
        (0..self.about.vocab_size as u32).map(token).collect()
    }

    fn progress(&mut self) -> Result<Progress, Fault> {
        Ok(self.records.progress()?)
    }

    fn tokenize(&mut self, prompt: &str) -> Result<Vec<Piece>, Fault> {
        let pieces = self.tokenizer.prompt_pieces(prompt)?.into_iter();
        let piece = |tokenization::Piece { id, characters }| Piece {
            id,
            start: characters.start,
            end: characters.end,
        };
        Ok(pieces.map(piece).collect())
    }

    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        let model = self.models.at(step)?;
        let mut row = vec![0.0; model.config().vocab_size];
        model.session().feed(ids, &mut row)?;
        Ok(row)
    }

    fn logits_of_each(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        let model = self.models.at(step)?;
        let batch = Batch::new(&[ids], ids.len(), model.config())?;
        Ok(model.logits(&batch)?)
    }

    fn attention(&mut self, step: u64, ids: &[u32]) -> Result<Vec<AttentionMap>, Fault> {
        let heads = self.about.heads;
        let map = |model::AttentionMap { layer, reads_the_future, weights }| AttentionMap {
            layer,
            reads_the_future,
            heads,
            weights,
        };
        Ok(self.models.at(step)?.attention(ids)?.into_iter().map(map).collect())
    }

    fn lens(&mut self, step: u64, ids: &[u32], top_n: usize) -> Result<Vec<Vec<LensCell>>, Fault> {
        let cell = |model::LensCell { top, entropy, divergence, rank }| LensCell {
            top,
            entropy,
            divergence,
            rank,
        };
        let layers = self.models.at(step)?.logit_lens(ids, top_n)?.into_iter();
        Ok(layers.map(|cells| cells.into_iter().map(cell).collect()).collect())
    }

    fn training(&mut self) -> Result<Option<&Training>, Fault> {
        Ok(Some(self.records.training()?))
    }

    fn documents(&mut self) -> Result<Option<&Documents>, Fault> {
        if self.documents.is_none() {
            self.documents = Some(self.load_documents()?);
        }
        Ok(self.documents.as_ref())
    }
}

fn about(
    folder: &RunFolder,
    preset: Preset,
    config: &ModelConfig,
    tokenizer: &Tokenizer,
    parameters: usize,
) -> Result<About> {
    let strategy = preset.strategy(&GenerationConfig::default(), tokenizer.special());
    Ok(About {
        run: name(folder.path())?,
        preset: preset.to_string(),
        vocab_size: config.vocab_size,
        window: config.window(),
        parameters,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        fingerprint: fingerprint(folder)?,
        prompts: PROMPTS.map(str::to_owned).to_vec(),
        never_drawn: strategy.suppress_tokens.unwrap_or_default(),
        separator: " ".to_owned(),
        unknown: Some(tokenizer.special().unk),
        end_of_text: strategy.eos_token_id,
    })
}

/// The folder's own name, wherever it is called from.
fn name(path: &Path) -> Result<String> {
    let path = std::path::absolute(path)?;
    Ok(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
}

/// Of what the run was and how it reads text.
fn fingerprint(folder: &RunFolder) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in [layout::RUN, layout::TOKENIZER] {
        folder.read(name)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
