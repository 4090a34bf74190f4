//! The part of a row that a chain of filters leaves: an interval of the total order.

use crate::kernel::Piece;

/// Scores from `highest` down to `lowest`; of those equal to an end, the ids that its range holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) lowest: End,
    pub(crate) highest: End,
}

/// Where an interval ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) score: f32,
    /// Of the tokens with just that score, those with ids in `from..to` are inside.
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl End {
    /// An end with all the ties of `score` inside.
    pub(crate) fn with_ties(score: f32) -> Self {
        Self { score, from: 0, to: u32::MAX }
    }

    fn has(&self, id: u32) -> bool {
        (self.from <= id) & (id < self.to)
    }
}

impl Interval {
    /// Every token that is not masked.
    pub(crate) fn all() -> Self {
        Self { lowest: End::with_ties(f32::MIN), highest: End::with_ties(f32::MAX) }
    }

    /// The part of `self` that is better than token `id` with `score`: of those with the same score the
    /// lower ids, the higher ones or none, as `ties` says.
    pub(crate) fn above(&self, id: u32, score: f32, ties: Ties) -> Self {
        let (from, to) = match ties {
            Ties::HighestIds => (id + 1, u32::MAX),
            Ties::LowestIds => (0, id),
            Ties::Kept => (0, 0),
        };
        let mut above = self.clone();
        above.raise(End { score, from, to });
        above
    }

    pub(crate) fn contains(&self, id: u32, score: f32) -> bool {
        // Without short cuts: a branch that no predictor can learn costs more than four comparisons.
        let above =
            (score > self.lowest.score) | ((score == self.lowest.score) & self.lowest.has(id));
        let below =
            (score < self.highest.score) | ((score == self.highest.score) & self.highest.has(id));
        above & below
    }

    /// Whether no filter has taken anything from the top.
    pub(crate) fn is_open(&self) -> bool {
        self.highest == End::with_ties(f32::MAX)
    }

    /// Whether all scores of at least `lowest` are inside.
    pub(crate) fn is_open_above(&self, lowest: f32) -> bool {
        let end = self.lowest;
        self.is_open() && (end.score < lowest || end == End::with_ties(lowest))
    }

    /// Moves the lower end up to `end`, if that is higher.
    pub(crate) fn raise(&mut self, end: End) {
        self.lowest = match end.score.partial_cmp(&self.lowest.score) {
            Some(std::cmp::Ordering::Greater) => end,
            Some(std::cmp::Ordering::Equal) => common(self.lowest, end),
            _ => self.lowest,
        };
    }

    /// Moves the upper end down to `end`, if that is lower.
    pub(crate) fn lower(&mut self, end: End) {
        self.highest = match end.score.partial_cmp(&self.highest.score) {
            Some(std::cmp::Ordering::Less) => end,
            Some(std::cmp::Ordering::Equal) => common(self.highest, end),
            _ => self.highest,
        };
    }

    pub(crate) fn intersect(&mut self, other: &Self) {
        self.raise(other.lowest);
        self.lower(other.highest);
    }

    /// Ranges of ids in which the interval is one of scores alone, for a row of `len`.
    pub(crate) fn pieces(&self, len: usize) -> Pieces {
        let Self { lowest, highest } = self;
        let mut bounds = [0, lowest.from, lowest.to, highest.from, highest.to, len as u32];
        bounds.iter_mut().for_each(|bound| *bound = (*bound).min(len as u32));
        bounds.sort_unstable();
        let mut pieces = Pieces::default();
        for (&start, &end) in bounds.iter().zip(&bounds[1..]).filter(|(start, end)| start < end) {
            pieces.push(Piece {
                ids: start as usize..end as usize,
                lowest: if lowest.has(start) { lowest.score } else { lowest.score.next_up() },
                highest: if highest.has(start) { highest.score } else { highest.score.next_down() },
            });
        }
        pieces
    }
}

fn common(a: End, b: End) -> End {
    End { score: a.score, from: a.from.max(b.from), to: a.to.min(b.to) }
}

/// At most five pieces, without an allocation.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    pieces: [Piece; 5],
    len: usize,
}

impl Default for Pieces {
    fn default() -> Self {
        let none = || Piece { ids: 0..0, lowest: 0.0, highest: 0.0 };
        Self { pieces: std::array::from_fn(|_| none()), len: 0 }
    }
}

impl Pieces {
    /// The part of the pieces with ids in `range`.
    pub(crate) fn within(&self, range: std::ops::Range<usize>) -> Self {
        let mut part = Self::default();
        for piece in &**self {
            let ids = piece.ids.start.max(range.start)..piece.ids.end.min(range.end);
            if !ids.is_empty() {
                part.push(Piece { ids, ..piece.clone() });
            }
        }
        part
    }

    fn push(&mut self, piece: Piece) {
        self.pieces[self.len] = piece;
        self.len += 1;
    }
}

impl std::ops::Deref for Pieces {
    type Target = [Piece];

    fn deref(&self) -> &[Piece] {
        &self.pieces[..self.len]
    }
}

/// Which of equal scores at the edge of a filter stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ties {
    /// The lowest ids: the one total order of this crate.
    #[default]
    LowestIds,
    /// The highest ids, as an ascending stable sort leaves it (Hugging Face's and vLLM's top-p).
    HighestIds,
    /// All of them (Hugging Face's and vLLM's top-k).
    Kept,
}
