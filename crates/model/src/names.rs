//! Under which names each type of model keeps its weights.

use tch::nn;

use crate::{ModelConfig, ModelType};

/// Names relative to the root, and below `layers.N` relative to the layer.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) token_emb: &'static str,
    pub(crate) pos_emb: &'static str,
    pub(crate) layers: &'static str,
    pub(crate) norm: &'static str,
    pub(crate) lm_head: &'static str,
    /// The projections to queries, keys and values: as one matrix and bias, or as three layers.
    pub(crate) projections: Projections,
    pub(crate) out_proj: &'static str,
    /// The feed-forward layer's: the gate, where there is one, up and down.
    pub(crate) gate: Option<&'static str>,
    pub(crate) up: &'static str,
    pub(crate) down: &'static str,
    pub(crate) norms: &'static [&'static str],
}

#[derive(Debug)]
pub(crate) enum Projections {
    Joint { weight: &'static str, bias: &'static str },
    Apart([&'static str; 3]),
}

const ENREDO: Names = Names {
    token_emb: "token_emb",
    pos_emb: "pos_emb",
    layers: "decoder.layers",
    norm: "decoder.norm",
    lm_head: "lm_head",
    projections: Projections::Joint {
        weight: "self_attn.in_proj_weight",
        bias: "self_attn.in_proj_bias",
    },
    out_proj: "self_attn.out_proj",
    gate: None,
    up: "linear1",
    down: "linear2",
    norms: &["norm1", "norm2", "norm3"],
};

const LLAMA: Names = Names {
    token_emb: "model.embed_tokens",
    pos_emb: "",
    layers: "model.layers",
    norm: "model.norm",
    lm_head: "lm_head",
    projections: Projections::Apart(["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"]),
    out_proj: "self_attn.o_proj",
    gate: Some("mlp.gate_proj"),
    up: "mlp.up_proj",
    down: "mlp.down_proj",
    norms: &["input_layernorm", "post_attention_layernorm"],
};

const GPT2: Names = Names {
    token_emb: "transformer.wte",
    pos_emb: "transformer.wpe",
    layers: "transformer.h",
    norm: "transformer.ln_f",
    lm_head: "lm_head",
    projections: Projections::Joint { weight: "attn.c_attn.weight", bias: "attn.c_attn.bias" },
    out_proj: "attn.c_proj",
    gate: None,
    up: "mlp.c_fc",
    down: "mlp.c_proj",
    norms: &["ln_1", "ln_2"],
};

/// The notebook's second attention, to what the block reads of all tokens.
pub(crate) const CROSS: (&str, &str, &str) =
    ("multihead_attn.in_proj_weight", "multihead_attn.in_proj_bias", "multihead_attn.out_proj");

impl ModelConfig {
    pub(crate) fn names(&self) -> &'static Names {
        match self.model_type {
            ModelType::Enredo => &ENREDO,
            ModelType::Llama => &LLAMA,
            ModelType::Gpt2 => &GPT2,
        }
    }

    /// What the names of all blocks' weights begin with, `decoder.layers` for instance; then come a block's number and the
    /// rest.
    #[must_use]
    pub fn layers_name(&self) -> &'static str {
        self.names().layers
    }

    /// Whether a file holds the matrix of this name across, (in, out): those of GPT-2's `Conv1D`.
    pub(crate) fn is_across(&self, name: &str) -> bool {
        let conv = ["c_attn.weight", "c_proj.weight", "c_fc.weight"];
        self.model_type == ModelType::Gpt2 && conv.iter().any(|end| name.ends_with(end))
    }
}

/// The path of a dotted name.
pub(crate) fn at<'v>(path: &nn::Path<'v>, name: &str) -> nn::Path<'v> {
    name.split('.').fold(path.clone(), |path, part| path / part)
}

/// The path of a variable of a dotted name, and its last part.
pub(crate) fn place<'v, 'n>(path: &nn::Path<'v>, name: &'n str) -> (nn::Path<'v>, &'n str) {
    match name.rsplit_once('.') {
        Some((rest, last)) => (at(path, rest), last),
        None => (path.clone(), name),
    }
}
