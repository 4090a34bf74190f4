//! Text as outlines of DejaVu Sans, so that a drawing looks the same on every machine.

use std::collections::BTreeMap;

use ttf_parser::{Face, GlyphId, OutlineBuilder};

use super::fault;
use crate::{Result, markup::number};

/// The font, and the glyphs of it that a drawing has used so far.
pub(super) struct Lettering {
    face: Face<'static>,
    outlines: BTreeMap<u16, String>,
}

/// A line of text, laid out in font units from its left end.
pub(super) struct Line {
    /// Each glyph with its distance from the left end.
    glyphs: Vec<(u16, u32)>,
    width: u32,
}

impl Lettering {
    pub(super) fn new() -> Result<Self> {
        let face = Face::parse(dejavu::sans::regular(), 0).map_err(fault)?;
        Ok(Self { face, outlines: BTreeMap::new() })
    }

    /// How wide `text` is at `size` units to the em.
    pub(super) fn width(&self, text: &str, size: f64) -> f64 {
        f64::from(self.line(text).width) * self.scale(size)
    }

    /// `text`, or as much of its beginning as fits into `width`, with an ellipsis.
    pub(super) fn fit(&self, text: &str, size: f64, width: f64) -> String {
        if self.width(text, size) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…", size);
        let mut used = 0.0;
        let fits = |&letter: &char| {
            used += f64::from(self.advance(self.glyph(letter))) * self.scale(size);
            used <= room
        };
        let kept: String = text.chars().take_while(fits).collect();
        format!("{}…", kept.trim_end())
    }

    /// The group that draws `text` from `(x, y)` on, its glyphs defined by [`definitions`](Self::definitions).
    pub(super) fn draw(
        &mut self,
        text: &str,
        (x, y): (f64, f64),
        size: f64,
        style: &str,
    ) -> String {
        let (x, y, scale) = (number(x), number(y), self.scale(size));
        let uses: String = self.line(text).glyphs.iter().map(|glyph| self.place(*glyph)).collect();
        format!("<g transform=\"translate({x} {y})scale({scale:.6})\" {style}>{uses}</g>\n")
    }

    /// The outline of every glyph that was drawn, once.
    pub(super) fn definitions(&self) -> String {
        self.outlines
            .iter()
            .map(|(glyph, outline)| format!("<path id=\"loss-glyph-{glyph}\" d=\"{outline}\"/>\n"))
            .collect()
    }

    /// A glyph at its place in the line; its outline is kept. A space has none.
    fn place(&mut self, (glyph, x): (u16, u32)) -> String {
        let outline = self.outlines.get(&glyph).cloned().or_else(|| self.outline(glyph));
        let Some(outline) = outline else { return String::new() };
        self.outlines.insert(glyph, outline);
        format!("<use href=\"#loss-glyph-{glyph}\" x=\"{x}\"/>")
    }

    fn outline(&self, glyph: u16) -> Option<String> {
        let mut path = GlyphPath::default();
        self.face.outline_glyph(GlyphId(glyph), &mut path)?;
        Some(path.data)
    }

    fn line(&self, text: &str) -> Line {
        let mut line = Line { glyphs: Vec::new(), width: 0 };
        for glyph in text.chars().map(|letter| self.glyph(letter)) {
            line.glyphs.push((glyph, line.width));
            line.width += self.advance(glyph);
        }
        line
    }

    /// A letter that the font lacks becomes glyph 0, an empty box.
    fn glyph(&self, letter: char) -> u16 {
        self.face.glyph_index(letter).map_or(0, |glyph| glyph.0)
    }

    fn advance(&self, glyph: u16) -> u32 {
        self.face.glyph_hor_advance(GlyphId(glyph)).unwrap_or(0).into()
    }

    fn scale(&self, size: f64) -> f64 {
        size / f64::from(self.face.units_per_em())
    }
}

/// Path data of a glyph; fonts count y upwards, SVG downwards.
#[derive(Default)]
struct GlyphPath {
    data: String,
}

impl GlyphPath {
    fn add(&mut self, command: char, points: &[(f32, f32)]) {
        self.data.push(command);
        let numbers: Vec<String> = points
            .iter()
            .flat_map(|&(x, y)| [x, -y])
            .map(|coordinate| number(f64::from(coordinate)))
            .collect();
        self.data.push_str(&numbers.join(" "));
    }
}

impl OutlineBuilder for GlyphPath {
    fn move_to(&mut self, x: f32, y: f32) {
        self.add('M', &[(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.add('L', &[(x, y)]);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.add('Q', &[(x1, y1), (x, y)]);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.add('C', &[(x1, y1), (x2, y2), (x, y)]);
    }

    fn close(&mut self) {
        self.data.push('Z');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_distinct_glyph_is_defined_once() {
        let mut lettering = Lettering::new().unwrap();
        let drawn = lettering.draw("a bab", (0.0, 0.0), 10.0, "");
        assert_eq!(drawn.matches("<use").count(), 4);
        assert_eq!(lettering.definitions().matches("<path").count(), 2);
    }

    #[test]
    fn widths_add_up_and_scale() {
        let lettering = Lettering::new().unwrap();
        let width = |text, size| lettering.width(text, size);
        assert!((width("ab", 10.0) - width("a", 10.0) - width("b", 10.0)).abs() < 1e-9);
        assert!((width("ab", 20.0) - 2.0 * width("ab", 10.0)).abs() < 1e-9);
        assert!(width("iii", 10.0) < width("mmm", 10.0));
    }

    #[test]
    fn long_text_is_cut_to_fit() {
        let lettering = Lettering::new().unwrap();
        let text = "a title that is much too long for its place";
        let cut = lettering.fit(text, 10.0, 100.0);
        assert!(text.starts_with(cut.strip_suffix('…').unwrap()));
        assert!((80.0..=100.0).contains(&lettering.width(&cut, 10.0)), "{cut}");
        assert_eq!(lettering.fit("short", 10.0, 100.0), "short");
    }
}
