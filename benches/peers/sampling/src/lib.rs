//! What the peer bench and the recorder of llama.cpp share.

pub mod llama;
