//! What the rows of a run say: a series for each quantity, and the rows that a summary quotes.

use super::series::{Ratio, Series};
use crate::{Eval, Metric};

/// The rows so far.
#[derive(Debug, Default)]
pub(super) struct Curves {
    pub(super) loss: Series,
    pub(super) lr: Series,
    pub(super) grad_norm: Series,
    /// Target tokens per second of training.
    pub(super) rate: Series,
    /// 1 for a step that was skipped, 0 for any other.
    pub(super) skipped: Series,
    pub(super) held_out: Series,
    pub(super) last: Metric,
    /// The steps whose loss or gradient was not finite.
    pub(super) skips: u64,
    pub(super) last_eval: Option<Eval>,
    /// The evaluation with the least held-out loss.
    pub(super) best_eval: Option<Eval>,
}

impl Curves {
    pub(super) fn push(&mut self, row: Metric) {
        let step = row.step;
        let is_skipped = is_skipped(&self.last, &row);
        self.loss.push(step, Ratio::whole(row.loss));
        self.lr.push(step, Ratio::whole(row.lr));
        self.grad_norm.push(step, Ratio::whole(row.grad_norm));
        self.rate.push(step, rate(&self.last, &row));
        self.skipped.push(step, Ratio::whole(f64::from(u8::from(is_skipped))));
        self.skips += u64::from(is_skipped);
        self.last = row;
    }

    pub(super) fn push_eval(&mut self, row: Eval) {
        self.held_out.push(row.step, Ratio::whole(row.val_loss));
        let is_better = |best: &Eval| row.val_loss < best.val_loss || best.val_loss.is_nan();
        if self.best_eval.as_ref().is_none_or(is_better) {
            self.best_eval = Some(row.clone());
        }
        self.last_eval = Some(row);
    }
}

/// Runs that do not count their skipped steps show them by a number that is not finite.
fn is_skipped(before: &Metric, row: &Metric) -> bool {
    row.skipped > before.skipped || !row.loss.is_finite() || !row.grad_norm.is_finite()
}

fn rate(before: &Metric, row: &Metric) -> Ratio {
    let tokens = row.tokens.saturating_sub(before.tokens);
    Ratio { of: tokens as f64, to: row.train_seconds - before.train_seconds }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn metric(step: u64, loss: f64, skipped: u64) -> Metric {
        let (tokens, train_seconds) = (step * 100, step as f64 / 10.0);
        Metric { step, loss, lr: 0.1, grad_norm: 1.0, tokens, train_seconds, skipped }
    }

    #[test]
    fn skipped_steps_are_found_by_count_or_by_number() {
        let mut curves = Curves::default();
        for (step, loss, skipped) in [(1, 7.0, 0), (2, f64::NAN, 1), (3, 6.0, 2), (4, 5.0, 2)] {
            curves.push(metric(step, loss, skipped));
        }
        let marks: Vec<f64> = curves.skipped.buckets().iter().map(|bucket| bucket.high).collect();
        assert_eq!(marks, [0.0, 1.0, 1.0, 0.0]);
        assert_eq!(curves.skips, 2);
    }

    #[test]
    fn the_rate_is_that_of_each_step() {
        let mut curves = Curves::default();
        (1..=3).for_each(|step| curves.push(metric(step, 7.0, 0)));
        assert!(curves.rate.buckets().iter().all(|bucket| (bucket.low - 1000.0).abs() < 1e-6));
    }

    #[test]
    fn the_best_evaluation_is_no_nan() {
        let mut curves = Curves::default();
        for (step, val_loss) in [(1, f64::NAN), (2, 4.0), (3, 3.0), (4, f64::NAN), (5, 3.5)] {
            curves.push_eval(Eval { step, val_loss, ..Eval::default() });
        }
        assert_eq!(curves.best_eval.unwrap().step, 3);
        assert_eq!(curves.last_eval.unwrap().step, 5);
    }
}
