//! The seam for many sequences at once: samples side by side, beams, requests of several users.

use crate::{CausalLm, Error, Result};

/// A model that scores the next tokens of B growing sequences (rows) of their own lengths.
///
/// It is [`CausalLm`] with rows: a batch of one is one stream ([`OneRow`]). A decoder that needs more
/// rows forks them with [`gather`](Self::gather), and drops the finished ones the same way, so that no
/// work is done for them. An implementation with a cache of keys and values keeps one entry for each row
/// and position; `gather` selects along the row axis (an index may repeat), `truncate` shortens one row.
///
/// Shapes: B rows, V tokens, S scores for each row.
pub trait BatchLm {
    /// What the model itself can fail with.
    type Error: std::error::Error + Send + Sync + 'static;

    /// V, the number of tokens that get a score.
    fn vocab_size(&self) -> usize;

    /// B, the number of rows; 0 once all have been dropped.
    fn rows(&self) -> usize;

    /// The number of tokens fed so far to `row`; 0 for a row that is not there.
    fn position(&self, row: usize) -> usize;

    /// Appends `tokens[row]` to each row; writes the scores that follow each of its last S tokens, where
    /// S = `logits.len() / (B·V)`, as (B, S, V).
    ///
    /// Rows may be fed different numbers of tokens, each at least S. `tokens.len()` is B and
    /// `logits.len()` a multiple of B·V; S = 1 is the usual call, S = 0 asks for no scores.
    ///
    /// # Errors
    /// Whatever the model fails with, for instance other shapes or a token outside its vocabulary. What
    /// the rows hold after an error is not defined; [`truncate`](Self::truncate) them to a length known
    /// to be good.
    fn feed(&mut self, tokens: &[&[u32]], logits: &mut [f32]) -> Result<(), Self::Error>;

    /// Makes row i what row `rows[i]` was: reorders, forks (an index twice) and drops (an index not
    /// named) rows. Afterwards B is `rows.len()`.
    ///
    /// # Errors
    /// Whatever the model fails with, for instance a row that is not there or a lack of memory.
    fn gather(&mut self, rows: &[usize]) -> Result<(), Self::Error>;

    /// Forgets every token of `row` from `position` on; does nothing where there are not that many.
    fn truncate(&mut self, row: usize, position: usize);

    /// How many threads [`run`](Self::run) has; 1 by default.
    fn threads(&self) -> usize {
        1
    }

    /// Runs `tasks`, on the threads that the model itself computes on: they wait while tokens are chosen, and where they wait
    /// awake, no other thread would get their cores. One after the other by default.
    fn run(&self, tasks: &mut [Task<'_>]) {
        tasks.iter_mut().for_each(|task| task());
    }
}

/// Work for one thread.
pub type Task<'a> = Box<dyn FnMut() + Send + 'a>;

impl<M: BatchLm + ?Sized> BatchLm for &mut M {
    type Error = M::Error;

    fn vocab_size(&self) -> usize {
        (**self).vocab_size()
    }

    fn rows(&self) -> usize {
        (**self).rows()
    }

    fn position(&self, row: usize) -> usize {
        (**self).position(row)
    }

    fn feed(&mut self, tokens: &[&[u32]], logits: &mut [f32]) -> Result<(), Self::Error> {
        (**self).feed(tokens, logits)
    }

    fn gather(&mut self, rows: &[usize]) -> Result<(), Self::Error> {
        (**self).gather(rows)
    }

    fn truncate(&mut self, row: usize, position: usize) {
        (**self).truncate(row, position);
    }

    fn threads(&self) -> usize {
        (**self).threads()
    }

    fn run(&self, tasks: &mut [Task<'_>]) {
        (**self).run(tasks);
    }
}

/// A batch whose rows are clones of a [`CausalLm`], fed one after the other: any model can be searched,
/// at the price of one call for each row.
///
/// ```
/// use enredo_decoding::{BatchLm, Clones, testing::Cycle};
///
/// let mut batch = Clones::new(Cycle::new(3)); // one row
/// batch.gather(&[0, 0])?; // two
/// let mut logits = [0.0; 2 * 3];
/// batch.feed(&[&[0, 1], &[2]], &mut logits)?;
/// assert_eq!((batch.position(0), batch.position(1)), (2, 1));
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Clones<M> {
    rows: Vec<M>,
    vocab_size: usize,
}

impl<M: CausalLm + Clone> Clones<M> {
    /// A batch of one row: `model`, with what it has been fed.
    #[must_use]
    pub fn new(model: M) -> Self {
        Self { vocab_size: model.vocab_size(), rows: vec![model] }
    }
}

impl<M: CausalLm + Clone> BatchLm for Clones<M> {
    type Error = Error;

    fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn position(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, CausalLm::position)
    }

    fn feed(&mut self, tokens: &[&[u32]], logits: &mut [f32]) -> Result<()> {
        let each = scores_per_row(tokens, logits.len(), self.rows.len(), self.vocab_size)?
            * self.vocab_size;
        for (i, (model, tokens)) in self.rows.iter_mut().zip(tokens).enumerate() {
            model.feed(tokens, &mut logits[i * each..(i + 1) * each]).map_err(Error::model)?;
        }
        Ok(())
    }

    fn gather(&mut self, rows: &[usize]) -> Result<()> {
        rows_exist(rows, self.rows.len())?;
        let mut old: Vec<Option<M>> =
            std::mem::take(&mut self.rows).into_iter().map(Some).collect();
        for (i, &row) in rows.iter().enumerate() {
            let forked = rows[i + 1..].contains(&row);
            self.rows.extend(if forked { old[row].clone() } else { old[row].take() });
        }
        Ok(())
    }

    fn truncate(&mut self, row: usize, position: usize) {
        if let Some(model) = self.rows.get_mut(row) {
            model.truncate(position);
        }
    }
}

/// One stream out of a batch of one row.
#[derive(Clone, Debug)]
pub struct OneRow<B>(B);

impl<B: BatchLm> OneRow<B> {
    /// # Errors
    /// [`Error::BatchRows`] where the batch has not exactly one row.
    pub fn new(batch: B) -> Result<Self> {
        one_row(&batch)?;
        Ok(Self(batch))
    }

    /// The batch.
    pub fn into_inner(self) -> B {
        self.0
    }
}

impl<B: BatchLm> CausalLm for OneRow<B> {
    type Error = B::Error;

    fn vocab_size(&self) -> usize {
        self.0.vocab_size()
    }

    fn feed(&mut self, tokens: &[u32], logits: &mut [f32]) -> Result<(), B::Error> {
        self.0.feed(&[tokens], logits)
    }

    fn position(&self) -> usize {
        self.0.position(0)
    }

    fn truncate(&mut self, position: usize) {
        self.0.truncate(0, position);
    }
}

/// S, how many scores a call of [`BatchLm::feed`] asks for each row: for implementations.
///
/// # Errors
/// [`Error::BatchRows`] where there are not tokens for each of `rows` rows, [`Error::BatchScores`] where `scores` numbers are
/// not whole rows of `vocab_size`, as many for each, or more than the fewest tokens.
pub fn scores_per_row(
    tokens: &[&[u32]],
    scores: usize,
    rows: usize,
    vocab_size: usize,
) -> Result<usize> {
    if tokens.len() != rows {
        return Err(Error::BatchRows { got: tokens.len(), rows });
    }
    let fewest = tokens.iter().map(|tokens| tokens.len()).min().unwrap_or(0);
    let unit = (rows * vocab_size).max(1);
    if !scores.is_multiple_of(unit) || scores > unit * fewest {
        return Err(Error::BatchScores { got: scores, rows, vocab_size, fewest });
    }
    Ok(scores / unit)
}

/// Whether a call of [`BatchLm::gather`] names rows that are there: for implementations.
///
/// # Errors
/// [`Error::RowOutOfRange`] names the first that is not.
pub fn rows_exist(named: &[usize], rows: usize) -> Result<()> {
    match named.iter().find(|&&row| row >= rows) {
        Some(&row) => Err(Error::RowOutOfRange { row, rows }),
        None => Ok(()),
    }
}

/// Refuses a batch that is not one row.
pub(crate) fn one_row(batch: &impl BatchLm) -> Result<()> {
    match batch.rows() {
        1 => Ok(()),
        rows => Err(Error::BatchRows { got: 1, rows }),
    }
}

/// Feeds every row and puts its last scores into `logits`, resized to (B, V).
pub(crate) fn last_scores<B: BatchLm>(
    batch: &mut B,
    tokens: &[&[u32]],
    logits: &mut Vec<f32>,
) -> Result<()> {
    logits.resize(batch.rows() * batch.vocab_size(), 0.0);
    batch.feed(tokens, logits).map_err(Error::model)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{Cycle, Hashed};

    #[test]
    fn rows_score_as_they_would_alone() {
        let model = Hashed::new(4, 7);
        let mut batch = Clones::new(model.clone());
        let mut logits = vec![0.0; 4];
        batch.feed(&[&[1, 2]], &mut logits).unwrap();
        batch.gather(&[0, 0, 0]).unwrap();
        logits.resize(12, 0.0);
        batch.feed(&[&[0], &[3, 3, 1], &[2, 0]], &mut logits).unwrap();
        let expected: Vec<f32> = [&[1, 2, 0][..], &[1, 2, 3, 3, 1], &[1, 2, 2, 0]]
            .iter()
            .flat_map(|tokens| model.scores(tokens))
            .collect();
        assert_eq!(logits, expected);
        batch.gather(&[2, 1]).unwrap();
        batch.truncate(0, 3);
        assert_eq!((batch.rows(), batch.position(0), batch.position(1)), (2, 3, 5));
        logits.resize(8, 0.0);
        batch.feed(&[&[1], &[1]], &mut logits).unwrap();
        let expected = [model.scores(&[1, 2, 2, 1]), model.scores(&[1, 2, 3, 3, 1, 1])].concat();
        assert_eq!(logits, expected);
    }

    #[test]
    fn several_scores_a_row_come_row_after_row() {
        let model = Hashed::new(3, 1);
        let mut batch = Clones::new(model.clone());
        batch.gather(&[0, 0]).unwrap();
        let mut logits = vec![0.0; 2 * 2 * 3];
        batch.feed(&[&[0, 1], &[1, 2, 0]], &mut logits).unwrap();
        let expected: Vec<f32> = [&[0][..], &[0, 1], &[1, 2], &[1, 2, 0]]
            .iter()
            .flat_map(|tokens| model.scores(tokens))
            .collect();
        assert_eq!(logits, expected);
    }

    #[test]
    fn a_batch_of_one_is_a_stream() {
        let mut stream = OneRow::new(Clones::new(Hashed::new(3, 5))).unwrap();
        let (mut ours, mut theirs) = (vec![0.0; 6], vec![0.0; 6]);
        stream.feed(&[2, 1], &mut ours).unwrap();
        Hashed::new(3, 5).feed(&[2, 1], &mut theirs).unwrap();
        assert_eq!(ours, theirs);
        stream.truncate(1);
        assert_eq!(stream.position(), 1);
        stream.feed(&[], &mut []).unwrap();
    }

    #[test]
    fn wrong_shapes_are_refused() {
        let mut batch = Clones::new(Cycle::new(3));
        let refused = |result: Result<()>| result.unwrap_err().to_string();
        let message = refused(batch.feed(&[&[0], &[1]], &mut [0.0; 6]));
        assert!(message.contains("2 rows") && message.contains("has 1"), "{message}");
        let message = refused(batch.feed(&[&[0]], &mut [0.0; 4]));
        assert!(message.contains("4 numbers"), "{message}");
        let message = refused(batch.feed(&[&[0]], &mut [0.0; 6]));
        assert!(message.contains("6 numbers"), "{message}");
        assert!(refused(batch.gather(&[0, 1])).contains("row 1"));
        assert_eq!((batch.rows(), batch.position(0), batch.position(9)), (1, 0, 0));
        batch.gather(&[]).unwrap();
        assert!(OneRow::new(&mut batch).is_err());
        batch.feed(&[], &mut []).unwrap();
    }

    #[test]
    fn a_models_own_fault_is_not_wrapped_twice() {
        let fault = Error::model(Error::RowOutOfRange { row: 3, rows: 2 });
        assert!(matches!(fault, Error::RowOutOfRange { row: 3, .. }));
    }
}
