//! `POST /api/v1/generate`: a text, token by token as it is made, and what each was chosen from.

use std::{cell::RefCell, f64::consts::LN_2, time::Instant};

use axum::extract::State;
use enredo_decoding::{
    Generate, GenerationConfig, Sampler, StopReason, Trace, TracedToken, Traces,
};
use serde::{Deserialize, Serialize};

use super::{
    Api,
    question::{Question, Sequence},
    reader::Reader,
    strategy::{SEED, refused, top_n},
};
use crate::{
    checked::Checked,
    json::Body,
    lines::{Events, Lines},
    problem::Problem,
};

/// The most tokens that may be asked for.
const MOST: usize = 1_024;
/// The rows of each token, and the most there may be.
const TOP_N: usize = 10;
const MOST_TOP_N: usize = 100;

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

/// A line of the answer.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Start { step: u64, ids: Vec<u32>, cut: usize, seed: u64 },
    Token(Token),
    End { reason: Reason, seconds: f64 },
}

/// A token that was chosen, and what from.
#[derive(Serialize)]
struct Token {
    /// Its index in the sequence.
    position: usize,
    id: u32,
    rank: u32,
    p_raw: f64,
    p_final: f64,
    /// −log₂ `p_raw`.
    surprisal_bits: f64,
    /// Of the model's distribution.
    entropy_bits: f64,
    /// Of what the draw followed.
    entropy_final_bits: f64,
    kept: usize,
    /// The likeliest by the model, best first.
    top: Vec<TracedToken>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Reason {
    Length,
    Eos,
    Stop,
}

pub(super) async fn answer(
    State(api): State<Api>,
    Body(request): Body<Request>,
) -> Result<Lines, Problem> {
    let Request { prompt, ids, step, config, seed, top_n: rows } = request;
    let question = Question::new(&api, prompt, ids, step)?;
    let top_n = top_n(rows, TOP_N, MOST_TOP_N, api.about.vocab_size)?;
    let seed = seed.unwrap_or(SEED);
    let sampler = config.sampler(seed).map_err(refused)?;
    config.stop().map_err(refused)?;
    check_length(config.max_new_tokens)?;
    let work = move |subject: &mut Checked, events: &Events| {
        let sequence = question.settle(subject)?;
        let cut = sequence.ids.len().saturating_sub(subject.about().window);
        let Sequence { step, ids } = &sequence;
        events.tell(&Event::Start { step: *step, ids: ids.clone(), cut, seed })?;
        continue_it(subject, events, &sequence, &config, sampler, top_n)
    };
    api.queue.stream(work).await
}

fn check_length(max_new_tokens: usize) -> Result<(), Problem> {
    if max_new_tokens <= MOST {
        return Ok(());
    }
    let detail = format!("{max_new_tokens} tokens are too many; ask for {MOST} at most");
    Err(Problem::value("/config/max_new_tokens", detail))
}

/// Tells of each token; returns the end.
fn continue_it(
    subject: &mut Checked,
    events: &Events,
    sequence: &Sequence,
    config: &GenerationConfig,
    sampler: Sampler,
    top_n: usize,
) -> Result<Event, Problem> {
    let start = Instant::now();
    let subject = RefCell::new(subject);
    let is_gone = || events.is_gone();
    let model = Reader::new(&subject, sequence.step, &is_gone);
    let tokens = Generate::new(model, &sequence.ids, config, sampler).map_err(refused)?;
    let mut tokens = tokens.with_traces();
    for (position, trace) in (sequence.ids.len()..).zip(tokens.by_ref()) {
        events.tell(&Event::Token(Token::new(trace.map_err(refused)?, position, top_n)))?;
    }
    Ok(Event::End { reason: reason(&tokens), seconds: start.elapsed().as_secs_f64() })
}

impl Token {
    fn new(trace: Trace, position: usize, top_n: usize) -> Self {
        let (entropy_bits, kept) = (trace.entropy_raw() / LN_2, trace.kept());
        let entropy_final_bits = trace.entropy_final() / LN_2;
        let Trace { picked: id, tokens: mut top } = trace;
        let chosen = top.iter().find(|token| token.id == id);
        let (rank, p_raw, p_final) =
            chosen.map(|token| (token.rank, token.p_raw, token.p_final)).unwrap_or_default();
        // From +0, where the surprisal of what is certain would be −0.
        let surprisal_bits = 0.0 - p_raw.log2();
        top.truncate(top_n);
        top.shrink_to_fit();
        Self {
            position,
            id,
            rank,
            p_raw,
            p_final,
            surprisal_bits,
            entropy_bits,
            entropy_final_bits,
            kept,
            top,
        }
    }
}

fn reason(tokens: &Traces<Reader<'_>>) -> Reason {
    match tokens.stop_reason() {
        Some(StopReason::EndOfText(_)) => Reason::Eos,
        Some(StopReason::Sequence(_)) => Reason::Stop,
        Some(StopReason::Length) | None => Reason::Length,
    }
}
