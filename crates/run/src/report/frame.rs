//! A frame that fits any width: places in per cent, text in pixels.
//!
//! The curves lie in an SVG of their own, a square that is stretched to the frame; their strokes are
//! not, by `style.css`.

use super::chart::Point;
use crate::{
    axis::{Axis, is_drawable},
    markup::number,
};

/// Side of the square that the curves are drawn in, before it is stretched.
const SIDE: f64 = 1000.0;
/// More letters than this leave room for fewer labels on a narrow screen.
const SHORT: usize = 6;

/// The two axes of a chart.
pub(super) struct Frame {
    x: Axis,
    y: Axis,
}

impl Frame {
    /// A frame with room for these; a value that no axis holds is passed over.
    pub(super) fn of(steps: impl Iterator<Item = u64>, values: impl Iterator<Item = f64>) -> Self {
        let values = values.filter(|&value| is_drawable(value));
        Self { x: Axis::of_steps(steps, (0.0, SIDE)), y: Axis::of_values(values, (SIDE, 0.0)) }
    }

    /// The steps at its left and right end.
    pub(super) fn steps(&self) -> (f64, f64) {
        self.x.ends()
    }

    /// The grid, and the labels below and beside the frame.
    pub(super) fn ticks(&self) -> String {
        self.grid() + &self.below() + &self.beside()
    }

    fn grid(&self) -> String {
        let line = |(value, _)| {
            let y = per_cent(self.y.place(value));
            format!(r#"<line y1="{y}" y2="{y}" x2="100%"/>"#)
        };
        format!(r#"<g class="grid">{}</g>"#, self.y.ticks().map(line).collect::<String>())
    }

    fn below(&self) -> String {
        let is_long = self.x.ticks().any(|(_, label)| label.len() > SHORT);
        let class = if is_long { "across long" } else { "across" };
        let text = |(step, label)| {
            let x = per_cent(self.x.place(step));
            format!(r#"<text x="{x}" y="100%" dy="17">{label}</text>"#)
        };
        let labels: String = self.x.ticks().map(text).collect();
        format!(r#"<g class="{class}" aria-hidden="true">{labels}</g>"#)
    }

    fn beside(&self) -> String {
        let text = |(value, label)| {
            let y = per_cent(self.y.place(value));
            format!(r#"<text x="0" y="{y}" dx="-8" dy="4">{label}</text>"#)
        };
        let labels: String = self.y.ticks().map(text).collect();
        format!(r#"<g class="down" aria-hidden="true">{labels}</g>"#)
    }

    /// Path data along the highs and, where they differ, back along the lows.
    pub(super) fn band(&self, points: &[Point]) -> String {
        let highs = points.iter().map(|point| self.place(point.step, point.high));
        let is_range = points.iter().any(|point| point.low < point.high);
        let lows = points.iter().rev().filter(|_| is_range);
        let lows = lows.map(|point| self.place(point.step, point.low));
        let places: Vec<String> = highs.chain(lows).collect();
        // Not every renderer gives a line without length its round ends.
        let end = if places.len() == 1 { "h.01" } else { "" };
        format!("M{}{end}{}", places.join(" "), if is_range { "Z" } else { "" })
    }

    /// A stroke that stands on the axis of steps.
    pub(super) fn mark(&self, step: u64) -> String {
        format!("M{} 1000V940", number(self.x.place(step as f64)))
    }

    /// A stroke from side to side.
    pub(super) fn level(&self, value: f64) -> String {
        format!("M0 {}H1000", number(self.y.place(value)))
    }

    /// A circle, which is no path since it must stay round.
    pub(super) fn dot(&self, point: &Point, class: &str) -> String {
        let (x, y) = (self.x.place(point.step as f64), self.y.place(point.high));
        let (x, y) = (per_cent(x), per_cent(y));
        format!(r#"<circle class="{class}" cx="{x}" cy="{y}" r="3.5"/>"#)
    }

    fn place(&self, step: u64, value: f64) -> String {
        format!("{} {}", number(self.x.place(step as f64)), number(self.y.place(value)))
    }
}

fn per_cent(place: f64) -> String {
    number(100.0 * place / SIDE) + "%"
}
