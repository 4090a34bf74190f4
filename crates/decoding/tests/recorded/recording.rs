//! What other systems left of rows, as `benches/peers/sampling` recorded it.

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(crate) struct Recording {
    rows: Vec<Vec<Option<f32>>>,
    pub(crate) cases: Vec<Case>,
    #[serde(default)]
    pub(crate) mirostat: Vec<Sequence>,
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) row: usize,
    pub(crate) input_ids: Vec<u32>,
    pub(crate) prompt_len: usize,
    pub(crate) config: Map<String, Value>,
    pub(crate) kept: Vec<usize>,
    pub(crate) probabilities: Vec<f64>,
    /// Set where it is arbitrary which of equal tokens the system kept.
    pub(crate) ties: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Sequence {
    pub(crate) config: Map<String, Value>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Deserialize)]
pub(crate) struct Step {
    pub(crate) row: usize,
    pub(crate) mu: f64,
    pub(crate) kept: Vec<usize>,
    pub(crate) probabilities: Vec<f64>,
}

impl Recording {
    /// `tests/fixtures/SYSTEM.json`.
    pub(crate) fn of(system: &str) -> Self {
        let path = format!("{}/tests/fixtures/{system}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    /// A row's logits; null is −∞.
    pub(crate) fn logits(&self, row: usize) -> Vec<f32> {
        self.rows[row].iter().map(|x| x.unwrap_or(f32::NEG_INFINITY)).collect()
    }
}
