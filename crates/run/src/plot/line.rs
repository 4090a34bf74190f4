//! Data made ready to be drawn: averaged, cut at gaps, thinned to what a pixel can show.

use crate::axis::is_drawable;

/// Steps that the moving average takes together.
pub(super) const WINDOW: usize = 100;

/// Columns per unit of the drawing: one for each pixel of the PNG.
const COLUMNS: f64 = 2.0;

/// A place in the drawing.
pub(super) type Point = (f64, f64);

/// The mean of the last [`WINDOW`] losses, at each step that has so many behind it.
///
/// Summed afresh at each step: a running sum would carry a NaN, and its rounding, to the end.
pub(super) fn moving_average(losses: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let ends = losses.iter().skip(WINDOW - 1);
    ends.zip(losses.windows(WINDOW)).map(|(&(step, _), window)| (step, mean(window))).collect()
}

fn mean(losses: &[(u64, f64)]) -> f64 {
    losses.iter().map(|&(_, loss)| loss).sum::<f64>() / losses.len() as f64
}

/// The lines between the gaps: runs of points whose loss is drawable.
pub(super) fn unbroken(points: &[(u64, f64)]) -> impl Iterator<Item = &[(u64, f64)]> {
    points.split(|&(_, loss)| !is_drawable(loss)).filter(|line| !line.is_empty())
}

/// Thins a line to the first, lowest, highest and last point of each pixel column, which draw the
/// same pixels as all (M4; Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation",
/// VLDB 2014).
pub(super) fn thin(line: &[Point]) -> Vec<Point> {
    line.chunk_by(|a, b| column(a) == column(b)).flat_map(outline).collect()
}

fn column(&(x, _): &Point) -> i64 {
    (x * COLUMNS).floor() as i64
}

/// The first, lowest, highest and last point, in the order in which they stand.
fn outline(points: &[Point]) -> impl Iterator<Item = Point> {
    let places = || points.iter().enumerate();
    let low = places().min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1)).map_or(0, |(place, _)| place);
    let high = places().max_by(|(_, a), (_, b)| a.1.total_cmp(&b.1)).map_or(0, |(place, _)| place);
    let last = points.len().saturating_sub(1);
    places()
        .filter(move |&(place, _)| [0, low, high, last].contains(&place))
        .map(|(_, &point)| point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(steps: u64) -> Vec<(u64, f64)> {
        (1..=steps).map(|step| (step, step as f64)).collect()
    }

    #[test]
    fn the_average_begins_at_step_100_and_ends_where_its_window_ends() {
        assert!(moving_average(&[]).is_empty());
        assert!(moving_average(&ramp(99)).is_empty());
        assert_eq!(moving_average(&ramp(100)), [(100, 50.5)]);
        assert_eq!(moving_average(&ramp(102))[2], (102, 52.5));
    }

    #[test]
    fn the_average_recovers_from_a_nan() {
        let mut losses = ramp(250);
        losses[120].1 = f64::NAN;
        let gap = moving_average(&losses).iter().filter(|(_, mean)| mean.is_nan()).count();
        assert_eq!(gap, WINDOW);
        assert_eq!(moving_average(&losses).last(), Some(&(250, 200.5)));
    }

    #[test]
    fn lines_break_where_the_loss_is_no_number() {
        let mut losses = ramp(7);
        (losses[0].1, losses[3].1, losses[4].1) = (f64::NAN, f64::INFINITY, 1e300);
        let lengths: Vec<usize> = unbroken(&losses).map(<[_]>::len).collect();
        assert_eq!(lengths, [2, 2]);
    }

    #[test]
    fn a_column_keeps_its_ends_and_extremes() {
        let ys = [3.0, 4.0, 9.0, 5.0, 1.0, 2.0, 6.0];
        let line: Vec<Point> = ys.iter().enumerate().map(|(i, &y)| (i as f64 / 100.0, y)).collect();
        let kept: Vec<f64> = thin(&line).iter().map(|point| point.1).collect();
        assert_eq!(kept, [3.0, 9.0, 1.0, 6.0]);
    }

    #[test]
    fn a_line_of_few_points_is_left_alone() {
        let line: Vec<Point> = (0..50).map(|i| (f64::from(i), f64::from(i % 7))).collect();
        assert_eq!(thin(&line), line);
    }
}
