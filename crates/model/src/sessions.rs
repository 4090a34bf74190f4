//! Many growing sequences of a model, with the keys and values of what they have read.

use std::sync::Arc;

use enredo_decoding::{BatchLm, Task, rows_exist, scores_per_row};
use enredo_torch_ext::decode::{Cache, in_parallel};
use tch::Tensor;

use crate::{
    Error, Mode, Model, Result,
    decoder::to_vec,
    reading::{Reading, Rooms, Row},
    steps::Steps,
    threads,
};

/// Sequences of their own lengths and the model that scores what follows each: one, which is empty, at first.
///
/// A score reads at most the last [`window`](crate::ModelConfig::window) tokens. Learned positions belong to a place in the window:
/// when it is full, it moves on by half its length ([`window_start`](crate::ModelConfig::window_start)), and what is left of it
/// is read again. Rotary positions are distances: each layer attends to the last tokens, as many as the window, and
/// nothing is read again. The faithful model, whose blocks read all tokens, and models on other devices keep nothing and read
/// the whole window for each score.
///
/// # Performance
/// Tokens that are fed together, of one row or of many, go through the layers together; each row's scores are the same to
/// the bit as if it were alone. A token costs one reading of the weights (shared by all rows) and its attention; a full window of W
/// learned positions costs W / 2 tokens more each W / 2 tokens. Keys and values take 2 · layers · K · D numbers a token,
/// for up to W tokens a row (2 W with rotary positions); room for them grows with the sequence.
///
/// What is kept was made by the weights as they were: a session ends where they change.
#[derive(Debug)]
pub struct Sessions<'m> {
    model: &'m Model,
    steps: Option<Arc<Steps>>,
    rows: Vec<Row>,
    caches: Vec<Cache>, // of the rows, in order
    rooms: Vec<Rooms>,  // of each part of the rows
}

/// In how many parts rows are read, on as many threads. A thread takes its rows through all layers where these are small;
/// where they are large, the threads share each layer.
fn parts(steps: &Steps, rows: usize) -> usize {
    if steps.size() > SMALL { 1 } else { threads().min(rows / FEW).max(1) }
}

/// So many numbers a core's own memory holds, or nearly.
const SMALL: usize = 1 << 20;

/// So few rows are no work for a thread.
const FEW: usize = 8;

impl<'m> Sessions<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        let (rows, caches) = (vec![Row::default()], Vec::new());
        Self { model, steps: None, rows, caches, rooms: Vec::new() }
    }

    /// The tokens fed to `row` so far; none for a row that is not there.
    #[must_use]
    pub fn tokens(&self, row: usize) -> &[u32] {
        self.rows.get(row).map_or(&[], |row| &row.tokens)
    }

    fn check(&self, tokens: &[&[u32]], scores: usize) -> Result<usize> {
        let vocab_size = self.vocab_size();
        let each = scores_per_row(tokens, scores, self.rows.len(), vocab_size);
        let each = each.map_err(|source| match tokens {
            [one] if self.rows.len() == 1 => {
                Error::LogitsBuffer { got: scores, tokens: one.len(), vocab_size }
            }
            _ => Error::Batch { source },
        })?;
        match tokens.iter().copied().flatten().find(|&&id| id as usize >= vocab_size) {
            Some(&token) => Err(Error::TokenOutOfRange { token, vocab_size }),
            None => Ok(each),
        }
    }

    /// Reads what has not been read, and writes the scores after the last `each` tokens of each row.
    fn read(&mut self, steps: &Steps, each: usize, logits: &mut [f32]) -> Result<()> {
        let config = self.model.config();
        self.caches.resize_with(self.rows.len(), || steps.cache());
        let share = self.rows.len().div_ceil(parts(steps, self.rows.len()));
        let count = self.rows.len().div_ceil(share.max(1));
        self.rooms.resize_with(count.max(self.rooms.len()), Default::default);
        let mut logits = logits.chunks_mut((share * each * config.vocab_size).max(1));
        let rows = self.rows.chunks_mut(share.max(1)).zip(self.caches.chunks_mut(share.max(1)));
        let mut readings: Vec<_> = rows
            .zip(&mut self.rooms)
            .map(|((rows, caches), rooms)| {
                let logits = logits.next().unwrap_or_default();
                Reading { config, steps, rows, caches, rooms, each, logits, done: Ok(()) }
            })
            .collect();
        in_parallel(&mut readings, Reading::read)?;
        readings.into_iter().try_for_each(|reading| reading.done)
    }

    /// The same by whole windows.
    fn read_whole(&self, each: usize, logits: &mut [f32]) -> Result<()> {
        let mut logits = logits.chunks_exact_mut(self.vocab_size());
        for row in &self.rows {
            for length in row.tokens.len() - each + 1..=row.tokens.len() {
                if let Some(logits) = logits.next() {
                    self.model.score_last(&row.tokens[..length], logits)?;
                }
            }
        }
        Ok(())
    }
}

impl BatchLm for Sessions<'_> {
    type Error = Error;

    fn vocab_size(&self) -> usize {
        self.model.config().vocab_size
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn position(&self, row: usize) -> usize {
        self.tokens(row).len()
    }

    fn feed(&mut self, tokens: &[&[u32]], logits: &mut [f32]) -> Result<()> {
        let each = self.check(tokens, logits.len())?;
        if self.steps.is_none() {
            self.steps = self.model.steps()?;
        }
        for (row, tokens) in self.rows.iter_mut().zip(tokens) {
            row.tokens.extend_from_slice(tokens);
        }
        match self.steps.clone() {
            Some(steps) => self.read(&steps, each, logits),
            None => self.read_whole(each, logits),
        }
    }

    /// A row that is only moved costs nothing, one that is forked a copy of its keys and values.
    fn gather(&mut self, rows: &[usize]) -> Result<()> {
        rows_exist(rows, self.rows.len()).map_err(|source| Error::Batch { source })?;
        if let Some(steps) = &self.steps {
            self.caches.resize_with(self.rows.len(), || steps.cache());
            let caches = std::mem::take(&mut self.caches);
            match gathered(caches, rows, &self.rows, || steps.cache()) {
                Ok(caches) => self.caches = caches,
                Err(error) => {
                    self.rows.iter_mut().for_each(|row| (row.start, row.held) = (0, 0));
                    return Err(error);
                }
            }
        }
        self.rows = rows.iter().map(|&row| self.rows[row].clone()).collect();
        Ok(())
    }

    fn truncate(&mut self, row: usize, position: usize) {
        if let Some(row) = self.rows.get_mut(row) {
            row.truncate(position);
        }
    }

    fn threads(&self) -> usize {
        threads()
    }

    fn run(&self, tasks: &mut [Task<'_>]) {
        // What cannot be run, for want of a thread, has done nothing, which whoever gave it sees.
        let _ = in_parallel(tasks, |task| task());
    }
}

/// The caches of the rows named, in that order; those of dropped rows take the copies.
fn gathered(
    caches: Vec<Cache>,
    rows: &[usize],
    held: &[Row],
    new: impl Fn() -> Cache,
) -> Result<Vec<Cache>> {
    let mut last = vec![None; caches.len()]; // where each is named for the last time
    rows.iter().enumerate().for_each(|(i, &row)| last[row] = Some(i));
    let (mut kept, mut spare) = (Vec::new(), Vec::new());
    for (cache, last) in caches.into_iter().zip(&last) {
        let (keep, drop) = if last.is_some() { (Some(cache), None) } else { (None, Some(cache)) };
        kept.push(keep);
        spare.extend(drop);
    }
    let mut gathered = Vec::with_capacity(rows.len());
    for (i, &row) in rows.iter().enumerate() {
        if last[row] == Some(i) {
            gathered.extend(kept[row].take());
        } else if let Some(original) = &kept[row] {
            let mut copy = spare.pop().unwrap_or_else(&new);
            copy.copy_from(original, held[row].held)?;
            gathered.push(copy);
        }
    }
    Ok(gathered)
}

impl Model {
    /// Writes the scores that follow `tokens`, as one forward pass over the last window of them gives them.
    fn score_last(&self, tokens: &[u32], logits: &mut [f32]) -> Result<()> {
        let window = &tokens[self.config().window_start(tokens.len())..];
        let ids: Vec<i64> = window.iter().map(|&id| i64::from(id)).collect();
        let t = ids.len() as i64;
        let scores = tch::no_grad(|| {
            let ids = Tensor::f_from_slice(&ids)?.f_view([1, t])?.f_to_device(self.device())?;
            to_vec(&self.forward(&ids, Mode::Generate(self.dtype()))?.f_narrow(1, t - 1, 1)?) // (1, 1, V)
        })?;
        logits.copy_from_slice(&scores);
        Ok(())
    }
}
