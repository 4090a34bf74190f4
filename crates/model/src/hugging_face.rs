//! `config.json` in Hugging Face's form: which of `model_type` is read how, and what is not supported.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use crate::{Activation, ModelConfig, ModelType, PositionEmbedding, RopeScaling};

/// What [`ModelConfig`] reads.
const SUPPORTED: &str = "llama, gpt2, and enredo's own, which has no model_type";

impl<'de> Deserialize<'de> for ModelConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for ModelConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.model_type {
            ModelType::Enredo => Self::serialize(self, serializer),
            ModelType::Llama => Llama::from(self).serialize(serializer),
            ModelType::Gpt2 => Gpt2::from(self).serialize(serializer),
        }
    }
}

fn read(file: Value) -> Result<ModelConfig, String> {
    if !file.is_object() {
        return Err("a configuration is an object of fields".to_owned());
    }
    match file.get("model_type").map(|name| name.as_str().unwrap_or_default()) {
        None | Some("enredo") => serde_path_to_error::deserialize::<_, Own>(file)
            .map_err(|error| said(&error))
            .map(|own| own.0),
        Some("llama") => serde_path_to_error::deserialize::<_, Llama>(file)
            .map_err(|error| said(&error))?
            .config(),
        Some("gpt2") => serde_path_to_error::deserialize::<_, Gpt2>(file)
            .map_err(|error| said(&error))?
            .config(),
        Some(other) => {
            Err(format!("model_type '{other}' is not supported; supported are {SUPPORTED}"))
        }
    }
}

/// Names the field.
fn said(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    error.to_string()
}

/// enredo's own form.
#[derive(Deserialize)]
struct Own(#[serde(with = "ModelConfig")] ModelConfig);

/// The fields of `LlamaConfig` that change what is computed, and two of ours, which Hugging Face passes over.
#[derive(Debug, Serialize, Deserialize)]
struct Llama {
    #[serde(default)]
    architectures: Vec<String>,
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head_dim: Option<usize>,
    #[serde(default = "silu")]
    hidden_act: Activation,
    #[serde(default = "two_thousand")]
    max_position_embeddings: usize,
    #[serde(default = "a_millionth")]
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    rope_scaling: Option<Value>,
    /// Where newer files have the two above.
    #[serde(skip_serializing)]
    rope_parameters: Option<Value>,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    pad_token_id: Option<i64>,
    #[serde(skip_serializing)]
    bos_token_id: Option<i64>,
    #[serde(default)]
    hidden_dropout_prob: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    trained_length: Option<usize>,
}

fn silu() -> Activation {
    Activation::Silu
}

fn two_thousand() -> usize {
    2_048
}

fn a_millionth() -> f64 {
    1e-6
}

impl Llama {
    fn config(self) -> Result<ModelConfig, String> {
        let (rope_theta, rope_scaling) =
            rope(self.rope_theta, self.rope_parameters.or(self.rope_scaling))?;
        refuse(self.attention_bias, "attention_bias")?;
        refuse(self.mlp_bias, "mlp_bias")?;
        Ok(ModelConfig {
            model_type: ModelType::Llama,
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.num_key_value_heads,
            head_dim: self.head_dim,
            intermediate_size: self.intermediate_size,
            max_position_embeddings: self.max_position_embeddings,
            trained_length: self.trained_length,
            hidden_dropout_prob: self.hidden_dropout_prob,
            hidden_act: self.hidden_act,
            rope_theta,
            rope_scaling,
            tie_word_embeddings: self.tie_word_embeddings,
            layer_norm_eps: self.rms_norm_eps,
            pad_token_id: pad(self.pad_token_id, self.bos_token_id),
            ..ModelConfig::llama()
        })
    }
}

impl From<&ModelConfig> for Llama {
    fn from(config: &ModelConfig) -> Self {
        Self {
            architectures: vec!["LlamaForCausalLM".to_owned()],
            model_type: "llama".to_owned(),
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            intermediate_size: config.intermediate_size,
            num_hidden_layers: config.num_hidden_layers,
            num_attention_heads: config.num_attention_heads,
            num_key_value_heads: Some(config.kv_heads()),
            head_dim: config.head_dim,
            hidden_act: config.hidden_act,
            max_position_embeddings: config.max_position_embeddings,
            rms_norm_eps: config.layer_norm_eps,
            rope_theta: Some(config.rope_theta),
            rope_scaling: config
                .rope_scaling
                .and_then(|scaling| serde_json::to_value(scaling).ok()),
            rope_parameters: None,
            tie_word_embeddings: config.tie_word_embeddings,
            attention_bias: false,
            mlp_bias: false,
            pad_token_id: Some(config.pad_token_id.into()),
            bos_token_id: None,
            hidden_dropout_prob: config.hidden_dropout_prob,
            trained_length: config.trained_length,
        }
    }
}

/// θ and its stretching, from either form.
fn rope(theta: Option<f64>, form: Option<Value>) -> Result<(f64, Option<RopeScaling>), String> {
    let mut form = form.filter(|form| !form.is_null()).unwrap_or_default();
    let theta = form.get("rope_theta").and_then(Value::as_f64).or(theta).unwrap_or(10_000.0);
    let name = form.get("rope_type").or_else(|| form.get("type")).and_then(Value::as_str);
    let name = name.unwrap_or("default").to_owned();
    if form.get("partial_rotary_factor").and_then(Value::as_f64).is_some_and(|share| share != 1.0) {
        return Err("partial_rotary_factor is not supported, except 1".to_owned());
    }
    match name.as_str() {
        "default" => Ok((theta, None)),
        "linear" | "llama3" => {
            form["rope_type"] = name.into();
            let scaling =
                RopeScaling::deserialize(form).map_err(|error| format!("rope_scaling: {error}"))?;
            Ok((theta, Some(scaling)))
        }
        other => Err(format!(
            "rope_type '{other}' is not supported; supported are default, linear, llama3"
        )),
    }
}

/// The fields of `GPT2Config` that change what is computed.
#[derive(Debug, Serialize, Deserialize)]
struct Gpt2 {
    #[serde(default)]
    architectures: Vec<String>,
    model_type: String,
    vocab_size: usize,
    n_embd: usize,
    n_layer: usize,
    n_head: usize,
    n_inner: Option<usize>,
    #[serde(default = "a_thousand")]
    n_positions: usize,
    #[serde(default = "gelu_new")]
    activation_function: Activation,
    #[serde(default = "a_hundred_thousandth")]
    layer_norm_epsilon: f64,
    #[serde(default = "a_tenth")]
    resid_pdrop: f64,
    #[serde(default = "yes")]
    tie_word_embeddings: bool,
    #[serde(default = "yes")]
    scale_attn_weights: bool,
    #[serde(default)]
    scale_attn_by_inverse_layer_idx: bool,
    #[serde(default)]
    add_cross_attention: bool,
    pad_token_id: Option<i64>,
    #[serde(skip_serializing)]
    bos_token_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trained_length: Option<usize>,
}

fn a_thousand() -> usize {
    1_024
}

fn gelu_new() -> Activation {
    Activation::GeluTanh
}

fn a_hundred_thousandth() -> f64 {
    1e-5
}

fn a_tenth() -> f64 {
    0.1
}

fn yes() -> bool {
    true
}

impl Gpt2 {
    fn config(self) -> Result<ModelConfig, String> {
        refuse(!self.scale_attn_weights, "scale_attn_weights")?;
        refuse(self.scale_attn_by_inverse_layer_idx, "scale_attn_by_inverse_layer_idx")?;
        refuse(self.add_cross_attention, "add_cross_attention")?;
        Ok(ModelConfig {
            vocab_size: self.vocab_size,
            hidden_size: self.n_embd,
            num_hidden_layers: self.n_layer,
            num_attention_heads: self.n_head,
            intermediate_size: self.n_inner.unwrap_or(self.n_embd.saturating_mul(4)),
            max_position_embeddings: self.n_positions,
            trained_length: self.trained_length,
            hidden_dropout_prob: self.resid_pdrop,
            hidden_act: self.activation_function,
            position_embedding_type: PositionEmbedding::Absolute,
            tie_word_embeddings: self.tie_word_embeddings,
            layer_norm_eps: self.layer_norm_epsilon,
            pad_token_id: pad(self.pad_token_id, self.bos_token_id),
            ..ModelConfig::gpt2()
        })
    }
}

impl From<&ModelConfig> for Gpt2 {
    fn from(config: &ModelConfig) -> Self {
        Self {
            architectures: vec!["GPT2LMHeadModel".to_owned()],
            model_type: "gpt2".to_owned(),
            vocab_size: config.vocab_size,
            n_embd: config.hidden_size,
            n_layer: config.num_hidden_layers,
            n_head: config.num_attention_heads,
            n_inner: Some(config.intermediate_size),
            n_positions: config.max_position_embeddings,
            activation_function: config.hidden_act,
            layer_norm_epsilon: config.layer_norm_eps,
            resid_pdrop: config.hidden_dropout_prob,
            tie_word_embeddings: config.tie_word_embeddings,
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            add_cross_attention: false,
            pad_token_id: Some(config.pad_token_id.into()),
            bos_token_id: None,
            trained_length: config.trained_length,
        }
    }
}

/// What fills short rows, and is never a target: where a file names nothing, the token that begins a text, which is none
/// either.
fn pad(pad: Option<i64>, bos: Option<i64>) -> u32 {
    pad.into_iter().chain(bos).find_map(|id| u32::try_from(id).ok()).unwrap_or(0)
}

fn refuse(is_other: bool, field: &str) -> Result<(), String> {
    if is_other {
        Err(format!("{field} is not supported, except as it is by default"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<ModelConfig, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    const LLAMA: &str = r#"{"model_type": "llama", "vocab_size": 32, "hidden_size": 16, "intermediate_size": 24,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2"#;

    fn llama(more: &str) -> Result<ModelConfig, String> {
        parsed(&format!("{LLAMA}{more}}}"))
    }

    #[test]
    fn every_form_survives_being_written() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position_embeddings: 8_192,
        };
        let long = ModelConfig {
            rope_scaling: Some(scaling),
            head_dim: Some(32),
            trained_length: Some(9),
            ..ModelConfig::llama()
        };
        for config in [ModelConfig::causal(), ModelConfig::llama(), long, ModelConfig::gpt2()] {
            let text = serde_json::to_string(&config).unwrap();
            assert_eq!(parsed(&text).unwrap(), config, "{text}");
        }
    }

    #[test]
    fn both_ways_to_write_rotary_positions_are_read() {
        let numbers = r#""factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64"#;
        let old = llama(&format!(
            r#", "rope_theta": 5e5, "rope_scaling": {{"type": "llama3", {numbers}}}"#
        ))
        .unwrap();
        let new = llama(&format!(
            r#", "rope_parameters": {{"rope_type": "llama3", "rope_theta": 5e5, {numbers}}}"#
        ))
        .unwrap();
        assert_eq!((old.rope_theta, &old.rope_scaling), (5e5, &new.rope_scaling));
        assert!(old.rope_scaling.is_some() && old == new);
        let plain = llama(
            r#", "rope_parameters": {"rope_type": "default", "rope_theta": 7.0}, "pad_token_id": -1, "bos_token_id": 3"#,
        );
        let plain = plain.unwrap();
        assert_eq!((plain.rope_theta, plain.rope_scaling, plain.pad_token_id), (7.0, None, 3));
    }

    #[test]
    fn numbers_that_make_no_angle_are_refused() {
        let scaled = |scaling: &str| {
            let config = llama(&format!(r#", "rope_scaling": {{{scaling}}}"#)).unwrap();
            config.validate().unwrap_err().to_string()
        };
        let zero = scaled(r#""rope_type": "linear", "factor": 0.0"#);
        assert!(zero.contains("rope_scaling is Linear { factor: 0.0 }"), "{zero}");
        let numbers = r#""factor": 8.0, "original_max_position_embeddings": 64"#;
        let level = format!(
            r#""rope_type": "llama3", "low_freq_factor": 2.0, "high_freq_factor": 2.0, {numbers}"#
        );
        assert!(scaled(&level).contains("the high one above the low one"));
        let size = llama(r#", "head_dim": 18446744073709551614"#).unwrap();
        assert!(size.validate().is_ok() && size.parameter_count() > 1 << 40);
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let said = |text| parsed(text).unwrap_err();
        assert!(
            said(r#"{"model_type": "mistral"}"#)
                .contains("'mistral' is not supported; supported are llama, gpt2")
        );
        let said = |more| llama(more).unwrap_err();
        assert!(
            said(r#", "rope_scaling": {"rope_type": "yarn"}"#).contains("'yarn' is not supported")
        );
        assert!(said(r#", "attention_bias": true"#).contains("attention_bias"));
        assert!(said(r#", "hidden_act": "tanh""#).contains("tanh"));
        assert!(said(r#", "rope_scaling": {"rope_type": "llama3"}"#).contains("factor"));
        assert!(parsed(r#"{"model_type": "llama"}"#).unwrap_err().contains("missing field"));
        assert!(parsed(r#"{"model_type": 3}"#).is_err());
        assert!(parsed("[]").is_err());
    }
}
