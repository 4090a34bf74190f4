//! A chart as inline SVG, with its legend: curves, dots and marks in a `frame`.
//!
//! The same points go to the script as data, each with the words that it shows.

use serde_json::{Value, json};

use super::{figures::significant, frame::Frame};
use crate::{
    axis::{count, is_drawable},
    markup::escape,
};

/// More points than this are a line without dots.
const MOST_DOTS: usize = 150;

/// What a chart shows.
#[derive(Default)]
pub(super) struct Chart {
    /// Names the chart in the page, as an element and in the data.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) lines: Vec<Line>,
    /// A value that holds at every step, and its name.
    pub(super) floor: Option<(&'static str, f64)>,
    /// The steps that were skipped, or the buckets of steps with such a one.
    pub(super) skipped: Vec<u64>,
    /// How many were skipped.
    pub(super) skips: u64,
}

/// A curve.
pub(super) struct Line {
    pub(super) name: String,
    /// Its look, by the name in `style.css`.
    pub(super) class: &'static str,
    /// Far between: each is a dot, and is shown with its step.
    pub(super) is_sparse: bool,
    pub(super) points: Vec<Point>,
}

/// A value, or the range of several neighbours; NaN is a gap.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) step: u64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Chart {
    /// The chart with its title and legend.
    pub(super) fn figure(&self) -> String {
        let Self { id, title, unit, .. } = self;
        let (legend, drawing) = (self.legend(), self.drawing(&self.frame()));
        format!(
            r#"<figure id="{id}" class="chart">
<figcaption><h3>{title}</h3> <span class="unit">{unit}</span> <output class="at"></output></figcaption>
<ul class="legend">{legend}</ul>
<div class="plot">{drawing}</div>
</figure>
"#
        )
    }

    /// What the script needs: the ends of the step axis, and each line's points in words.
    pub(super) fn data(&self) -> Value {
        let (from, to) = self.frame().steps();
        let lines: Vec<Value> = self.lines.iter().map(Line::data).collect();
        json!({ "from": from, "to": to, "lines": lines })
    }

    fn frame(&self) -> Frame {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let values = points().flat_map(|point| [point.low, point.high]);
        let values = values.chain(self.floor.map(|(_, value)| value));
        Frame::of(points().map(|point| point.step), values)
    }

    fn drawing(&self, frame: &Frame) -> String {
        let label = escape(&self.description());
        let (ticks, curves) = (frame.ticks(), self.curves(frame));
        let dots: String = self.lines.iter().map(|line| line.dots(frame)).collect();
        format!(
            r#"<svg role="img" aria-label="{label}">{ticks}
<svg viewBox="0 0 1000 1000" preserveAspectRatio="none" class="curves">
{curves}</svg>
{dots}<line class="cursor" y2="100%"/></svg>"#
        )
    }

    /// From the back to the front.
    fn curves(&self, frame: &Frame) -> String {
        let marks: String = self.skipped.iter().map(|&step| frame.mark(step)).collect();
        let skipped = path("skipped", &marks);
        let floor = self.floor.filter(|&(_, value)| is_drawable(value));
        let floor = floor.map(|(_, value)| path("floor", &frame.level(value)));
        let lines = self.lines.iter().map(|line| line.paths(frame));
        [skipped].into_iter().chain(floor).chain(lines).collect()
    }

    /// A line for each thing in the drawing, with its last value; the lines come first, in their order.
    fn legend(&self) -> String {
        let lines = self.lines.iter().map(|line| entry(line.class, &line.name, &line.last_words()));
        let floor = self.floor.map(|(name, value)| entry("floor", name, &significant(value)));
        let skips = (self.skips > 0).then(|| entry("skipped", "skipped steps", &count(self.skips)));
        lines.chain(floor).chain(skips).collect()
    }

    /// The chart in words.
    fn description(&self) -> String {
        let lines = self.lines.iter().map(Line::description);
        let floor = self.floor.map(|(name, value)| format!("{name}: {}.", significant(value)));
        let skips = (self.skips > 0).then(|| format!("Steps skipped: {}.", count(self.skips)));
        let facts: Vec<String> = lines.chain(floor).chain(skips).collect();
        format!("{} over the steps. {}", self.title, facts.join(" "))
    }
}

impl Line {
    fn data(&self) -> Value {
        let steps: Vec<u64> = self.points.iter().map(|point| point.step).collect();
        let words: Vec<String> = self.points.iter().map(|point| self.words(point)).collect();
        json!({ "steps": steps, "words": words })
    }

    fn words(&self, point: &Point) -> String {
        let at = if self.is_sparse { format!(" at {}", count(point.step)) } else { String::new() };
        point.words() + &at
    }

    fn last_words(&self) -> String {
        self.points.last().map_or_else(String::new, |point| self.words(point))
    }

    fn description(&self) -> String {
        let drawn = || self.points.iter().filter(|point| point.is_drawable());
        match (drawn().next(), drawn().next_back()) {
            (Some(first), Some(last)) => format!(
                "{}: {} at step {}, {} at step {}.",
                self.name,
                first.words(),
                count(first.step),
                last.words(),
                count(last.step)
            ),
            _ => format!("{}: no finite value.", self.name),
        }
    }

    /// The stretches between gaps, and what stands alone between two.
    fn paths(&self, frame: &Frame) -> String {
        let parts = self.points.split(|point| !point.is_drawable()).filter(|part| !part.is_empty());
        let (alone, long): (Vec<_>, Vec<_>) = parts.partition(|part| part.len() == 1);
        let data =
            |parts: Vec<&[Point]>| parts.iter().map(|part| frame.band(part)).collect::<String>();
        path(self.class, &data(long)) + &path(&format!("{} dot", self.class), &data(alone))
    }

    fn dots(&self, frame: &Frame) -> String {
        let has_dots = self.is_sparse && self.points.len() <= MOST_DOTS;
        let points = self.points.iter().filter(|point| has_dots && point.is_drawable());
        points.map(|point| frame.dot(point, self.class)).collect()
    }
}

impl Point {
    fn words(&self) -> String {
        let (low, high) = (significant(self.low), significant(self.high));
        if low == high { low } else { format!("{low} to {high}") }
    }

    fn is_drawable(&self) -> bool {
        is_drawable(self.low) && is_drawable(self.high)
    }
}

fn path(class: &str, data: &str) -> String {
    if data.is_empty() {
        String::new()
    } else {
        format!("<path class=\"{class}\" d=\"{data}\"/>\n")
    }
}

fn entry(class: &str, name: &str, value: &str) -> String {
    let (name, value) = (escape(name), escape(value));
    format!(r#"<li class="{class}"><span>{name}</span> <output>{value}</output></li>"#)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn line(values: &[(f64, f64)]) -> Line {
        let point = |(step, &(low, high)): (u64, &(f64, f64))| Point { step, low, high };
        let points = (1..).zip(values).map(point).collect();
        Line { name: "loss".into(), class: "mean", is_sparse: false, points }
    }

    fn chart(values: &[(f64, f64)]) -> Chart {
        Chart { id: "loss", title: "Loss", lines: vec![line(values)], ..Chart::default() }
    }

    fn paths(values: &[(f64, f64)]) -> String {
        let chart = chart(values);
        chart.lines.iter().map(|line| line.paths(&chart.frame())).collect()
    }

    #[test]
    fn gaps_break_the_line_and_a_lone_value_is_a_dot() {
        let nan = f64::NAN;
        let paths = paths(&[(1.0, 1.0), (nan, nan), (2.0, 2.0), (3.0, 3.0)]);
        assert_eq!(paths.matches("<path class=\"mean\"").count(), 1);
        assert_eq!(paths.matches("<path class=\"mean dot\"").count(), 1);
        assert_eq!(paths.matches("h.01").count(), 1);
        assert!(!paths.contains('Z') && !paths.contains("NaN"), "{paths}");
    }

    #[test]
    fn ranges_are_a_band() {
        let paths = paths(&[(1.0, 2.0), (1.5, 1.5)]);
        let data = paths.split_once("d=\"").unwrap().1.trim_end();
        assert_eq!(data.split(' ').count(), 2 * 4);
        assert!(data.ends_with("Z\"/>"), "{data}");
    }

    #[test]
    fn values_that_no_axis_holds_break_nothing() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        for odd in [
            &[][..],
            &[(nan, nan)],
            &[(inf, inf), (-inf, 1.0)],
            &[(0.0, 1e300)],
            &[(5e-324, 5e-324)],
        ] {
            let chart = Chart { floor: Some(("floor", nan)), ..chart(odd) };
            let (figure, data) = (chart.figure(), chart.data().to_string());
            assert!(!figure.contains("NaN") && !figure.contains("inf"), "{figure}");
            assert!(!data.contains("null"), "{data}");
        }
    }

    #[test]
    fn each_point_has_its_words() {
        let data = chart(&[(1.0, 2.5), (3.0, 3.0), (f64::NAN, f64::NAN)]).data();
        assert_eq!(data["lines"][0]["steps"], json!([1, 2, 3]));
        assert_eq!(data["lines"][0]["words"], json!(["1.000 to 2.500", "3.000", "not finite"]));
    }

    #[test]
    fn names_are_escaped() {
        let mut chart = chart(&[(1.0, 1.0)]);
        chart.lines.iter_mut().for_each(|line| line.name = "<b>\"".into());
        assert!(!chart.figure().contains("<b>"));
    }
}
