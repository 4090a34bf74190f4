//! The model at each step of a run, as far as memory goes.

use crate::{
    Result,
    model::{Device, Model, ModelConfig},
    run::{RunFolder, layout},
};

/// Models held in memory.
const HELD: usize = 5;

/// Models read when they are asked for.
#[derive(Debug)]
pub(super) struct Models {
    folder: RunFolder,
    config: ModelConfig,
    device: Device,
    /// The latest asked for first.
    held: Vec<(u64, Model)>,
}

impl Models {
    pub(super) fn new(folder: RunFolder, config: ModelConfig, device: Device) -> Self {
        Self { folder, config, device, held: Vec::new() }
    }

    pub(super) fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The model after `step` steps.
    ///
    /// # Errors
    /// Weights that cannot be read.
    pub(super) fn at(&mut self, step: u64) -> Result<&Model> {
        let held = self.held.iter().position(|(held, _)| *held == step);
        let model = match held {
            Some(place) => self.held.remove(place),
            None => (step, self.load(step)?),
        };
        self.held.insert(0, model);
        self.held.truncate(HELD);
        Ok(&self.held[0].1)
    }

    /// A step without a checkpoint is the last one.
    fn load(&self, step: u64) -> Result<Model> {
        let path = self.folder.checkpoint(step).join(layout::MODEL);
        let model = Model::blank(self.config.clone(), self.device)?;
        if path.exists() {
            model.take_weights(&self.folder.weights(step)?, &path)?;
        } else {
            model.load_weights(self.folder.path().join(layout::MODEL))?;
        }
        Ok(model)
    }
}
