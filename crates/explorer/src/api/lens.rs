//! `POST /api/v1/lens`: what the model would say if it ended after fewer layers.

use std::f64::consts::LN_2;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    attention::{MOST, looked_into},
    question::{Question, Sequence},
    strategy::top_n,
};
use crate::{LensCell, json::Body, problem::Problem};

/// The tokens of a cell where nothing is said, and the most there may be.
const TOP_N: usize = 5;
const MOST_TOP_N: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    step: Option<u64>,
    top_n: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Answer {
    step: u64,
    /// Those that were read.
    ids: Vec<u32>,
    /// How many of the first ids were not.
    cut: usize,
    /// Before the first layer, then after each; a cell a position.
    layers: Vec<Vec<Cell>>,
}

#[derive(Serialize)]
struct Cell {
    top: Vec<Guess>,
    entropy_bits: f64,
    divergence_bits: f64,
    rank: usize,
}

#[derive(Serialize)]
struct Guess {
    id: u32,
    p: f64,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(Request { prompt, ids, step, top_n: asked }): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let question = Question::new(&api, prompt, ids, step)?;
    looked_into(api.about.layers)?;
    let (v, window) = (api.about.vocab_size, api.about.window);
    let top_n = top_n(asked, TOP_N, MOST_TOP_N, v)?;
    let answer = api.queue.run(move |subject, _| {
        let mut sequence = question.settle(subject)?;
        let cut = sequence.keep_last(MOST, window);
        let Sequence { step, ids } = sequence;
        let cells = |row: Vec<LensCell>| row.into_iter().map(Cell::from).collect();
        let layers = subject.lens(step, &ids, top_n)?.into_iter().map(cells).collect();
        Ok(Answer { step, ids, cut, layers })
    });
    answer.await.map(Json)
}

impl From<LensCell> for Cell {
    fn from(LensCell { top, entropy, divergence, rank }: LensCell) -> Self {
        let top = top.into_iter().map(|(id, p)| Guess { id, p }).collect();
        Self { top, entropy_bits: entropy / LN_2, divergence_bits: divergence / LN_2, rank }
    }
}
