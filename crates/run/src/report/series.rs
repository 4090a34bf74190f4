//! A quantity over the steps, in bounded memory.
//!
//! Neighbouring rows share a bucket that keeps their extremes. When there are too many buckets, each
//! two become one, so that a million rows take no more room than a thousand.

use std::collections::VecDeque;

use crate::axis::is_drawable;

/// Buckets at most; even, so that they pair up. A bucket gives a curve two points.
pub(super) const MOST: usize = 500;
/// Rows that the moving average takes together.
pub(super) const WINDOW: usize = 100;

/// A ratio, so that the average of a rate weighs each row by its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    pub(super) of: f64,
    pub(super) to: f64,
}

/// Neighbouring rows. NaN stands for "none of them is a finite number".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    /// The step of the last row.
    pub(super) step: u64,
    /// The least and the greatest value.
    pub(super) low: f64,
    pub(super) high: f64,
    /// The average of the last [`WINDOW`] rows, where there are so many.
    pub(super) average: f64,
}

/// The rows so far.
#[derive(Debug)]
pub(super) struct Series {
    buckets: Vec<Bucket>,
    /// Rows to a bucket, and rows in the last one.
    width: usize,
    filled: usize,
    recent: VecDeque<Ratio>,
}

impl Default for Series {
    fn default() -> Self {
        Self { buckets: Vec::new(), width: 1, filled: 1, recent: VecDeque::new() }
    }
}

impl Series {
    pub(super) fn push(&mut self, step: u64, value: Ratio) {
        self.remember(value);
        let bucket = Bucket::of(step, value);
        match self.buckets.last_mut() {
            Some(last) if self.filled < self.width => {
                *last = last.with(bucket);
                self.filled += 1;
            }
            _ => self.begin(bucket),
        }
        self.settle();
    }

    /// At most [`MOST`] buckets, in the order of the rows.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let mut buckets = self.buckets.clone();
        if let Some(last) = buckets.last_mut() {
            last.average = self.average();
        }
        buckets
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    fn begin(&mut self, bucket: Bucket) {
        if self.buckets.len() == MOST {
            let pair = |pair: &[Bucket]| pair.iter().copied().reduce(Bucket::with);
            self.buckets = self.buckets.chunks(2).filter_map(pair).collect();
            self.width *= 2;
        }
        self.buckets.push(bucket);
        self.filled = 1;
    }

    fn remember(&mut self, value: Ratio) {
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(value);
    }

    /// A full bucket gets its average; the last one may never be full.
    fn settle(&mut self) {
        if self.filled < self.width {
            return;
        }
        let average = self.average();
        if let Some(last) = self.buckets.last_mut() {
            last.average = average;
        }
    }

    /// Summed afresh: a running sum would carry its rounding to the end.
    fn average(&self) -> f64 {
        if self.recent.len() < WINDOW {
            return f64::NAN;
        }
        let known = self.recent.iter().filter(|value| is_drawable(value.quotient()));
        let sum = known.fold((0.0, 0.0), |(of, to), value| (of + value.of, to + value.to));
        sum.0 / sum.1
    }
}

impl Ratio {
    pub(super) fn whole(value: f64) -> Self {
        Self { of: value, to: 1.0 }
    }

    fn quotient(self) -> f64 {
        self.of / self.to
    }
}

impl Bucket {
    fn of(step: u64, value: Ratio) -> Self {
        let value = Some(value.quotient()).filter(|&value| is_drawable(value));
        let value = value.unwrap_or(f64::NAN);
        Self { step, low: value, high: value, average: f64::NAN }
    }

    /// Both as one; `f64::min` and `max` pass over NaN.
    fn with(self, later: Self) -> Self {
        Self { low: self.low.min(later.low), high: self.high.max(later.high), ..later }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(values: impl IntoIterator<Item = f64>) -> Vec<Bucket> {
        let mut series = Series::default();
        (1..).zip(values).for_each(|(step, value)| series.push(step, Ratio::whole(value)));
        series.buckets()
    }

    #[test]
    fn few_rows_are_kept_as_they_are() {
        let kept = buckets((1..=MOST).map(|i| i as f64));
        assert_eq!(kept.len(), MOST);
        assert_eq!(kept[199], Bucket { step: 200, low: 200.0, high: 200.0, average: 150.5 });
        assert!(kept[98].average.is_nan() && kept[99].average == 50.5);
        assert!(buckets([]).is_empty());
    }

    #[test]
    fn many_rows_keep_their_extremes_in_bounded_room() {
        for rows in [MOST + 1, 2 * MOST, 2 * MOST + 1, 12_345, 100_000] {
            let spikes = [(0, 50.0), (rows / 3, 99.0), (rows / 2, -7.0), (rows - 1, 60.0)];
            let value = |i| spikes.iter().find(|spike| spike.0 == i).map_or(3.0, |spike| spike.1);
            let kept = buckets((0..rows).map(value));
            assert!((MOST / 2..=MOST).contains(&kept.len()), "{rows}");
            for (row, spike) in spikes {
                let bucket = kept.iter().find(|bucket| bucket.step > row as u64);
                assert!(bucket.is_some_and(|b| b.low == spike || b.high == spike), "{rows} {row}");
            }
            assert_eq!(kept.last().map(|bucket| bucket.step), Some(rows as u64));
            assert!(kept.windows(2).all(|pair| pair[0].step < pair[1].step));
        }
    }

    #[test]
    fn what_is_not_finite_leaves_a_gap_and_no_trace() {
        let odd = [f64::NAN, f64::INFINITY, 1e300];
        let kept = buckets([1.0; 96].into_iter().chain(odd).chain([98.0]));
        let gaps: Vec<usize> = (0..kept.len()).filter(|&i| kept[i].low.is_nan()).collect();
        assert_eq!(gaps, [96, 97, 98]);
        assert_eq!(kept[99].average, 2.0);
        assert!(buckets([f64::NAN; WINDOW])[WINDOW - 1].average.is_nan());
    }

    #[test]
    fn the_average_is_that_of_the_last_rows_however_wide_the_buckets() {
        let kept = buckets((1..=100_001).map(f64::from));
        assert_eq!(kept.last().map(|bucket| bucket.average), Some(99_951.5));
    }

    #[test]
    fn a_rate_is_averaged_by_time() {
        let mut series = Series::default();
        for step in 1..=WINDOW as u64 {
            let to = [0.0, 1.0, 3.0][step as usize % 3];
            series.push(step, Ratio { of: 100.0, to });
        }
        let average = series.buckets()[WINDOW - 1].average;
        assert!((average - 100.0 * 67.0 / 133.0).abs() < 1e-9, "{average}");
    }
}
