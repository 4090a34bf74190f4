//! What has to hold of every row, chain and configuration, and how bytes become them.
//!
//! [`Case`] is a row of logits, a context and a chain, made of a fuzzer's bytes; [`Links`] and [`Row`]
//! are its parts. [`check`] asserts what must hold of a sampler on a row, whoever made the two. [`check_config`]
//! asserts it of what JSON text configures. The targets are a line each.

mod bytes;
mod case;
mod config;
mod links;
mod properties;
mod row;

pub use case::Case;
pub use config::check_config;
pub use links::{Link, Links};
pub use properties::{Step, check, check_greedy, check_state, check_top_k};
pub use row::Row;
