//! What a model is: sizes and variants, by Hugging Face's names.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The content of `config.json`. Absent fields take the value of [`ModelConfig::causal`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelConfig {
    /// V, the number of tokens.
    pub vocab_size: usize,
    /// C, the width of every layer.
    pub hidden_size: usize,
    /// The number of blocks.
    pub num_hidden_layers: usize,
    /// H, the heads of each attention; it divides C.
    pub num_attention_heads: usize,
    /// The width inside each feed-forward layer.
    pub intermediate_size: usize,
    /// The most tokens the model has positions for.
    pub max_position_embeddings: usize,
    /// How many positions training has reached; generation slides its window there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained_length: Option<usize>,
    /// The share of activations dropped while training, in attention and after each layer.
    pub hidden_dropout_prob: f64,
    /// Normalise before each layer (and once at the end) instead of after it.
    pub norm_first: bool,
    /// Start what is added to the residual stream at 0, so that each block is the identity at first (Zhang
    /// et al., arXiv 1901.09321; torchvision's name).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub zero_init_residual: bool,
    /// The feed-forward layer's non-linearity.
    pub hidden_act: Activation,
    /// How a token knows where it stands.
    pub position_embedding_type: PositionEmbedding,
    /// Attend to the block's own input a second time, unmasked: the notebook's leak.
    pub add_cross_attention: bool,
    /// ε of the layer norms.
    pub layer_norm_eps: f64,
    /// The token that fills short rows; it is never a target.
    pub pad_token_id: u32,
}

/// A feed-forward layer's non-linearity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// max(0, x)² (So et al., arXiv 2109.08668).
    Relu2,
    /// x Φ(x), exact (Hendrycks & Gimpel, arXiv 1606.08415).
    Gelu,
}

/// How a token knows where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PositionEmbedding {
    /// A learned vector a position (`pos_emb.weight`).
    Absolute,
    /// Fixed sines and cosines (Vaswani et al., "Attention is all you need", §3.5).
    Sinusoidal,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self::causal()
    }
}

impl ModelConfig {
    /// The notebook's sizes and post-norm blocks, with masked self-attention only.
    #[must_use]
    pub fn causal() -> Self {
        Self {
            vocab_size: 2_000,
            hidden_size: 128,
            num_hidden_layers: 3,
            num_attention_heads: 4,
            intermediate_size: 256,
            max_position_embeddings: 64,
            trained_length: None,
            hidden_dropout_prob: 0.1,
            norm_first: false,
            zero_init_residual: false,
            hidden_act: Activation::Relu,
            position_embedding_type: PositionEmbedding::Absolute,
            add_cross_attention: false,
            layer_norm_eps: 1e-5,
            pad_token_id: 0,
        }
    }

    /// The notebook's model to the letter: each block also attends to the embeddings of the whole
    /// sequence, the future included.
    #[must_use]
    pub fn faithful() -> Self {
        Self { add_cross_attention: true, ..Self::causal() }
    }

    /// D, the width of one head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// How many of the latest tokens a prediction reads: the trained length where it is known, except
    /// for the faithful model, which (as the notebook) reads up to the last position it has.
    #[must_use]
    pub fn window(&self) -> usize {
        let trained = self.trained_length.filter(|_| !self.add_cross_attention);
        trained.unwrap_or(self.max_position_embeddings)
    }

    /// # Errors
    /// [`Error::Config`] names the first field that no model can be built from.
    pub fn validate(&self) -> Result<()> {
        for (field, size) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
        ] {
            check(size > 0, field, &size, "at least 1")?;
        }
        let divides = self.hidden_size.is_multiple_of(self.num_attention_heads);
        let heads = format!("a multiple of num_attention_heads ({})", self.num_attention_heads);
        check(divides, "hidden_size", &self.hidden_size, &heads)?;
        let even = self.hidden_size.is_multiple_of(2)
            || self.position_embedding_type == PositionEmbedding::Absolute;
        check(even, "hidden_size", &self.hidden_size, "even for sinusoidal positions")?;
        let dropout = self.hidden_dropout_prob;
        check((0.0..1.0).contains(&dropout), "hidden_dropout_prob", &dropout, "in [0, 1)")?;
        check(self.layer_norm_eps > 0.0, "layer_norm_eps", &self.layer_norm_eps, "above 0")?;
        let pad = self.pad_token_id;
        check((pad as usize) < self.vocab_size, "pad_token_id", &pad, "below vocab_size")?;
        let trained = self.trained_length.unwrap_or(1);
        let positions = 1..=self.max_position_embeddings;
        let range = format!("1 to max_position_embeddings ({})", self.max_position_embeddings);
        check(positions.contains(&trained), "trained_length", &trained, &range)
    }
}

fn check(holds: bool, field: &'static str, got: &dyn ToString, want: &str) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(Error::Config { field, got: got.to_string(), want: want.to_owned() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn fault(change: impl Fn(&mut ModelConfig)) -> String {
        let mut config = ModelConfig::causal();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn bad_sizes_are_named() {
        assert!(fault(|c| c.num_hidden_layers = 0).contains("num_hidden_layers is 0"));
        assert!(fault(|c| c.hidden_size = 130).contains("multiple of num_attention_heads (4)"));
        assert!(fault(|c| c.hidden_dropout_prob = 1.0).contains("hidden_dropout_prob is 1"));
        assert!(fault(|c| c.hidden_dropout_prob = f64::NAN).contains("NaN"));
        assert!(fault(|c| c.pad_token_id = 2_000).contains("below vocab_size"));
        assert!(
            fault(|c| c.trained_length = Some(65)).contains("1 to max_position_embeddings (64)")
        );
    }

    #[test]
    fn the_window_is_the_trained_length_except_for_the_notebook() {
        let trained = |config| ModelConfig { trained_length: Some(31), ..config }.window();
        assert_eq!((trained(ModelConfig::causal()), trained(ModelConfig::faithful())), (31, 64));
    }

    #[test]
    fn json_uses_hugging_faces_names() {
        let text = r#"{"hidden_size": 64, "hidden_act": "gelu", "architectures": ["X"]}"#;
        let config: ModelConfig = serde_json::from_str(text).unwrap();
        assert_eq!((config.hidden_size, config.num_hidden_layers), (64, 3));
        let again = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ModelConfig>(&again).unwrap(), config);
    }
}
