//! Many numbers in an answer: base64 of little-endian f32, because JSON has no −∞ and would triple the size.

use base64::{Engine, engine::general_purpose::STANDARD};

/// What `dtype` says of them.
pub(super) const DTYPE: &str = "f32le";

pub(super) fn encoded(numbers: &[f32]) -> String {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    STANDARD.encode(bytes)
}
