//! Which parameter is changed by which optimizer.

use enredo_model::Model;
use tch::Tensor;

use crate::{Result, TrainConfig, adamw::AdamW, muon::Muon};

/// AdamW for all parameters; or Muon for the matrices inside the blocks, and AdamW for the rest.
#[derive(Debug)]
pub(crate) struct Optimizer {
    /// What AdamW changes, by place.
    places: Vec<usize>,
    adamw: AdamW,
    muon: Option<Muon>,
    lr: f64,
}

impl Optimizer {
    pub(crate) fn new(model: &Model, config: &TrainConfig) -> Self {
        let (names, parameters): (Vec<_>, Vec<_>) = model.named_parameters().into_iter().unzip();
        let blocks = format!("{}.", model.config().layers_name());
        let is_hidden = |i: &usize| names[*i].starts_with(&blocks) && parameters[*i].dim() == 2;
        let by_muon = |i: &usize| config.muon.is_some() && is_hidden(i);
        let (matrices, places): (Vec<usize>, Vec<usize>) = (0..names.len()).partition(by_muon);
        let rest: Vec<_> = places.iter().map(|&i| parameters[i].shallow_clone()).collect();
        let muon =
            config.muon.map(|muon| Muon::new(&matrices, &names, &parameters, muon, config.dtype));
        Self { places, adamw: AdamW::new(&rest, config.optimizer), muon, lr: config.optimizer.lr }
    }

    /// How many updates there were.
    pub(crate) fn updates(&self) -> i32 {
        self.adamw.updates()
    }

    pub(crate) fn set_updates(&mut self, updates: i32) {
        self.adamw.set_updates(updates);
    }

    /// All that it remembers of gradients, by PyTorch's name and the place of the parameter. The tensors are
    /// the memory itself.
    pub(crate) fn state(&self) -> Vec<(&'static str, usize, Tensor)> {
        let moments = self.places.iter().zip(self.adamw.moments()).flat_map(|(&i, (m, v))| {
            [("exp_avg", i, m.shallow_clone()), ("exp_avg_sq", i, v.shallow_clone())]
        });
        let momenta = self.muon.iter().flat_map(Muon::momenta);
        moments.chain(momenta.map(|(i, m)| ("momentum_buffer", i, m))).collect()
    }

    /// One update by the gradients of all parameters times `scale`, at `share` of the learning rates.
    pub(crate) fn step(&mut self, gradients: &[Tensor], share: f64, scale: f64) -> Result<()> {
        let rest: Vec<_> = self.places.iter().map(|&i| gradients[i].shallow_clone()).collect();
        self.adamw.step(&rest, self.lr * share, scale)?;
        self.muon.as_mut().map_or(Ok(()), |muon| muon.step(gradients, share, scale))
    }
}
