//! Rows of a batch through the layers: which tokens go together, and which of them are scored.

use std::ops::Range;

use enredo_torch_ext::decode::{Cache, Seen};

use crate::{
    ModelConfig, Result,
    steps::{New, Steps},
};

pub(crate) use crate::steps::Rooms;

/// Some rows with their caches, and what is to be written of them.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) config: &'a ModelConfig,
    pub(crate) steps: &'a Steps,
    pub(crate) rows: &'a mut [Row],
    pub(crate) caches: &'a mut [Cache],
    pub(crate) rooms: &'a mut Rooms,
    /// How many scores a row, the last ones: (B, `each`, V).
    pub(crate) each: usize,
    pub(crate) logits: &'a mut [f32],
    pub(crate) done: Result<()>,
}

/// One sequence; its cache holds tokens `start` to `start + held`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) tokens: Vec<u32>,
    pub(crate) start: usize,
    pub(crate) held: usize,
    /// How many tokens have been read, or need not be; those of a window that has moved on are read again.
    read: usize,
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

/// Room for so many tokens is made at first.
const LEAST: usize = 64;

/// The most tokens that go through the layers at once.
const PASS: usize = 512;

impl Reading<'_> {
    /// Reads what has not been read, a pass after the other.
    pub(crate) fn read(&mut self) {
        self.done = self.passes();
    }

    fn passes(&mut self) -> Result<()> {
        let unscored = |row: &Row| row.tokens.len() - self.each;
        let mut scored: Vec<usize> = self.rows.iter().map(unscored).collect();
        // Of what is not scored, no more than the first score's window is read.
        self.rows
            .iter_mut()
            .zip(&scored)
            .for_each(|(row, &scored)| row.read = row.read.max(scored));
        let (mut new, v) = (Vec::new(), self.config.vocab_size);
        while self.rows.iter().any(|row| !row.is_read()) {
            let wanted = self.pass(&mut new, &mut scored)?;
            self.steps.read(&new, self.caches, self.rooms)?;
            for Wanted { from, to, count } in wanted {
                let to = &mut self.logits[to * v..(to + count) * v];
                self.steps.score(from..from + count, self.rooms, to)?;
            }
            for New { seen, .. } in &new {
                self.rows[seen.cache].hold(seen.places.end);
            }
        }
        Ok(())
    }

    /// Puts the next tokens of every row into `new`; returns which of them are to be scored. `scored` is each row's first token
    /// that is not.
    fn pass(&mut self, new: &mut Vec<New>, scored: &mut [usize]) -> Result<Vec<Wanted>> {
        let (most, each) = ((PASS / self.rows.len()).max(1), self.each);
        let mut wanted = Vec::new();
        new.clear();
        for (i, (row, cache)) in self.rows.iter_mut().zip(&mut *self.caches).enumerate() {
            let next = row.make_room(self.config, cache, most)?;
            let first = next.start.max(scored[i]).min(next.end);
            let (from, count) = (new.len() + first - next.start, next.end - first);
            scored[i] = scored[i].max(next.end);
            if count > 0 {
                let to = i * each + each - (row.tokens.len() - first);
                Wanted { from, to, count }.join(&mut wanted);
            }
            new.extend(next.map(|token| row.token(self.config, i, token)));
        }
        Ok(wanted)
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
    ) -> Result<Range<usize>> {
        let window = config.window();
        let most_held = if config.is_rotary() { window.saturating_mul(2) } else { window };
        if self.is_read() {
            return Ok(self.tokens.len()..self.tokens.len());
        }
        let next = self.start + self.held;
        let first =
            config.window_start(1 + if config.is_rotary() { next } else { next.max(self.read) });
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
            cache.grow(places.next_power_of_two().max(LEAST).min(most_held), self.held)?;
        }
        Ok(next..end)
    }

    fn token(&self, config: &ModelConfig, cache: usize, token: usize) -> New {
        let place = token - self.start;
        let first =
            if config.is_rotary() { config.window_start(token + 1) - self.start } else { 0 };
        let position = if config.is_rotary() { token } else { place };
        New { id: self.tokens[token], position, seen: Seen { cache, places: first..place + 1 } }
    }

    fn hold(&mut self, places: usize) {
        self.held = places;
        self.read = self.read.max(self.start + places);
    }

    pub(crate) fn truncate(&mut self, position: usize) {
        self.tokens.truncate(position);
        self.read = self.read.min(position);
        self.held = self.held.min(position.saturating_sub(self.start));
        if self.held == 0 {
            self.start = self.start.min(position);
        }
    }
}
