//! The figure: where things stand, in which colours, and in what order they are drawn.

use super::{
    LossCurve,
    line::{self, Point, WINDOW},
    svg::{Anchor, Svg},
};
use crate::{
    Result,
    axis::{Axis, count, is_drawable},
};

const SIZE: Point = (1000.0, 380.0);
/// The frame that the curves are drawn in.
const LEFT: f64 = 66.0;
const RIGHT: f64 = 984.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 330.0;

const TITLE_SIZE: f64 = 15.0;
const LABEL_SIZE: f64 = 12.0;
const TICK_SIZE: f64 = 11.0;

const INK: &str = "fill=\"#222\"";
const FAINT_INK: &str = "fill=\"#555\"";
const GRID: &str = "stroke=\"#e7e7ea\"";
const FRAME: &str = "fill=\"none\" stroke=\"#888\"";
/// Royal blue: light behind a mean, stronger where the single steps stand alone.
const LOSS: &str = "fill=\"none\" stroke=\"#a9baf3\"";
const LOSS_ALONE: &str = "fill=\"none\" stroke=\"#6784ea\"";
const MEAN: &str = "fill=\"none\" stroke=\"#2f55d4\"";
const HELD_OUT: &str = "fill=\"none\" stroke=\"#d9590b\"";
const HELD_OUT_CIRCLE: &str = "fill=\"#fff\" stroke=\"#d9590b\" stroke-width=\"1.75\"";
const FLOOR: &str = "fill=\"none\" stroke=\"#5f6368\" stroke-dasharray=\"6 5\"";

/// More held-out points than this are a line without circles.
const MOST_CIRCLES: usize = 150;

/// Draws the whole figure.
pub(super) fn draw(curve: &LossCurve) -> Result<String> {
    let figure = Figure::of(curve);
    let mut svg = Svg::new()?;
    figure.draw_frame(&mut svg);
    figure.draw_losses(&mut svg);
    figure.draw_floor(&mut svg);
    figure.draw_mean(&mut svg);
    figure.draw_held_out(&mut svg);
    figure.draw_lone_steps(&mut svg);
    let title = svg.fit(&curve.title, TITLE_SIZE, RIGHT - LEFT);
    svg.text(&title, (LEFT, 26.0), Anchor::Start, TITLE_SIZE, INK);
    figure.draw_legend(&mut svg);
    Ok(svg.finish(SIZE, title_or_kind(curve), &figure.description()))
}

/// A curve, its average and its axes.
struct Figure<'a> {
    curve: &'a LossCurve,
    mean: Vec<(u64, f64)>,
    x: Axis,
    y: Axis,
}

/// A thing in the legend.
struct Entry {
    label: String,
    width: f64,
    style: &'static str,
    /// Whether its line has circles.
    circle: bool,
}

impl<'a> Figure<'a> {
    fn of(curve: &'a LossCurve) -> Self {
        let points = || curve.losses.iter().chain(&curve.held_out);
        let floor = curve.floor.as_ref().map(|floor| floor.loss);
        let losses = points().map(|&(_, loss)| loss).chain(floor);
        Self {
            curve,
            mean: line::moving_average(&curve.losses),
            x: Axis::of_steps(points().map(|&(step, _)| step), (LEFT, RIGHT)),
            y: Axis::of_values(losses.filter(|&loss| is_drawable(loss)), (BOTTOM, TOP)),
        }
    }

    fn draw_frame(&self, svg: &mut Svg) {
        for (step, label) in self.x.ticks() {
            let x = self.x.place(step);
            svg.line(&[(x, TOP), (x, BOTTOM)], 1.0, GRID);
            svg.text(&label, (x, BOTTOM + 17.0), Anchor::Middle, TICK_SIZE, FAINT_INK);
        }
        for (loss, label) in self.y.ticks() {
            let y = self.y.place(loss);
            svg.line(&[(LEFT, y), (RIGHT, y)], 1.0, GRID);
            svg.text(&label, (LEFT - 8.0, y + 4.0), Anchor::End, TICK_SIZE, FAINT_INK);
        }
        svg.line(&[(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM)], 1.0, FRAME);
        svg.text("step", (0.5 * (LEFT + RIGHT), 368.0), Anchor::Middle, LABEL_SIZE, INK);
        let middle = 0.5 * (TOP + BOTTOM);
        svg.upward_text("cross-entropy (nats per token)", (18.0, middle), LABEL_SIZE, INK);
    }

    fn draw_floor(&self, svg: &mut Svg) {
        if let Some((loss, _)) = self.floor() {
            let y = self.y.place(loss);
            svg.line(&[(LEFT, y), (RIGHT, y)], 1.5, FLOOR);
        }
    }

    fn draw_losses(&self, svg: &mut Svg) {
        let (width, style) = self.loss_stroke();
        for line in self.lines(&self.curve.losses) {
            svg.line(&line, width, style);
        }
    }

    fn draw_mean(&self, svg: &mut Svg) {
        for line in self.lines(&self.mean) {
            svg.line(&line, 2.0, MEAN);
        }
    }

    fn draw_held_out(&self, svg: &mut Svg) {
        for line in self.lines(&self.curve.held_out) {
            svg.line(&line, 1.75, HELD_OUT);
        }
        if self.has_circles() {
            for place in line::unbroken(&self.curve.held_out).flatten().map(|p| self.place(p)) {
                svg.circle(place, 3.5, HELD_OUT_CIRCLE);
            }
        }
    }

    fn has_circles(&self) -> bool {
        self.curve.held_out.len() <= MOST_CIRCLES
    }

    /// A step between two gaps, or the only one there is: a dot small enough for a held-out circle.
    fn draw_lone_steps(&self, svg: &mut Svg) {
        for line in self.lines(&self.curve.losses).filter(|line| line.len() == 1) {
            svg.line(&line, 4.0, LOSS_ALONE);
        }
    }

    /// Width and style of the single steps.
    fn loss_stroke(&self) -> (f64, &'static str) {
        if self.mean.is_empty() { (1.5, LOSS_ALONE) } else { (1.0, LOSS) }
    }

    /// A row between the title and the frame, where no curve can run into it.
    fn draw_legend(&self, svg: &mut Svg) {
        const Y: f64 = 52.0;
        const SAMPLE: f64 = 26.0;
        let mut x = LEFT;
        for Entry { label, width, style, circle } in self.legend() {
            svg.line(&[(x, Y - 4.0), (x + SAMPLE, Y - 4.0)], width, style);
            if circle {
                svg.circle((x + 0.5 * SAMPLE, Y - 4.0), 3.5, HELD_OUT_CIRCLE);
            }
            x += SAMPLE + 8.0;
            let label = svg.fit(&label, TICK_SIZE, RIGHT - x);
            svg.text(&label, (x, Y), Anchor::Start, TICK_SIZE, INK);
            x += svg.text_width(&label, TICK_SIZE) + 26.0;
        }
    }

    /// An entry for each thing that the figure shows, with its latest value.
    fn legend(&self) -> Vec<Entry> {
        let entry = |label, (width, style)| Entry { label, width, style, circle: false };
        let losses = first(&self.curve.losses)
            .map(|_| entry("training loss".to_owned(), self.loss_stroke()));
        let mean = last(&self.mean).map(|(_, loss)| {
            entry(format!("mean of the last {WINDOW} steps: {loss:.3}"), (2.0, MEAN))
        });
        let held_out = last(&self.curve.held_out).map(|(_, loss)| Entry {
            circle: self.has_circles(),
            ..entry(format!("held-out loss: {loss:.3}"), (1.75, HELD_OUT))
        });
        let floor =
            self.floor().map(|(loss, label)| entry(format!("{label}: {loss:.3}"), (1.5, FLOOR)));
        [losses, mean, held_out, floor].into_iter().flatten().collect()
    }

    /// The figure in words.
    fn description(&self) -> String {
        let mut text = "Cross-entropy in nats per token over the training steps.".to_owned();
        match (first(&self.curve.losses), last(&self.curve.losses)) {
            (Some((start, high)), Some((end, low))) => text.push_str(&format!(
                " Training loss: {high:.3} at step {}, {low:.3} at step {}.",
                count(start),
                count(end)
            )),
            _ => text.push_str(" No step has a loss yet."),
        }
        if let Some((_, loss)) = last(&self.mean) {
            text.push_str(&format!(" Mean of the last {WINDOW} steps: {loss:.3}."));
        }
        if let Some((step, loss)) = last(&self.curve.held_out) {
            text.push_str(&format!(" Held-out loss: {loss:.3} at step {}.", count(step)));
        }
        if let Some((loss, label)) = self.floor() {
            text.push_str(&format!(" {label}: {loss:.3}."));
        }
        text
    }

    /// Loss and label of the floor.
    fn floor(&self) -> Option<(f64, &str)> {
        let floor = self.curve.floor.as_ref()?;
        is_drawable(floor.loss).then_some((floor.loss, floor.label.as_str()))
    }

    /// The places that `points` are drawn at, a line for each stretch without a gap.
    fn lines(&self, points: &[(u64, f64)]) -> impl Iterator<Item = Vec<Point>> {
        line::unbroken(points).map(|line| {
            let places: Vec<Point> = line.iter().map(|point| self.place(point)).collect();
            line::thin(&places)
        })
    }

    fn place(&self, &(step, loss): &(u64, f64)) -> Point {
        (self.x.place(step as f64), self.y.place(loss))
    }
}

fn first(points: &[(u64, f64)]) -> Option<(u64, f64)> {
    points.iter().copied().find(|&(_, loss)| is_drawable(loss))
}

fn last(points: &[(u64, f64)]) -> Option<(u64, f64)> {
    points.iter().copied().rfind(|&(_, loss)| is_drawable(loss))
}

fn title_or_kind(curve: &LossCurve) -> &str {
    if curve.title.is_empty() { "Loss curve" } else { &curve.title }
}
