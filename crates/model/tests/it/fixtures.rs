//! Tensors of a safetensors file, and models made of some of them.

use std::path::Path;

use enredo_model::{Device, Model, ModelConfig};
use tch::Tensor;

/// The configuration of every model in `tests/fixtures`.
pub(crate) fn tiny() -> ModelConfig {
    ModelConfig {
        vocab_size: 40,
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 24,
        max_position_embeddings: 16,
        ..ModelConfig::causal()
    }
}

/// A safetensors file.
pub(crate) struct Fixture(Vec<(String, Tensor)>);

impl Fixture {
    pub(crate) fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
        Self::open(&folder.join(format!("{name}.safetensors")))
    }

    pub(crate) fn open(path: &Path) -> Self {
        Self(Tensor::read_safetensors(path).unwrap())
    }

    pub(crate) fn tensor(&self, name: &str) -> Tensor {
        self.0.iter().find(|(n, _)| n == name).unwrap().1.shallow_clone()
    }

    /// A model with the tensors under `prefix`, except what went in and came out.
    pub(crate) fn model(&self, prefix: &str, config: ModelConfig) -> Model {
        let weights: Vec<(String, Tensor)> = self
            .0
            .iter()
            .filter(|(name, _)| !name.starts_with("input.") && !name.starts_with("output."))
            .filter_map(|(name, t)| {
                Some((name.strip_prefix(prefix)?.to_owned(), t.shallow_clone()))
            })
            .collect();
        let path = tempfile::tempdir().unwrap().keep().join("model.safetensors");
        Tensor::write_safetensors(&weights, &path).unwrap();
        Model::load(config, &path, Device::Cpu).unwrap()
    }
}
