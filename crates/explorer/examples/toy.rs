//! The page on a model of nothing: scores from a hash, and texts that mean no good. Browser tests run it.
//!
//!     cargo run -p enredo-explorer --example toy -- [--vocab N] [--port N] [--live] [--leaks]
//!
//! `--live` is a run that goes on: 50 rows a second and a checkpoint every 2 s, for 12 s. With `--leaks` the
//! model reads the future. A prompt with the word `slow` is slow, `fail` fails at once, and after `break` the
//! model fails at the fifth token; a word without letter or digit is unknown.

// It says where the page is.
#![allow(clippy::print_stdout)]

use std::{
    env,
    error::Error,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    thread,
    time::{Duration, Instant},
};

use enredo_decoding::{log_softmax, softmax};
use enredo_explorer::{
    About, AttentionMap, Checkpoint, Document, Documents, Explorer, Fault, Floor, LensCell, Piece,
    Progress, State, Subject, Token, Training,
};
use enredo_run::{Eval, Metric};

/// The first texts of the vocabulary; a very long one comes after them, then the end, then plain ones.
const TEXTS: [&str; 18] = [
    "[BOS]",
    "[UNK]",
    "<script>alert(1)</script>",
    "</table>",
    "</svg><img src=x onerror=alert(1)>",
    "\"'&amp;",
    "\u{202e}txet",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "e\u{301}\u{323}",
    "\u{301}",
    "\u{fffd}",
    "line\nline",
    "\t",
    "",
    "\u{0}\u{1b}[31m",
    "\u{1f469}\u{200d}\u{1f680}",
    " the",
    "=1+1,\"2\"",
];
/// No answer may ever hold it.
const MASKED: u32 = 0;
/// Likely, and yet the preset never draws it.
const NEVER_DRAWN: u32 = 1;
/// For what the vocabulary does not have.
const UNKNOWN: u32 = 1;
const END: u32 = 19;
/// The first plain token.
const PLAIN: u32 = 20;
const WINDOW: usize = 16;
const LAYERS: usize = 3;
const HEADS: usize = 4;
const STEPS: [u64; 4] = [100, 200, 400, 800];
const SLOW: Duration = Duration::from_millis(1_500);
const SLOW_TOKEN: Duration = Duration::from_millis(100);
/// How many tokens after `break` the model fails.
const BREAKS_AFTER: usize = 5;
/// What a live run has at first, makes in a second, has between checkpoints, and ends with.
const LIVE: (u64, f64, u64, u64) = (100, 50.0, 100, 700);
const DOCUMENTS: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let (toy, port) = asked_for()?;
    let explorer = Explorer::bind(([127, 0, 0, 1], port).into(), Box::new(toy))?;
    println!("{}", explorer.url());
    io::stdout().flush()?;
    explorer.run();
    Ok(())
}

/// The toy and the port that the command line asks for.
fn asked_for() -> Result<(Toy, u16), Box<dyn Error>> {
    let usage = "usage: toy [--vocab N] [--port N] [--live] [--leaks], N a number, V at least 21";
    let (mut vocab, mut port, mut is_live, mut leaks) = (2_000, 0, false, false);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().unwrap_or_default().parse::<u32>().map_err(|_| usage);
        match &*word {
            "--vocab" => vocab = number()?,
            "--port" => port = u16::try_from(number()?)?,
            "--live" => is_live = true,
            "--leaks" => leaks = true,
            _ => return Err(usage.into()),
        }
    }
    if vocab <= PLAIN {
        return Err(usage.into());
    }
    let start = is_live.then(Instant::now);
    let (training, documents) = (Training::default(), documents());
    Ok((Toy { vocab, leaks, start, training, documents }, port))
}

struct Toy {
    vocab: u32,
    leaks: bool,
    /// When a run that goes on began.
    start: Option<Instant>,
    training: Training,
    documents: Documents,
}

impl Subject for Toy {
    fn about(&self) -> About {
        let prompts = ["This movie is a", "A story about love and", "In the future, the world"];
        About {
            run: "<b>toy</b>".into(),
            preset: "faithful".into(),
            vocab_size: self.vocab as usize,
            window: WINDOW,
            parameters: 1_234_567,
            layers: LAYERS,
            heads: HEADS,
            fingerprint: format!("toy-{}", self.vocab),
            prompts: prompts.map(String::from).into(),
            never_drawn: vec![NEVER_DRAWN],
            separator: " ".into(),
            unknown: Some(UNKNOWN),
            end_of_text: vec![END],
        }
    }

    fn vocabulary(&self) -> Vec<Token> {
        let odd = [" very long".repeat(30), "[EOS]".into()];
        let plain = (1..).map(|n| format!("word{n}"));
        let texts = TEXTS.map(String::from).into_iter().chain(odd).chain(plain);
        let token = |(id, text)| Token { text, special: id < 2 || id == END };
        (0..).zip(texts).map(token).take(self.vocab as usize).collect()
    }

    fn progress(&mut self) -> Result<Progress, Fault> {
        let (rows, planned) = self.rows();
        let checkpoint = |step: u64| Checkpoint {
            step,
            val_loss: (step != 400).then(|| 7.0 - (step as f64).ln() / 2.0),
        };
        let steps = if self.start.is_none() {
            STEPS.to_vec()
        } else {
            (1..=rows / LIVE.2).map(|n| n * LIVE.2).collect()
        };
        let checkpoints = steps.into_iter().map(checkpoint).collect();
        let state = if rows < planned { State::Running } else { State::Ended };
        Ok(Progress { state, steps: Some(planned), checkpoints })
    }

    /// An id a word.
    fn tokenize(&mut self, prompt: &str) -> Result<Vec<Piece>, Fault> {
        if prompt.contains("fail") {
            return Err("the toy's <i>tokenizer</i> broke".into());
        }
        if prompt.contains("slow") {
            thread::sleep(SLOW);
        }
        let (mut pieces, mut end) = (Vec::new(), 0);
        for word in prompt.split(char::is_whitespace) {
            let start = end;
            end = start + word.chars().count();
            pieces.extend((start < end).then(|| Piece { id: self.id(word), start, end }));
            end += 1; // what was split at
        }
        Ok(pieces)
    }

    fn logits(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        if ids.contains(&self.id("slow")) {
            thread::sleep(SLOW_TOKEN);
        }
        let after = ids.iter().rev().position(|&id| id == self.id("break"));
        if after.is_some_and(|tokens| tokens >= BREAKS_AFTER) {
            return Err("the toy's <i>model</i> broke".into());
        }
        Ok(self.scores(&(step, &ids[ids.len().saturating_sub(WINDOW)..])))
    }

    fn logits_of_each(&mut self, step: u64, ids: &[u32]) -> Result<Vec<f32>, Fault> {
        let scores = |n: usize| match self.leaks && n < ids.len() {
            true => self.scores(&(step, &ids[..n], ids)),
            false => self.scores(&(step, &ids[..n])),
        };
        Ok((1..=ids.len()).flat_map(scores).collect())
    }

    /// Causal, and beside it the faithful preset's cross-attention, which is not.
    fn attention(&mut self, step: u64, ids: &[u32]) -> Result<Vec<AttentionMap>, Fault> {
        let map = |layer, reads_the_future| {
            let row = |(head, place): (usize, usize)| {
                let seen = if reads_the_future { ids.len() } else { place + 1 };
                let key = (step, layer, reads_the_future, head, ids);
                let mut row: Vec<f64> = (0..seen).map(|to| random(&(key, place, to))).collect();
                row.iter_mut().for_each(|x| *x = (4.0 * *x).exp());
                let sum: f64 = row.iter().sum();
                let weight = move |to| row.get(to).map_or(0.0, |x| (x / sum) as f32);
                (0..ids.len()).map(weight).collect::<Vec<_>>()
            };
            let rows = (0..HEADS).flat_map(|head| (0..ids.len()).map(move |place| (head, place)));
            let weights = rows.flat_map(row).collect();
            AttentionMap { layer, reads_the_future, heads: HEADS, weights }
        };
        Ok((0..LAYERS).flat_map(|layer| [map(layer, false), map(layer, true)]).collect())
    }

    /// From noise to the model, layer by layer.
    fn lens(&mut self, step: u64, ids: &[u32], top_n: usize) -> Result<Vec<Vec<LensCell>>, Fault> {
        let each = self.logits_of_each(step, ids)?;
        let cell = |layer: usize, place: usize, model: &[f32]| {
            let done = layer as f32 / LAYERS as f32;
            let noise = self.scores(&("noise", layer, &ids[..=place]));
            let mix = |(&a, &b): (&f32, &f32)| match done < 1.0 && a.is_finite() {
                true => done * a + (1.0 - done) * b,
                false => a,
            };
            let row: Vec<f32> = model.iter().zip(&noise).map(mix).collect();
            cell(&row, model, top_n)
        };
        let row = |layer| {
            let rows = each.chunks(self.vocab as usize).enumerate();
            rows.map(|(place, model)| cell(layer, place, model)).collect()
        };
        (0..=LAYERS).map(row).collect()
    }

    fn training(&mut self) -> Result<Option<&Training>, Fault> {
        let (rows, _) = self.rows();
        let next = self.training.metrics.len() as u64 + 1;
        self.training.metrics.extend((next..=rows).map(metric));
        let next = self.training.evals.len() as u64 + 1;
        self.training.evals.extend((next..=rows / 50).map(|n| eval(50 * n)));
        self.training.floor = Some(Floor { nats: 1.75, standard_error: 0.02 });
        Ok(Some(&self.training))
    }

    fn documents(&mut self) -> Result<Option<&Documents>, Fault> {
        Ok(Some(&self.documents))
    }
}

impl Toy {
    /// How many steps have been done, and how many will be.
    fn rows(&self) -> (u64, u64) {
        let (first, a_second, _, last) = LIVE;
        self.start.map_or((STEPS[3], STEPS[3]), |start| {
            let made = (start.elapsed().as_secs_f64() * a_second) as u64;
            ((first + made).min(last), last)
        })
    }

    fn id(&self, word: &str) -> u32 {
        let telling = ["slow", "break"].into_iter().find(|telling| word.contains(telling));
        if !word.chars().any(char::is_alphanumeric) {
            return UNKNOWN;
        }
        PLAIN + (hash(&telling.unwrap_or(word)) % u64::from(self.vocab - PLAIN)) as u32
    }

    /// In steps of 1/8, so that many tie; the texts at the head of the vocabulary are the likeliest.
    fn scores(&self, key: &impl Hash) -> Vec<f32> {
        let score = |id: u32| {
            let random = random(&(key, id));
            let score = if id < PLAIN { 8.0 + 5.0 * random } else { 9.0 * random.powi(3) };
            ((8.0 * score).round() / 8.0) as f32
        };
        let scored = |id| match id {
            MASKED => f32::NEG_INFINITY,
            NEVER_DRAWN => 12.0,
            id => score(id),
        };
        (0..self.vocab).map(scored).collect()
    }
}

/// What `row` says, where `model` is right.
fn cell(row: &[f32], model: &[f32], top_n: usize) -> Result<LensCell, Fault> {
    let (p, ln_p, ln_model) = (softmax(row)?, log_softmax(row)?, log_softmax(model)?);
    let of = |scores: &[f32]| {
        let mut ids: Vec<u32> = (0..scores.len() as u32).collect();
        ids.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        ids
    };
    let (ranked, favourite) = (of(row), of(model)[0]);
    let expected = |(ln_p, x): (&f64, f64)| if *ln_p > f64::MIN { ln_p.exp() * x } else { 0.0 };
    let entropy = ln_p.iter().map(|x| expected((x, -x))).sum::<f64>().max(0.0);
    let divergence = ln_model.iter().zip(&ln_p).map(|(m, l)| expected((m, m - l))).sum();
    let rank = ranked.iter().position(|&id| id == favourite).unwrap_or_default();
    let top = ranked.iter().take(top_n).map(|&id| (id, p[id as usize])).collect();
    Ok(LensCell { top, entropy, divergence, rank })
}

/// It falls to the floor, and one step is no number.
fn metric(step: u64) -> Metric {
    let x = step as f64;
    let noise = random(&("loss", step)) - 0.5;
    let loss = 1.75 + 6.0 * (-x / 150.0).exp() + 0.6 * noise;
    Metric {
        step,
        loss: if step == 137 { f64::NAN } else { loss },
        lr: 1e-3 * (x / 50.0).min(1.0) * (1.0 - x / 1_000.0),
        grad_norm: 0.5 + 2.0 * random(&("norm", step)),
        tokens: 2_048 * step,
        train_seconds: x / 50.0,
        ..Metric::default()
    }
}

fn eval(step: u64) -> Eval {
    let x = step as f64;
    let train_loss = 1.75 + 6.0 * (-x / 150.0).exp();
    Eval {
        step,
        train_loss,
        val_loss: train_loss + 0.1,
        train_seconds: x / 50.0,
        bits_per_byte: None,
    }
}

/// Every second one has a lighthouse, some mean no good, and one is long.
fn documents() -> Documents {
    let document = |i: usize| {
        let hostile = TEXTS[i / 7 % TEXTS.len()];
        let words = if i.is_multiple_of(2) { "a Lighthouse by the sea" } else { "a house in town" };
        let text = match i {
            7 => "a long way to go ".repeat(400),
            i if i.is_multiple_of(7) => format!("{hostile} story {i} of {words} {hostile}"),
            i => format!("The story {i} of {words}."),
        };
        Document { text, held_out: i % 10 == 9 }
    };
    let documents = (0..DOCUMENTS).map(document).collect();
    Documents { source: "<i>made up</i>".into(), is_the_runs_own: true, documents }
}

/// From 0 to 1.
fn random(of: &impl Hash) -> f64 {
    hash(of) as f64 / 2_f64.powi(64)
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
