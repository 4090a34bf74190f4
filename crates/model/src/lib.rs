//! Token ids to logits: a decoder-only transformer on libtorch.
//!
//! [`Model`] is the network, built from a [`ModelConfig`] (Hugging Face's names) and kept under the
//! weight names of the course notebook it reproduces, so that PyTorch loads it strictly and the other
//! way round. [`Session`] is one growing sequence of it and implements decoding's [`CausalLm`].
//! [`causality_probe`] shows whether a model reads the future, which the notebook's own does;
//! [`Model::attention`] and [`Model::logit_lens`] show where its heads look and what its layers would say.
//!
//! [`Sessions`] are many, as one batch.
//!
//! Shapes, here and in every file: B batch, T time, C channels (`hidden_size`), H heads, D head size
//! (C / H), V vocabulary.
//!
//! A [`tch::Tensor`] never leaves this crate and the trainer; everyone else sees slices and vectors.
//!
//! ```
//! use enredo_decoding::{GenerationConfig, generate};
//! use enredo_model::{Device, Model, ModelConfig};
//!
//! let config = ModelConfig { vocab_size: 50, hidden_size: 16, ..ModelConfig::causal() };
//! let model = Model::new(config, Device::Cpu)?;
//! let tokens: Vec<u32> = generate(model.session(), &[2, 7], &GenerationConfig::default(), 0)?
//!     .collect::<Result<_, _>>()?;
//! assert_eq!(tokens.len(), 20);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attention;
mod batch;
mod block;
mod candidates;
mod config;
mod decoder;
mod device;
mod error;
mod feed_forward;
mod flops;
mod folder;
mod hugging_face;
mod inside;
mod layers;
mod mode;
mod names;
mod probe;
mod reading;
mod rotary;
mod session;
mod sessions;
mod steps;
mod weights;

pub use batch::Batch;
pub use candidates::Candidates;
pub use config::{Activation, ModelConfig, ModelType, PositionEmbedding};
pub use decoder::Model;
pub use device::{device_name, parse_device, seed, set_threads, threads};
pub use enredo_decoding::{BatchLm, CausalLm};
pub use error::{Error, Misshapen, Result};
pub use flops::gemm_peak;
pub use inside::{AttentionMap, LensCell};
pub use mode::{Dtype, Mode};
pub use probe::{CausalityProbe, causality_probe};
pub use rotary::RopeScaling;
pub use session::Session;
pub use sessions::Sessions;
pub use tch::Device;
