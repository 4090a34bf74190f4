//! A small SVG writer: lines, dots and text, coordinates in hundredths.

use super::{line::Point, text::Lettering};
use crate::{
    Result,
    markup::{escape, number},
};

/// A drawing in the making.
pub(super) struct Svg {
    lettering: Lettering,
    body: String,
}

/// Which point of a text is at the place given.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { lettering: Lettering::new()?, body: String::new() })
    }

    /// A line through `points`; a single point shows as a dot of the line's `width`.
    pub(super) fn line(&mut self, points: &[Point], width: f64, style: &str) {
        // Not every renderer gives a line without length its round ends.
        let dot = if points.len() == 1 { "h.01" } else { "" };
        let (data, width) = (path(points), number(width));
        self.add(&format!("<path d=\"{data}{dot}\" stroke-width=\"{width}\" {style}/>"));
    }

    pub(super) fn circle(&mut self, (x, y): Point, radius: f64, style: &str) {
        let (x, y, r) = (number(x), number(y), number(radius));
        self.add(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {style}/>"));
    }

    pub(super) fn text(
        &mut self,
        text: &str,
        (x, y): Point,
        anchor: Anchor,
        size: f64,
        style: &str,
    ) {
        let left = x - self.before(text, anchor, size);
        self.body += &self.lettering.draw(text, (left, y), size, style);
    }

    /// Text that reads upwards, centred at the place given.
    pub(super) fn upward_text(&mut self, text: &str, (x, y): Point, size: f64, style: &str) {
        self.add(&format!("<g transform=\"translate({} {})rotate(-90)\">", number(x), number(y)));
        self.text(text, (0.0, 0.0), Anchor::Middle, size, style);
        self.add("</g>");
    }

    pub(super) fn text_width(&self, text: &str, size: f64) -> f64 {
        self.lettering.width(text, size)
    }

    /// `text`, cut to fit into `width`.
    pub(super) fn fit(&self, text: &str, size: f64, width: f64) -> String {
        self.lettering.fit(text, size, width)
    }

    /// The document, on white; `title` and `description` are what a screen reader says.
    pub(super) fn finish(self, (width, height): Point, title: &str, description: &str) -> String {
        let (title, description) = (escape(title), escape(description));
        let (definitions, body) = (self.lettering.definitions(), self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"loss-title loss-description\">\n\
             <title id=\"loss-title\">{title}</title>\n\
             <desc id=\"loss-description\">{description}</desc>\n\
             <defs>\n{definitions}</defs>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <g stroke-linecap=\"round\" stroke-linejoin=\"round\">\n{body}</g>\n</svg>\n"
        )
    }

    fn before(&self, text: &str, anchor: Anchor, size: f64) -> f64 {
        match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5 * self.text_width(text, size),
            Anchor::End => self.text_width(text, size),
        }
    }

    fn add(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

fn path(points: &[Point]) -> String {
    let places: Vec<String> =
        points.iter().map(|&(x, y)| format!("{} {}", number(x), number(y))).collect();
    format!("M{}", places.join(" "))
}
