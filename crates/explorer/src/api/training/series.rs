//! The rows of a training as a bounded number of points: buckets of neighbours, and a moving average.

use std::ops::Range;

use enredo_run::Metric;
use serde::Serialize;

/// How many of the last losses are averaged, as in the course notebook.
pub(super) const WINDOW: usize = 100;

/// Columns, a value a bucket. In JSON, what is not finite is `null`.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Series {
    /// Of the bucket's last row, as are `lr`, `tokens` and `seconds`.
    step: Vec<u64>,
    /// The mean of the bucket; NaN where one of its losses is not finite.
    loss: Vec<f64>,
    /// The least and the greatest finite loss of the bucket; NaN where there is none.
    low: Vec<f64>,
    high: Vec<f64>,
    /// The mean of the finite losses among the last [`WINDOW`] rows up to the bucket's last; fewer at the
    /// start, NaN where there is none.
    average: Vec<f64>,
    lr: Vec<f64>,
    /// The greatest of the bucket.
    grad_norm: Vec<f64>,
    tokens: Vec<u64>,
    seconds: Vec<f64>,
}

impl Series {
    /// At most `points` buckets of consecutive rows, whose lengths differ by one at most.
    ///
    /// # Performance
    /// O(rows + `points` · [`WINDOW`]).
    pub(super) fn new(rows: &[Metric], points: usize) -> Self {
        let mut series = Self::default();
        buckets(rows.len(), points).for_each(|bucket| series.push(rows, bucket));
        series
    }

    fn push(&mut self, rows: &[Metric], bucket: Range<usize>) {
        let start = bucket.end.saturating_sub(WINDOW);
        let (window, bucket) = (&rows[start..bucket.end], &rows[bucket]);
        let Some(last) = bucket.last() else { return };
        let sum: f64 = bucket.iter().map(|row| row.loss).sum();
        self.step.push(last.step);
        self.loss.push(sum / bucket.len() as f64);
        self.low.push(finite_losses(bucket).fold(f64::NAN, f64::min));
        self.high.push(finite_losses(bucket).fold(f64::NAN, f64::max));
        self.average
            .push(finite_losses(window).sum::<f64>() / finite_losses(window).count() as f64);
        self.lr.push(last.lr);
        self.grad_norm.push(bucket.iter().map(|row| row.grad_norm).fold(f64::NAN, f64::max));
        self.tokens.push(last.tokens);
        self.seconds.push(last.train_seconds);
    }
}

/// `rows` in at most `most` ranges.
fn buckets(rows: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let n = rows.min(most);
    (0..n).map(move |i| i * rows / n..(i + 1) * rows / n)
}

fn finite_losses(rows: &[Metric]) -> impl Iterator<Item = f64> {
    rows.iter().map(|row| row.loss).filter(|loss| loss.is_finite())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn rows(losses: &[f64]) -> Vec<Metric> {
        let row = |(step, &loss): (u64, &f64)| {
            let (lr, grad_norm) = (step as f64 / 10.0, 10.0 - step as f64);
            let (tokens, train_seconds) = (100 * step, 2.0 * step as f64);
            Metric { step, loss, lr, grad_norm, tokens, train_seconds, skipped: 0 }
        };
        (1..).zip(losses).map(row).collect()
    }

    /// As they are told: what is not finite is null.
    fn json(losses: &[f64], points: usize) -> serde_json::Value {
        serde_json::to_value(Series::new(&rows(losses), points)).unwrap()
    }

    #[test]
    fn fewer_rows_than_points_are_points_of_their_own() {
        let expected = serde_json::json!({
            "step": [1, 2], "loss": [3.0, 1.0], "low": [3.0, 1.0], "high": [3.0, 1.0],
            "average": [3.0, 2.0], "lr": [0.1, 0.2], "grad_norm": [9.0, 8.0],
            "tokens": [100, 200], "seconds": [2.0, 4.0],
        });
        assert_eq!(json(&[3.0, 1.0], 10), expected);
    }

    #[test]
    fn a_bucket_has_its_mean_its_extremes_and_its_last_row() {
        let series = Series::new(&rows(&[4.0, 2.0, 6.0, 1.0, 5.0]), 2);
        assert_eq!((series.step, series.loss), (vec![2, 5], vec![3.0, 4.0]));
        assert_eq!((series.low, series.high), (vec![2.0, 1.0], vec![4.0, 6.0]));
        assert_eq!((series.average, series.grad_norm), (vec![3.0, 3.6], vec![9.0, 7.0]));
        assert_eq!((series.lr, series.tokens), (vec![0.2, 0.5], vec![200, 500]));
        assert_eq!(series.seconds, [4.0, 10.0]);
    }

    #[test]
    fn every_row_is_in_one_bucket() {
        for n in [1, 2, 9, 10, 11, 99, 1_234] {
            let found: Vec<Range<usize>> = buckets(n, 10).collect();
            assert_eq!(found.len(), n.min(10));
            assert!(found.iter().cloned().flatten().eq(0..n));
            let lengths = || found.iter().map(ExactSizeIterator::len);
            assert!(lengths().max().unwrap() - lengths().min().unwrap() <= 1);
        }
    }

    #[test]
    fn the_average_is_of_the_last_hundred() {
        let losses: Vec<f64> = (0..1_000).map(|i| f64::from(i * 37 % 101)).collect();
        let series = Series::new(&rows(&losses), 30);
        for (&step, &average) in series.step.iter().zip(&series.average) {
            let end = step as usize;
            let window = &losses[end.saturating_sub(100)..end];
            let expected = window.iter().sum::<f64>() / window.len() as f64;
            assert!((average - expected).abs() < 1e-12, "{step}");
        }
        assert_eq!(series.step.last(), Some(&1_000));
    }

    #[test]
    fn what_is_not_finite_is_null_and_the_average_passes_over_it() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let null = serde_json::Value::Null;
        let one = json(&[4.0, nan, 2.0], 10);
        assert_eq!((&one["loss"][1], &one["low"][1], &one["high"][1]), (&null, &null, &null));
        assert_eq!((&one["average"][1], &one["average"][2]), (&4.0.into(), &3.0.into()));
        let (bucket, first) = (Series::new(&rows(&[inf, 2.0, nan, 3.0]), 1), json(&[nan], 10));
        assert!(!bucket.loss[0].is_finite());
        assert_eq!((bucket.low[0], bucket.high[0], bucket.average[0]), (2.0, 3.0, 2.5));
        assert_eq!((&first["average"], &first["step"]), (&serde_json::json!([null]), &[1].into()));
    }

    #[test]
    fn of_no_rows_there_is_nothing() {
        assert_eq!(Series::new(&[], 10), Series::default());
    }
}
