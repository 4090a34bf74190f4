//! A run folder as the explorer's subject: every checkpoint is a model.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::Result;

use crate::{
    LanguageModel,
    decoding::{CausalLm, GenerationConfig},
    explorer::{About, Checkpoint, Fault, Subject, Token},
    model::{self, Device, Model},
    run::{Eval, RunFolder, layout},
};

/// The course notebook's prompts.
pub const PROMPTS: [&str; 3] =
    ["This movie is a", "A story about love and", "In the future, the world"];

/// Checkpoints held in memory, besides the newest weights.
const MODELS: usize = 4;

/// What the explorer shows of a run folder.
#[derive(Debug)]
pub struct RunSubject {
    folder: RunFolder,
    device: Device,
    about: About,
    newest: LanguageModel,
    /// Earlier steps, the latest asked for first.
    models: Vec<(u64, Model)>,
}

impl RunSubject {
    /// Opens the newest weights of a run; those of other steps are read when they are asked for.
    ///
    /// # Errors
    /// A file of the run that is missing, damaged, or does not fit the others.
    pub fn open(folder: RunFolder, device: Device) -> Result<Self> {
        let newest = LanguageModel::open(folder.path(), device)?;
        let about = about(&folder, &newest)?;
        Ok(Self { folder, device, about, newest, models: Vec::new() })
    }

    fn model(&mut self, step: u64) -> model::Result<&Model> {
        if self.about.checkpoints.last().is_some_and(|newest| newest.step == step) {
            return Ok(self.newest.model());
        }
        let held = self.models.iter().position(|(held, _)| *held == step);
        let model = match held {
            Some(place) => self.models.remove(place),
            None => (step, self.load(step)?),
        };
        self.models.insert(0, model);
        self.models.truncate(MODELS);
        Ok(&self.models[0].1)
    }

    fn load(&self, step: u64) -> model::Result<Model> {
        let weights = self.folder.checkpoint(step).join(layout::MODEL);
        Model::load(self.newest.model().config().clone(), weights, self.device)
    }
}

impl Subject for RunSubject {
    fn about(&self) -> About {
        self.about.clone()
    }

    fn vocabulary(&self) -> Vec<Token> {
        let tokenizer = self.newest.tokenizer();
        let special = tokenizer.special();
        let token = |id| Token {
            text: tokenizer.token(id).unwrap_or_default(),
            special: special.is_frame(id) || id == special.unk,
        };
        (0..tokenizer.vocab_size() as u32).map(token).collect()
    }

    fn tokenize(&mut self, prompt: &str) -> Result<Vec<u32>, Fault> {
        Ok(self.newest.tokenizer().encode_prompt(prompt)?)
    }

    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        let model = self.model(step)?;
        let mut row = vec![0.0; model.config().vocab_size];
        model.session().feed(ids, &mut row)?;
        Ok(row)
    }
}

fn about(folder: &RunFolder, model: &LanguageModel) -> Result<About> {
    let config = model.model().config();
    let never_drawn = model.strategy(&GenerationConfig::default()).suppress_tokens;
    Ok(About {
        run: name(folder.path())?,
        preset: model.preset().to_string(),
        vocab_size: config.vocab_size,
        window: config.window(),
        parameters: model.model().parameter_count(),
        fingerprint: fingerprint(folder)?,
        checkpoints: checkpoints(folder)?,
        prompts: PROMPTS.map(str::to_owned).to_vec(),
        never_drawn: never_drawn.unwrap_or_default(),
    })
}

/// The folder's own name, wherever it is called from.
fn name(path: &Path) -> Result<String> {
    let path = std::path::absolute(path)?;
    Ok(path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
}

/// Every step that has weights. The final ones are those of the last evaluation, which every run that ends
/// has.
fn checkpoints(folder: &RunFolder) -> Result<Vec<Checkpoint>> {
    let evals: Vec<Eval> = folder.rows()?.collect::<Result<_, _>>()?;
    let losses: BTreeMap<u64, f64> = evals.iter().map(|eval| (eval.step, eval.val_loss)).collect();
    let mut steps: BTreeSet<u64> = folder.checkpoints()?.into_iter().collect();
    if folder.newest_weights()?.1.is_none() {
        steps.extend(losses.last_key_value().map(|(&step, _)| step));
    }
    if steps.is_empty() {
        steps.insert(0); // weights of someone else's making
    }
    let checkpoint = |step| Checkpoint { step, val_loss: losses.get(&step).copied() };
    Ok(steps.into_iter().map(checkpoint).collect())
}

/// Of what the run was and how it reads text.
fn fingerprint(folder: &RunFolder) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in [layout::RUN, layout::TOKENIZER] {
        folder.read(name)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
