//! The rows of the three JSON Lines files. Field names are part of the format.
//!
//! JSON has no NaN: a number that is not finite is written as `null`, and read back as NaN.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use crate::layout;

/// A kind of row, and the file that holds it.
pub trait Row: Serialize + DeserializeOwned {
    /// The name of the file, one of [`layout::FILES`].
    const FILE: &'static str;
}

/// A training step, a line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The step, from 1.
    pub step: u64,
    /// Mean cross-entropy of the step's batch, in nats per target token.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// The learning rate that the step used.
    #[serde(deserialize_with = "null_is_nan")]
    pub lr: f64,
    /// L2 norm of all gradients, before clipping.
    #[serde(deserialize_with = "null_is_nan")]
    pub grad_norm: f64,
    /// Target tokens seen so far, padding left out.
    pub tokens: u64,
    /// Seconds of training so far: drawing and encoding batches included; evaluation, sampling and
    /// saving not.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_seconds: f64,
    /// Steps so far that were not applied, because their loss or gradient was not finite. Left out
    /// where there was none.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub skipped: u64,
}

/// An evaluation on held-out documents, a line of `evals.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Eval {
    /// The step after which it took place.
    pub step: u64,
    /// Mean training loss of the last 200 steps, in nats per target token.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss: f64,
    /// Mean cross-entropy over the held-out documents, in nats per target token.
    #[serde(deserialize_with = "null_is_nan")]
    pub val_loss: f64,
    /// Seconds of training so far, as in [`Metric`].
    #[serde(deserialize_with = "null_is_nan")]
    pub train_seconds: f64,
    /// Cross-entropy over the held-out documents in bits per byte of their UTF-8 text: the sum over
    /// all target tokens in nats, divided by ln 2 and by the bytes. Unlike `val_loss`, it compares
    /// models of different tokenizers. Left out where it was not measured; one that is not finite is
    /// read back as not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_byte: Option<f64>,
}

/// A generated text, a line of `samples.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The step after which it was drawn.
    pub step: u64,
    /// The text to be continued.
    pub prompt: String,
    /// How it was drawn.
    pub strategy: Strategy,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The prompt and its continuation as text.
    pub text: String,
    /// The continuation as token ids.
    pub tokens: Vec<u32>,
}

/// A decoding strategy as a sample records it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    /// What people call it, such as `greedy`.
    pub label: String,
    /// The whole of it, in the names of `generation_config.json`.
    pub config: serde_json::Value,
}

impl Row for Metric {
    const FILE: &'static str = layout::METRICS;
}

impl Row for Eval {
    const FILE: &'static str = layout::EVALS;
}

impl Row for Sample {
    const FILE: &'static str = layout::SAMPLES;
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_none_yet(count: &u64) -> bool {
    *count == 0
}

/// The way back; serde_json itself writes `null` for a number that is not finite.
fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(row: &impl Row) -> String {
        serde_json::to_string(row).unwrap()
    }

    fn back<R: Row>(row: &R) -> R {
        serde_json::from_str(&text(row)).unwrap()
    }

    #[test]
    fn field_names_are_the_format() {
        assert_eq!(
            text(&Metric { step: 1, loss: 2.5, ..Metric::default() }),
            r#"{"step":1,"loss":2.5,"lr":0.0,"grad_norm":0.0,"tokens":0,"train_seconds":0.0}"#
        );
        assert_eq!(
            text(&Eval { step: 200, val_loss: 3.5, ..Eval::default() }),
            r#"{"step":200,"train_loss":0.0,"val_loss":3.5,"train_seconds":0.0}"#
        );
        assert_eq!(
            text(&Eval { bits_per_byte: Some(1.25), ..Eval::default() }),
            r#"{"step":0,"train_loss":0.0,"val_loss":0.0,"train_seconds":0.0,"bits_per_byte":1.25}"#
        );
        let strategy = Strategy { label: "top-k".into(), config: serde_json::json!({"top_k": 5}) };
        assert_eq!(
            text(&Sample { prompt: "A".into(), strategy, tokens: vec![7], ..Sample::default() }),
            r#"{"step":0,"prompt":"A","strategy":{"label":"top-k","config":{"top_k":5}},"seed":0,"text":"","tokens":[7]}"#
        );
    }

    #[test]
    fn what_is_not_finite_becomes_null_and_then_nan() {
        let (loss, lr, grad_norm) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
        let row = Metric { loss, lr, grad_norm, ..Metric::default() };
        assert!(text(&row).contains(r#""loss":null,"lr":null,"grad_norm":null"#));
        assert!([back(&row).loss, back(&row).lr, back(&row).grad_norm].iter().all(|x| x.is_nan()));
    }

    #[test]
    fn bits_per_byte_may_be_missing() {
        for (written, read) in [(None, None), (Some(1.25), Some(1.25)), (Some(f64::NAN), None)] {
            let row = Eval { bits_per_byte: written, ..Eval::default() };
            assert_eq!(back(&row).bits_per_byte, read);
        }
    }

    #[test]
    fn numbers_come_back_bit_for_bit() {
        // Read one unit off without serde_json's float_roundtrip.
        let loss = 3.109_578_605_985_494_6;
        for loss in [loss, 1.0 / 3.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, -0.0] {
            let row = Metric { loss, ..Metric::default() };
            assert_eq!(back(&row).loss.to_bits(), loss.to_bits());
        }
    }

    #[test]
    fn a_missing_number_is_an_error_and_an_unknown_field_is_not() {
        let whole = text(&Eval::default());
        assert!(serde_json::from_str::<Eval>(&whole.replace(r#""val_loss":0.0,"#, "")).is_err());
        assert!(serde_json::from_str::<Eval>(&whole.replace('{', r#"{"later":1,"#)).is_ok());
    }
}
