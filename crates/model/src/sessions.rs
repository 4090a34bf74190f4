//! Many growing sequences of a model, with the keys and values of what they have read.

use std::sync::Arc;

use enredo_decoding::{BatchLm, rows_exist, scores_per_row};
use enredo_torch_ext::decode::{Cache, Seen};
use tch::Tensor;

use crate::{
    Error, Mode, Model, ModelConfig, Result,
    decoder::to_vec,
    steps::{New, Rooms, Steps},
};

/// Sequences of their own lengths and the model that scores what follows each: one, which is empty, at first.
///
/// A score reads at most the last [`window`](ModelConfig::window) tokens. Learned positions belong to a place in the window:
/// when it is full, it moves on by half its length ([`window_start`](ModelConfig::window_start)), and what is left of it
/// is read again. Rotary positions are distances: each layer attends to the last tokens, as many as the window, and
/// nothing is read again. The faithful model, whose blocks read all tokens, and models on other devices keep nothing and read
/// the whole window for each score.
///
/// # Performance
/// Tokens that are fed together, of one row or of many, go through the layers together; each row's scores are the same to
/// the bit as if it were alone. A token costs one reading of the weights (shared by all rows) and its attention; a full window of W
/// learned positions costs W / 2 tokens more each W / 2 tokens. Keys and values take 2 · layers · K · D numbers a token,
/// for up to W tokens a row (2 W with rotary positions); room for them grows with the sequence, and nothing else is allocated
/// for a token.
#[derive(Debug)]
pub struct Sessions<'m> {
    model: &'m Model,
    steps: Option<Arc<Steps>>,
    rows: Vec<Row>,
    caches: Vec<Cache>, // of the rows, in order
    new: Vec<New>,
    rooms: Rooms,
}

/// One sequence; its cache holds tokens `start` to `start + held`.
#[derive(Clone, Debug, Default)]
struct Row {
    tokens: Vec<u32>,
    start: usize,
    held: usize,
}

/// Scores to be written: of the tokens at `from` of a pass, to row `to` of the logits.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    from: usize,
    to: usize,
    count: usize,
}

impl Wanted {
    /// Appends it, or makes the last longer where it goes on.
    fn join(self, all: &mut Vec<Self>) {
        match all.last_mut() {
            Some(Self { from, to, count })
                if (*from + *count, *to + *count) == (self.from, self.to) =>
            {
                *count += self.count;
            }
            _ => all.push(self),
        }
    }
}

/// The most tokens that go through the layers at once.
const PASS: usize = 512;

impl<'m> Sessions<'m> {
    pub(crate) fn new(model: &'m Model) -> Self {
        let (rows, caches) = (vec![Row::default()], Vec::new());
        Self { model, steps: None, rows, caches, new: Vec::new(), rooms: Rooms::default() }
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

    /// Reads what has not been read, a pass after the other, and writes the scores after the last `each` tokens of each row.
    fn read(&mut self, steps: &Steps, each: usize, logits: &mut [f32]) -> Result<()> {
        let config = self.model.config();
        self.caches.resize_with(self.rows.len(), || steps.cache());
        let mut scored: Vec<usize> = self.rows.iter().map(|row| row.tokens.len() - each).collect();
        while self.rows.iter().any(|row| !row.is_read()) {
            let wanted = self.pass(config, each, &mut scored);
            steps.read(self.model.rotary(), &self.new, &mut self.caches, &mut self.rooms)?;
            for Wanted { from, to, count } in wanted {
                let v = config.vocab_size;
                let to = &mut logits[to * v..(to + count) * v];
                steps.score(from..from + count, &self.rooms, to)?;
            }
            for New { seen, .. } in &self.new {
                self.rows[seen.cache].held = seen.places.end;
            }
        }
        Ok(())
    }

    /// Puts the next tokens of every row into `new`; returns which of them are to be scored. `scored` is each row's first token
    /// that is not.
    fn pass(&mut self, config: &ModelConfig, each: usize, scored: &mut [usize]) -> Vec<Wanted> {
        let most = (PASS / self.rows.len()).max(1);
        let mut wanted: Vec<Wanted> = Vec::new();
        self.new.clear();
        for (i, (row, cache)) in self.rows.iter_mut().zip(&mut self.caches).enumerate() {
            let next = row.make_room(config, cache, most);
            let first = next.start.max(scored[i]).min(next.end);
            let (from, count) = (self.new.len() + first - next.start, next.end - first);
            scored[i] = scored[i].max(next.end);
            if count > 0 {
                let to = i * each + each - (row.tokens.len() - first);
                Wanted { from, to, count }.join(&mut wanted);
            }
            self.new.extend(next.map(|token| row.new(config, i, token)));
        }
        wanted
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

impl Row {
    fn is_read(&self) -> bool {
        self.start + self.held == self.tokens.len()
    }

    /// Prepares the cache for the next tokens, `most` at most, and says which they are.
    fn make_room(
        &mut self,
        config: &ModelConfig,
        cache: &mut Cache,
        most: usize,
    ) -> std::ops::Range<usize> {
        let window = config.window();
        let most_held = if config.is_rotary() { 2 * window } else { window };
        if self.is_read() {
            return self.tokens.len()..self.tokens.len();
        }
        let first = config.window_start(self.start + self.held + 1);
        if first < self.start || (!config.is_rotary() && first > self.start) {
            (self.start, self.held) = (if config.is_rotary() { 0 } else { first }, 0);
        } else if self.held == most_held {
            cache.drop_first(first - self.start, self.held);
            self.held -= first - self.start;
            self.start = first;
        }
        let next = self.start + self.held;
        let end = self.tokens.len().min(next + most).min(self.start + most_held);
        let places = end - self.start;
        if places > cache.capacity() {
            cache.grow(places.next_power_of_two().max(32).min(most_held), self.held);
        }
        next..end
    }

    fn new(&self, config: &ModelConfig, cache: usize, token: usize) -> New {
        let place = token - self.start;
        let first =
            if config.is_rotary() { config.window_start(token + 1) - self.start } else { 0 };
        let position = if config.is_rotary() { token } else { place };
        New { id: self.tokens[token], position, seen: Seen { cache, places: first..place + 1 } }
    }

    fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
        self.held = self.held.min(position.saturating_sub(self.start));
        if self.held == 0 {
            self.start = self.start.min(position);
        }
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
            self.caches =
                gathered(std::mem::take(&mut self.caches), rows, &self.rows, || steps.cache());
        }
        self.rows = rows.iter().map(|&row| self.rows[row].clone()).collect();
        Ok(())
    }

    fn truncate(&mut self, row: usize, position: usize) {
        if let Some(row) = self.rows.get_mut(row) {
            row.truncate(position);
        }
    }
}

/// The caches of the rows named, in that order; those of dropped rows take the copies.
fn gathered(
    caches: Vec<Cache>,
    rows: &[usize],
    held: &[Row],
    new: impl Fn() -> Cache,
) -> Vec<Cache> {
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
        let whole = if last[row] == Some(i) { kept[row].take() } else { None };
        gathered.extend(whole.or_else(|| {
            let mut copy = spare.pop().unwrap_or_else(&new);
            copy.copy_from(kept[row].as_ref()?, held[row].held);
            Some(copy)
        }));
    }
    gathered
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
