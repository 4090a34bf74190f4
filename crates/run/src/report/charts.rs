//! The four charts of a run: which quantities they show, and under which names.

use serde_json::{Map, Value};

use super::{
    chart::{Chart, Line, Point},
    curves::Curves,
    series::{Bucket, Series, WINDOW},
};

/// The charts of what there is: none of rows that were never written.
pub(super) fn charts(curves: &Curves, floor: Option<f64>) -> Vec<Chart> {
    let Curves { loss, lr, grad_norm, rate, skipped, held_out, skips, .. } = curves;
    let skips = *skips;
    let skipped = steps_with_any(skipped);
    let loss = single_and_mean(loss).into_iter().chain([held_out_line(held_out)]);
    let charts = [
        Chart {
            id: "loss",
            title: "Loss",
            unit: "nats per target token",
            lines: loss.collect(),
            floor: floor.map(|floor| ("entropy of the data", floor)),
            skipped: skipped.clone(),
            skips,
        },
        Chart {
            id: "lr",
            title: "Learning rate",
            lines: vec![line("learning rate", "mean", &lr.buckets(), range)],
            ..Chart::default()
        },
        Chart {
            id: "grad-norm",
            title: "Gradient norm",
            unit: "L2, before clipping",
            lines: single_and_mean(grad_norm),
            skipped,
            skips,
            ..Chart::default()
        },
        Chart {
            id: "rate",
            title: "Throughput",
            unit: "target tokens per second",
            lines: single_and_mean(rate),
            ..Chart::default()
        },
    ];
    charts.into_iter().filter_map(with_points).collect()
}

/// The data of every chart, by its id.
pub(super) fn data(charts: &[Chart]) -> Value {
    Value::Object(
        charts.iter().map(|chart| (chart.id.to_owned(), chart.data())).collect::<Map<_, _>>(),
    )
}

/// Single steps behind their moving average; alone in a run too short for one.
fn single_and_mean(series: &Series) -> Vec<Line> {
    let buckets = series.buckets();
    let start = buckets.iter().position(|bucket| !bucket.average.is_nan());
    match start.and_then(|start| buckets.get(start..)) {
        None => vec![line("single steps", "alone", &buckets, range)],
        Some(averaged) => vec![
            line("single steps", "single", &buckets, range),
            line(&format!("mean of the last {WINDOW} steps"), "mean", averaged, average),
        ],
    }
}

fn held_out_line(series: &Series) -> Line {
    Line { is_sparse: true, ..line("held-out loss", "held-out", &series.buckets(), range) }
}

fn line(name: &str, class: &'static str, buckets: &[Bucket], point: fn(&Bucket) -> Point) -> Line {
    let points = buckets.iter().map(point).collect();
    Line { name: name.to_owned(), class, is_sparse: false, points }
}

fn range(&Bucket { step, low, high, .. }: &Bucket) -> Point {
    Point { step, low, high }
}

fn average(&Bucket { step, average, .. }: &Bucket) -> Point {
    Point { step, low: average, high: average }
}

fn steps_with_any(counts: &Series) -> Vec<u64> {
    let buckets = counts.buckets().into_iter();
    buckets.filter(|bucket| bucket.high > 0.0).map(|bucket| bucket.step).collect()
}

/// Leaves out lines without points, and a chart without lines.
fn with_points(mut chart: Chart) -> Option<Chart> {
    chart.lines.retain(|line| !line.points.is_empty());
    (!chart.lines.is_empty()).then_some(chart)
}
