//! The subject as the endpoints see it: the shape of each answer has been looked at, so that none leads astray.

use std::sync::Arc;

use axum::http::StatusCode;
use enredo_decoding::check_row;

use crate::{
    About, AttentionMap, Documents, Fault, LensCell, Piece, Progress, Subject, Training,
    problem::Problem,
};

/// A [`Subject`] whose answers have the shapes that it promises; where one has not, that is a [`Problem`].
pub(crate) struct Checked {
    subject: Box<dyn Subject + Send>,
    about: Arc<About>,
}

impl Checked {
    pub(crate) fn new(subject: Box<dyn Subject + Send>, about: Arc<About>) -> Self {
        Self { subject, about }
    }

    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// At least one checkpoint, ascending.
    pub(crate) fn progress(&mut self) -> Result<Progress, Problem> {
        let progress = self.subject.progress().map_err(told)?;
        unordered(&progress).map_or(Ok(progress), |fault| Err(misshapen(fault)))
    }

    /// Tokens of the vocabulary, each of a range within `prompt`.
    pub(crate) fn tokenize(&mut self, prompt: &str) -> Result<Vec<Piece>, Problem> {
        let pieces = self.subject.tokenize(prompt).map_err(told)?;
        let (length, v) = (prompt.chars().count(), self.about.vocab_size);
        let sound =
            |&Piece { id, start, end }: &Piece| (id as usize) < v && start <= end && end <= length;
        match pieces.iter().find(|piece| !sound(piece)) {
            None => Ok(pieces),
            Some(Piece { id, start, end }) => Err(misshapen(format!(
                "the tokenizer found token {id} of {v} at {start}..{end} of {length} characters"
            ))),
        }
    }

    /// V scores; no NaN, no +∞, not all −∞.
    pub(crate) fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Problem> {
        let logits = self.subject.logits(step, ids).map_err(told)?;
        self.check_rows(logits, 1)
    }

    /// (T, V) scores, each row as in [`logits`](Self::logits).
    pub(crate) fn logits_of_each(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Problem> {
        let logits = self.subject.logits_of_each(step, ids).map_err(told)?;
        self.check_rows(logits, ids.len())
    }

    fn check_rows(&self, logits: Vec<f32>, rows: usize) -> Result<Vec<f32>, Problem> {
        let (got, v) = (logits.len(), self.about.vocab_size);
        if got != rows * v {
            let times = if rows == 1 { String::new() } else { format!("{rows} times ") };
            return Err(misshapen(format!("the model gave {got} scores for {times}{v} tokens")));
        }
        let mut each = logits.chunks(v.max(1));
        each.try_for_each(check_row).map_err(|error| Problem::fault(&error))?;
        Ok(logits)
    }

    /// The maps of `layer`, at least one, (H, T, T) each and all finite.
    pub(crate) fn attention(
        &mut self,
        step: u64,
        ids: &[u32],
        layer: usize,
    ) -> Result<Vec<AttentionMap>, Problem> {
        let mut maps = self.subject.attention(step, ids).map_err(told)?;
        maps.retain(|map| map.layer == layer);
        if maps.is_empty() {
            return Err(misshapen(format!("the model gave no attention of layer {layer}")));
        }
        let fault = maps.iter().find_map(|map| fault_of_map(map, ids.len()));
        fault.map_or(Ok(maps), |fault| Err(misshapen(fault)))
    }

    /// A row of T cells for each of layers + 1.
    pub(crate) fn lens(
        &mut self,
        step: u64,
        ids: &[u32],
        top_n: usize,
    ) -> Result<Vec<Vec<LensCell>>, Problem> {
        let rows = self.subject.lens(step, ids, top_n).map_err(told)?;
        let (expected, v) = (self.about.layers + 1, self.about.vocab_size);
        if rows.len() != expected || rows.iter().any(|row| row.len() != ids.len()) {
            let lengths: Vec<_> = rows.iter().map(Vec::len).collect();
            let t = ids.len();
            return Err(misshapen(format!(
                "the lens gave rows of {lengths:?} cells, and {expected} of {t} were asked for"
            )));
        }
        let fault = rows.iter().flatten().find_map(|cell| fault_of_cell(cell, top_n, v));
        fault.map_or(Ok(rows), |fault| Err(misshapen(fault)))
    }

    pub(crate) fn training(&mut self) -> Result<&Training, Problem> {
        let none = || missing("nothing is recorded of this run's training; there is no curve");
        self.subject.training().map_err(told)?.ok_or_else(none)
    }

    pub(crate) fn documents(&mut self) -> Result<&Documents, Problem> {
        let none =
            || missing("the texts of this run are not to be had; give the explorer the data");
        self.subject.documents().map_err(told)?.ok_or_else(none)
    }
}

/// What is wrong with the checkpoints, where something is.
pub(crate) fn unordered(progress: &Progress) -> Option<String> {
    let steps = progress.checkpoints.iter().map(|checkpoint| checkpoint.step);
    let sound = steps.len() > 0 && steps.clone().is_sorted_by(|a, b| a < b);
    (!sound).then(|| format!("the steps are {:?}", steps.collect::<Vec<_>>()))
}

fn fault_of_map(map: &AttentionMap, t: usize) -> Option<String> {
    let AttentionMap { layer, heads, weights, .. } = map;
    let of = format!("the attention of layer {layer}");
    let expected = heads.saturating_mul(t * t);
    if *heads == 0 || weights.len() != expected {
        let got = weights.len();
        return Some(format!("{of} has {got} weights for {heads} heads of {t} by {t}"));
    }
    let bad = weights.iter().find(|weight| !weight.is_finite())?;
    Some(format!("{of} has the weight {bad}"))
}

fn fault_of_cell(cell: &LensCell, top_n: usize, v: usize) -> Option<String> {
    let LensCell { top, entropy, divergence, rank } = cell;
    let unsound = |&&(id, p): &&(u32, f64)| id as usize >= v || !(0.0..=1.0 + 1e-6).contains(&p);
    let of = |fault| Some(format!("a cell of the lens {fault}"));
    if top.len() != top_n {
        return of(format!("has {} tokens, and {top_n} were asked for", top.len()));
    }
    if let Some((id, p)) = top.iter().find(unsound) {
        return of(format!("gives token {id} of {v} the probability {p}"));
    }
    if !entropy.is_finite() || divergence.is_nan() || *rank >= v {
        return of(format!("has entropy {entropy}, divergence {divergence}, rank {rank} of {v}"));
    }
    None
}

// By value, as `map_err` has it.
#[allow(clippy::needless_pass_by_value)]
fn told(fault: Fault) -> Problem {
    Problem::fault(&*fault)
}

fn misshapen(fault: String) -> Problem {
    Problem::fault(&*Fault::from(fault))
}

fn missing(detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, detail)
}
