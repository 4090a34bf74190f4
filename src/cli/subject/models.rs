//! The model at each step of a run, as far as memory goes.

use std::path::PathBuf;

use crate::{
    model::{Device, Model, ModelConfig, Result},
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
            None => (step, Model::load(self.config.clone(), self.weights(step), self.device)?),
        };
        self.held.insert(0, model);
        self.held.truncate(HELD);
        Ok(&self.held[0].1)
    }

    /// A step without a checkpoint is the last one.
    fn weights(&self, step: u64) -> PathBuf {
        let checkpoint = self.folder.checkpoint(step).join(layout::MODEL);
        if checkpoint.exists() { checkpoint } else { self.folder.path().join(layout::MODEL) }
    }
}
