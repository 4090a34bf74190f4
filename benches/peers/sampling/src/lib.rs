//! What the peer bench, the page made of its medians and the recorder of llama.cpp share.

pub mod case;
#[cfg(feature = "peers")]
pub mod llama;
pub mod report;
pub mod row;
