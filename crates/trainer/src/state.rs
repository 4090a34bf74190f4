//! All that decides the future of a training besides the weights and the data.

use std::{collections::HashMap, time::Duration};

use enredo_run::Metric;
use enredo_torch_ext::{
    Tensors, from_safetensors, generator_state, set_generator_state, to_safetensors,
};
use tch::{Device, Tensor};

use crate::{Error, Result, Trainer};

/// The names of the notes.
const METRIC: &str = "metric";
const UPDATES: &str = "updates";
const SKIPPED: &str = "skipped_in_a_row";
/// The state of the CPU's generator.
const CPU: &str = "generator.cpu";

impl Trainer<'_> {
    /// The optimizer's moments, the counters, and the states of libtorch's generators as the bytes of a
    /// safetensors file. With the weights, and batches that go on at
    /// [`metric().step`](Self::metric), they continue the training as if it had never stopped.
    ///
    /// # Errors
    /// [`Error::Model`] where a tensor cannot be copied from its device.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        let generators = generators(self.model.device())
            .map(|(name, device)| Ok((name.to_owned(), generator_state(device)?)))
            .collect::<Result<Vec<_>>>()?;
        let memory = self.memory();
        let memory = memory.iter().map(|(name, tensor)| (name.clone(), tensor));
        let all = memory.chain(generators.iter().map(|(name, state)| (name.clone(), state)));
        Ok(to_safetensors(all, self.notes()?)?)
    }

    /// Goes on from what [`to_safetensors`](Self::to_safetensors) gave, at any point before the next step.
    /// The weights are the caller's to put back.
    ///
    /// # Errors
    /// [`Error::State`] names what is missing or does not fit the model; nothing is changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<()> {
        let state = from_safetensors(bytes)?;
        let metric: Metric = note(&state, METRIC)?;
        let (updates, skipped) = (note(&state, UPDATES)?, note(&state, SKIPPED)?);
        let memory = self.memory().into_iter();
        let memory = memory.map(|(name, mine)| Ok((tensor(&state, &name, &mine)?, mine)));
        let memory = memory.collect::<Result<Vec<_>>>()?;
        state.tensors.get(CPU).ok_or_else(|| missing(CPU))?;
        // A training that moves to another device has no state of its generator yet.
        for (name, device) in generators(self.model.device()) {
            if let Some(found) = state.tensors.get(name) {
                set_generator_state(device, found)?;
            }
        }
        for (saved, mut mine) in memory {
            mine.f_copy_(&saved)?;
        }
        self.optimizer.set_updates(updates);
        self.spent = Duration::try_from_secs_f64(metric.train_seconds).unwrap_or_default();
        self.skipped_in_a_row = skipped;
        self.metric = metric;
        Ok(())
    }

    /// What the optimizer remembers, by its names in the file.
    fn memory(&self) -> Vec<(String, Tensor)> {
        let name = |kind, place: usize| format!("{kind}.{}", self.names[place]);
        let state = self.optimizer.state().into_iter();
        state.map(|(kind, place, tensor)| (name(kind, place), tensor)).collect()
    }

    fn notes(&self) -> Result<HashMap<String, String>> {
        let metric = serde_json::to_string(&self.metric).map_err(|e| fault(METRIC, e))?;
        let (updates, skipped) = (self.optimizer.updates(), self.skipped_in_a_row);
        let notes =
            [(METRIC, metric), (UPDATES, updates.to_string()), (SKIPPED, skipped.to_string())];
        Ok(notes.map(|(name, text)| (name.to_owned(), text)).into())
    }
}

/// Those that a training on `device` draws from, by the names of their states.
fn generators(device: Device) -> impl Iterator<Item = (&'static str, Device)> {
    let own = (device != Device::Cpu).then_some(("generator.device", device));
    [(CPU, Device::Cpu)].into_iter().chain(own)
}

fn note<T: serde::de::DeserializeOwned>(state: &Tensors, name: &str) -> Result<T> {
    let text = state.notes.get(name).ok_or_else(|| missing(name))?;
    serde_json::from_str(text).map_err(|error| fault(name, error))
}

fn tensor(state: &Tensors, name: &str, like: &Tensor) -> Result<Tensor> {
    let found = state.tensors.get(name).ok_or_else(|| missing(name))?;
    if found.size() == like.size() && found.kind() == like.kind() {
        return Ok(found.shallow_clone());
    }
    let fault = format!("{name} is {:?}, and the model's {:?}", found.size(), like.size());
    Err(Error::State { fault })
}

fn missing(name: &str) -> Error {
    Error::State { fault: format!("{name} is missing") }
}

fn fault(name: &str, error: impl std::fmt::Display) -> Error {
    Error::State { fault: format!("{name}: {error}") }
}
