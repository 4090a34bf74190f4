//! What a model is: sizes and variants, by Hugging Face's names.

use serde::{Deserialize, Serialize};

use crate::{Error, Result, RopeScaling};

/// The content of `config.json`. Absent fields take the value of [`ModelConfig::causal`]; where `model_type` is `llama`
/// or `gpt2`, the file is in Hugging Face's own form, both read and written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, remote = "Self")]
pub struct ModelConfig {
    /// Whose blocks and names of weights these are.
    #[serde(skip)]
    pub model_type: ModelType,
    /// V, the number of tokens.
    pub vocab_size: usize,
    /// C, the width of every layer.
    pub hidden_size: usize,
    /// The number of blocks.
    pub num_hidden_layers: usize,
    /// H, the heads of each attention; it divides C.
    pub num_attention_heads: usize,
    /// K, the heads of keys and values, which H / K heads of queries share (Ainslie et al., arXiv 2305.13245); it
    /// divides H, which it is where absent. Llama alone has fewer.
    #[serde(skip)]
    pub num_key_value_heads: Option<usize>,
    /// D, the width of one head, where it is not C / H. Llama alone has another.
    #[serde(skip)]
    pub head_dim: Option<usize>,
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
    /// θ of rotary positions, whose slowest pair of numbers turns once in 2πθ tokens.
    #[serde(skip)]
    pub rope_theta: f64,
    /// How rotary positions are stretched beyond the length they were first trained for.
    #[serde(skip)]
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the head reads out by the embeddings of the tokens.
    #[serde(skip)]
    pub tie_word_embeddings: bool,
    /// Attend to the block's own input a second time, unmasked: the notebook's leak.
    pub add_cross_attention: bool,
    /// ε of the norms.
    pub layer_norm_eps: f64,
    /// The token that fills short rows; it is never a target.
    pub pad_token_id: u32,
}

/// Whose blocks a model has, and under whose names its weights are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelType {
    /// The notebook's: blocks as PyTorch's own modules have them.
    #[default]
    Enredo,
    /// Hugging Face's `LlamaForCausalLM` (Touvron et al., arXiv 2302.13971): norms of the root mean square before each
    /// layer, rotary positions, gated feed-forward layers, no biases.
    Llama,
    /// Hugging Face's `GPT2LMHeadModel` (Radford et al., 2019): layer norms before each layer, learned positions.
    Gpt2,
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
    /// The same with Φ by a hyperbolic tangent.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluTanh,
    /// x σ(x) (Elfwing et al., arXiv 1702.03118).
    #[serde(alias = "swish")]
    Silu,
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
    /// Queries and keys turn with their place (Su et al., arXiv 2104.09864): attention sees distances alone. Llama's.
    Rotary,
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
            model_type: ModelType::Enredo,
            vocab_size: 2_000,
            hidden_size: 128,
            num_hidden_layers: 3,
            num_attention_heads: 4,
            num_key_value_heads: None,
            head_dim: None,
            intermediate_size: 256,
            max_position_embeddings: 64,
            trained_length: None,
            hidden_dropout_prob: 0.1,
            norm_first: false,
            zero_init_residual: false,
            hidden_act: Activation::Relu,
            position_embedding_type: PositionEmbedding::Absolute,
            rope_theta: 10_000.0,
            rope_scaling: None,
            tie_word_embeddings: false,
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

    /// Llama's blocks at some 25 million parameters: eight layers of 512, eight heads of queries over four of keys and values.
    #[must_use]
    pub fn llama() -> Self {
        Self {
            model_type: ModelType::Llama,
            hidden_size: 512,
            num_hidden_layers: 8,
            num_attention_heads: 8,
            num_key_value_heads: Some(4),
            intermediate_size: 1_408,
            max_position_embeddings: 512,
            hidden_dropout_prob: 0.0,
            norm_first: true,
            hidden_act: Activation::Silu,
            position_embedding_type: PositionEmbedding::Rotary,
            tie_word_embeddings: true,
            ..Self::causal()
        }
    }

    /// GPT-2's smallest model.
    #[must_use]
    pub fn gpt2() -> Self {
        Self {
            model_type: ModelType::Gpt2,
            vocab_size: 50_257,
            hidden_size: 768,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            intermediate_size: 3_072,
            max_position_embeddings: 1_024,
            norm_first: true,
            hidden_act: Activation::GeluTanh,
            tie_word_embeddings: true,
            ..Self::causal()
        }
    }

    /// D, the width of one head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads)
    }

    /// K, the heads of keys and values.
    #[must_use]
    pub fn kv_heads(&self) -> usize {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    /// How many of the latest tokens a prediction reads at most: the trained length where it is known, except
    /// for the faithful model, which (as the notebook) reads up to the last position it has.
    #[must_use]
    pub fn window(&self) -> usize {
        let trained = self.trained_length.filter(|_| !self.add_cross_attention);
        trained.unwrap_or(self.max_position_embeddings)
    }

    /// The first token that a prediction after `length` tokens reads. Once the window is full it moves on by half its
    /// length, so that what was computed serves for as long; the faithful model's, as the notebook's, by one token. Rotary
    /// positions need no such start: each layer attends to the last [`window`](Self::window) tokens.
    #[must_use]
    pub fn window_start(&self, length: usize) -> usize {
        let window = self.window();
        let step =
            if self.add_cross_attention || self.is_rotary() { 1 } else { (window / 2).max(1) };
        length.saturating_sub(window).next_multiple_of(step)
    }

    /// Whether positions are turns of queries and keys.
    #[must_use]
    pub fn is_rotary(&self) -> bool {
        self.position_embedding_type == PositionEmbedding::Rotary
    }

    /// How many numbers a model of this configuration learns.
    #[must_use]
    pub fn parameter_count(&self) -> u128 {
        // Of sizes that no model has, products would not fit any number.
        let number = |size: usize| size.min(1 << 40) as u128;
        let [v, c, inner] = [self.vocab_size, self.hidden_size, self.intermediate_size].map(number);
        let [layers, positions] =
            [self.num_hidden_layers, self.max_position_embeddings].map(number);
        let [queries, shared] = [self.num_attention_heads, self.kv_heads()]
            .map(|heads| (number(heads) * number(self.head_size())).min(1 << 40));
        let (is_llama, is_own) =
            (self.model_type == ModelType::Llama, self.model_type == ModelType::Enredo);
        let biases = |numbers: u128| if is_llama { 0 } else { numbers };
        let norm = c + biases(c);
        let attention = 2 * c * (queries + shared) + biases(4 * c);
        let feed_forward = if is_llama { 3 } else { 2 } * c * inner + biases(c + inner);
        let attentions = if self.add_cross_attention { 2 } else { 1 };
        let block = attentions * (attention + norm) + feed_forward + norm;
        let learned = self.position_embedding_type == PositionEmbedding::Absolute;
        let head = if self.tie_word_embeddings { 0 } else { v * c + if is_own { v } else { 0 } };
        let last = if self.norm_first { norm } else { 0 };
        v * c + if learned { positions * c } else { 0 } + layers * block + last + head
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
        let divides =
            self.head_dim.is_some() || self.hidden_size.is_multiple_of(self.num_attention_heads);
        let heads = format!("a multiple of num_attention_heads ({})", self.num_attention_heads);
        check(divides, "hidden_size", &self.hidden_size, &heads)?;
        self.validate_attention()?;
        let even = self.hidden_size.is_multiple_of(2)
            || self.position_embedding_type != PositionEmbedding::Sinusoidal;
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

    /// What only some model types have.
    fn validate_attention(&self) -> Result<()> {
        let (heads, shared) = (self.num_attention_heads, self.kv_heads());
        let divides = shared > 0 && heads.is_multiple_of(shared);
        let want = format!("a divisor of num_attention_heads ({heads})");
        check(divides, "num_key_value_heads", &shared, &want)?;
        let size = self.head_size();
        let turns = size > 0 && (!self.is_rotary() || size.is_multiple_of(2));
        check(turns, "head_dim", &size, "at least 1, and even for rotary positions")?;
        let (is_llama, position) =
            (self.model_type == ModelType::Llama, self.position_embedding_type);
        let named = format!("{position:?}").to_lowercase();
        let want = "rotary for llama and for it alone, absolute for gpt2";
        let fits = match self.model_type {
            ModelType::Enredo => position != PositionEmbedding::Rotary,
            ModelType::Llama => position == PositionEmbedding::Rotary,
            ModelType::Gpt2 => position == PositionEmbedding::Absolute,
        };
        check(fits, "position_embedding_type", &named, want)?;
        let want = "num_attention_heads, except for llama";
        check(is_llama || shared == heads, "num_key_value_heads", &shared, want)?;
        let is_whole = size.checked_mul(heads) == Some(self.hidden_size);
        let want = "hidden_size / num_attention_heads, except for llama";
        check(is_llama || is_whole, "head_dim", &size, want)?;
        let own = self.model_type == ModelType::Enredo;
        let want = "false without a model_type";
        check(!own || !self.tie_word_embeddings, "tie_word_embeddings", &true, want)?;
        self.rope_scaling.map_or(Ok(()), RopeScaling::validate)?;
        check(self.rope_theta > 0.0, "rope_theta", &self.rope_theta, "above 0")?;
        check(
            own || !self.add_cross_attention,
            "add_cross_attention",
            &true,
            "false for this model_type",
        )?;
        check(own || self.norm_first, "norm_first", &false, "true for this model_type")
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
    fn a_full_window_moves_on_by_half() {
        let config = ModelConfig { trained_length: Some(31), ..ModelConfig::causal() };
        assert_eq!([0, 31, 32, 46, 47, 61].map(|n| config.window_start(n)), [0, 0, 15, 15, 30, 30]);
        assert!((0..300).all(|n| (n - config.window_start(n)) <= 31));
        let faithful = ModelConfig { max_position_embeddings: 8, ..ModelConfig::faithful() };
        assert_eq!([8, 9, 12].map(|n| faithful.window_start(n)), [0, 1, 4]);
    }

    #[test]
    fn heads_that_do_not_fit_are_named() {
        assert!(
            fault(|c| c.num_key_value_heads = Some(3))
                .contains("a divisor of num_attention_heads (4)")
        );
        assert!(fault(|c| c.num_key_value_heads = Some(2)).contains("except for llama"));
        assert!(
            fault(|c| c.position_embedding_type = PositionEmbedding::Rotary).contains("for llama")
        );
        assert!(
            fault(|c| *c = ModelConfig { head_dim: Some(31), ..ModelConfig::llama() })
                .contains("head_dim is 31")
        );
        assert!(ModelConfig::llama().validate().is_ok() && ModelConfig::gpt2().validate().is_ok());
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
