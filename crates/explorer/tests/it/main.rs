//! The server from outside: every endpoint, every refusal, and clients that mean no good.
#![allow(clippy::unwrap_used)]

mod api;
mod client;
mod data;
mod golden;
mod hostile;
mod inside;
mod memory;
mod stream;
mod toy;
