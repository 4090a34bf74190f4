//! `POST /api/v1/probe`: does the model read the future? Each token is changed in turn, and every position
//! says how far its scores moved.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    floats::{DTYPE, encoded},
    question::{Question, Sequence, no_token},
};
use crate::{
    checked::Checked,
    json::Body,
    problem::Problem,
    queue::{self, IsGone},
};

/// The most positions that are changed.
const MOST: usize = 64;
/// How far away the token lies that stands in for another, as in `enredo-model`'s `causality_probe`.
const STEP: usize = 7;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    step: Option<u64>,
    token: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct Answer {
    step: u64,
    /// Those that were read.
    ids: Vec<u32>,
    /// How many of the first ids were not.
    cut: usize,
    /// What stood in for each of them.
    replacements: Vec<u32>,
    dtype: &'static str,
    /// (T, T): the position that was changed, the position that moved.
    moved: String,
    /// The furthest that a position before the changed one moved.
    leak: f32,
    /// The furthest that any other moved.
    effect: f32,
    sees_the_future: bool,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt, ids, step, token }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let question = Question::new(&api, prompt, ids, step)?;
    let (v, window) = (api.about.vocab_size, api.about.window);
    if v < 2 {
        return Err(Problem::value(
            "",
            "the vocabulary has one token; nothing can stand in for it",
        ));
    }
    if let Some(token) = token.filter(|&token| token as usize >= v) {
        return Err(no_token("/token", token, v));
    }
    let answer = api.queue.run(move |subject, is_gone| {
        let mut sequence = question.settle(subject)?;
        let cut = sequence.keep_last(MOST, window);
        let stand_in = |&id: &u32| replacement(id, token, v);
        let replacements: Vec<u32> = sequence.ids.iter().map(stand_in).collect();
        let moved = movements(subject, is_gone, &sequence, &replacements)?;
        Ok(Answer::new(sequence, cut, replacements, &moved))
    });
    answer.await.map(Json)
}

/// `token`; where that is the token already or none, one further on.
fn replacement(id: u32, token: Option<u32>, v: usize) -> u32 {
    let other = (id as usize + STEP.min(v - 1)) % v;
    token.filter(|&token| token != id).unwrap_or(other as u32)
}

/// (T, T): the position that is changed, the position whose scores move.
fn movements(
    subject: &mut Checked,
    is_gone: IsGone<'_>,
    Sequence { step, ids }: &Sequence,
    replacements: &[u32],
) -> Result<Vec<f32>, Problem> {
    let v = subject.about().vocab_size;
    let before = subject.logits_of_each(*step, ids)?;
    let mut moved = Vec::with_capacity(ids.len() * ids.len());
    for (place, &other) in replacements.iter().enumerate() {
        if is_gone() {
            return Err(queue::gone());
        }
        let mut changed = ids.clone();
        changed[place] = other;
        let after = subject.logits_of_each(*step, &changed)?;
        moved.extend(before.chunks(v).zip(after.chunks(v)).map(|(a, b)| furthest(a, b)));
    }
    Ok(moved)
}

/// The greatest difference; two masked scores (−∞) do not differ.
fn furthest(before: &[f32], after: &[f32]) -> f32 {
    let moved = |(a, b): (&f32, &f32)| if a == b { 0.0 } else { (a - b).abs() };
    before.iter().zip(after).map(moved).fold(0.0, f32::max)
}

impl Answer {
    fn new(sequence: Sequence, cut: usize, replacements: Vec<u32>, moved: &[f32]) -> Self {
        let Sequence { step, ids } = sequence;
        let t = ids.len();
        let greatest = |earlier: bool| {
            let of = |i: &usize| (i % t < i / t) == earlier;
            (0..t * t).filter(of).map(|i| moved[i]).fold(0.0, f32::max)
        };
        let (leak, effect) = (greatest(true), greatest(false));
        let (moved, sees_the_future) = (encoded(moved), leak != 0.0);
        Self { step, ids, cut, replacements, dtype: DTYPE, moved, leak, effect, sees_the_future }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_masked_has_not_moved() {
        let masked = f32::NEG_INFINITY;
        assert_eq!(furthest(&[masked, 1.0, 2.0], &[masked, 1.5, 1.75]), 0.5);
        assert_eq!(furthest(&[masked, 1.0], &[0.0, 1.0]), f32::INFINITY);
        assert_eq!(furthest(&[1.0], &[1.0]), 0.0);
    }

    #[test]
    fn what_stands_in_is_never_the_token_itself() {
        for v in 2..20 {
            for id in 0..v as u32 {
                for token in (0..v as u32).map(Some).chain([None]) {
                    let other = replacement(id, token, v);
                    assert!(other != id && (other as usize) < v, "{other} for {id} of {v}");
                }
            }
        }
        assert_eq!((replacement(5, None, 10), replacement(5, Some(1), 10)), (2, 1));
    }
}
