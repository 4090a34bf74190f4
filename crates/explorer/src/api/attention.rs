//! `POST /api/v1/attention`: who attends to whom in a layer.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    floats::{DTYPE, encoded},
    question::{Question, Sequence},
};
use crate::{AttentionMap, json::Body, problem::Problem};

/// The most positions that are looked at.
pub(super) const MOST: usize = 128;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    step: Option<u64>,
    layer: usize,
}

#[derive(Serialize)]
pub(super) struct Answer {
    step: u64,
    /// Those that were read.
    ids: Vec<u32>,
    /// How many of the first ids were not.
    cut: usize,
    layer: usize,
    maps: Vec<Map>,
}

#[derive(Serialize)]
struct Map {
    reads_the_future: bool,
    heads: usize,
    dtype: &'static str,
    /// (H, T, T): head, who attends, who is attended to.
    weights: String,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt, ids, step, layer }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let question = Question::new(&api, prompt, ids, step)?;
    let (layers, window) = (looked_into(api.about.layers)?, api.about.window);
    if layer >= layers {
        let last = layers - 1;
        let detail = format!("there is no layer {layer}; they run from 0 to {last}");
        return Err(Problem::value("/layer", detail));
    }
    let answer = api.queue.run(move |subject, _| {
        let mut sequence = question.settle(subject)?;
        let cut = sequence.keep_last(MOST, window);
        let Sequence { step, ids } = sequence;
        let maps = subject.attention(step, &ids, layer)?.iter().map(Map::new).collect();
        Ok(Answer { step, ids, cut, layer, maps })
    });
    answer.await.map(Json)
}

/// The number of layers.
///
/// # Errors
/// 404 where there are none.
pub(super) fn looked_into(layers: usize) -> Result<usize, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "this model has no layers to look into");
    Some(layers).filter(|&layers| layers > 0).ok_or_else(none)
}

impl Map {
    fn new(map: &AttentionMap) -> Self {
        let &AttentionMap { reads_the_future, heads, .. } = map;
        Self { reads_the_future, heads, dtype: DTYPE, weights: encoded(&map.weights) }
    }
}
