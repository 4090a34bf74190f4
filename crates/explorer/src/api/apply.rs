//! `POST /api/v1/apply`: what a strategy makes of the row. The page does this itself; here is what it is
//! held to.

use std::f64::consts::LN_2;

use axum::{Json, extract::State};
use enredo_decoding::{Context, GenerationConfig, Sampler, Trace, TracedToken};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    question::{Question, Row},
    strategy::{SEED, refused},
};
use crate::{json::Body, problem::Problem};

/// The rows where nothing is said, as in the course notebook.
const TOP_N: usize = 15;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    prompt: Option<String>,
    ids: Option<Vec<u32>>,
    step: Option<u64>,
    config: GenerationConfig,
    seed: Option<u64>,
    top_n: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Answer {
    step: u64,
    ids: Vec<u32>,
    seed: u64,
    picked: u32,
    /// Of what a draw follows.
    entropy_bits: f64,
    kept: usize,
    /// The likeliest by the model, best first.
    rows: Vec<TracedToken>,
    other: Other,
}

/// The tokens without a row.
#[derive(Serialize)]
struct Other {
    n: usize,
    p_raw: f64,
    p_final: f64,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(request): Body<Request>,
) -> Result<Json<Answer>, Problem> {
    let Request { prompt, ids, step, config, seed, top_n } = request;
    let question = Question::new(&api, prompt, ids, step)?;
    let top_n = rows(top_n, api.about.vocab_size)?;
    let seed = seed.unwrap_or(SEED);
    let sampler = config.sampler(seed).map_err(refused)?;
    let answer = api.queue.run(move |subject, _| {
        let row = question.ask(subject)?;
        Answer::new(row, sampler, seed, top_n)
    });
    answer.await.map(Json)
}

impl Answer {
    /// All of the sequence counts as prompt: the token is the first that follows.
    fn new(row: Row, mut sampler: Sampler, seed: u64, top_n: usize) -> Result<Self, Problem> {
        let Row { step, ids, logits } = row;
        let context = Context::from(&*ids).with_prompt_len(ids.len());
        // The row itself is sound, so it is the strategy that fails.
        let trace = sampler.trace(context, &logits).map_err(refused)?;
        let (entropy_bits, kept) = (trace.entropy_final() / LN_2, trace.kept());
        let Trace { picked, tokens: mut rows } = trace;
        let other = Other::of(&rows.split_off(top_n.min(rows.len())));
        Ok(Self { step, ids, seed, picked, entropy_bits, kept, rows, other })
    }
}

impl Other {
    fn of(tokens: &[TracedToken]) -> Self {
        // From +0, where the sum of nothing would be −0.
        let p_raw = tokens.iter().fold(0.0, |mass, token| mass + token.p_raw);
        let p_final = tokens.iter().fold(0.0, |mass, token| mass + token.p_final);
        Self { n: tokens.len(), p_raw, p_final }
    }
}

fn rows(asked: Option<usize>, vocab_size: usize) -> Result<usize, Problem> {
    match asked {
        None => Ok(TOP_N.min(vocab_size)),
        Some(n) if n <= vocab_size => Ok(n),
        Some(n) => {
            let detail =
                format!("there are {vocab_size} tokens and not {n}; ask for as many at most");
            Err(Problem::value("/top_n", detail))
        }
    }
}
