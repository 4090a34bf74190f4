//! The picture: a line of dots for each strategy on a logarithmic axis of time, and the floors across all of them.

use std::fmt;

use anyhow::{Context, Result};
use enredo_peers_sampling::{
    case::Case,
    report::{CANDLE, Cell, LLAMA_CPP, LLM_SAMPLERS, OURS, digits, thousands},
    row::Kind,
};

use crate::{Runs, median};

const VOCAB_SIZE: usize = 128_256;

const WIDTH: f64 = 910.0;
const LEFT: f64 = 160.0;
const RIGHT: f64 = 730.0;
const TOP: f64 = 112.0;
const LINE: f64 = 25.0;

const TEXT: &str = "#1f2933";
const MUTED: &str = "#52606d";
const GRID: &str = "#e4e7eb";

/// Everybody's name, colour and mark; ours last, on top.
const SYSTEMS: [(&str, &str, Mark); 4] = [
    (LLM_SAMPLERS, "#d9730d", Mark::Diamond),
    (CANDLE, "#1971c2", Mark::Square),
    (LLAMA_CPP, "#2b8a3e", Mark::Triangle),
    (OURS, "#c2255c", Mark::Circle),
];

#[derive(Clone, Copy)]
enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
}

/// What is shown: the best instructions, zipf rows, one size.
pub struct Plot<'a> {
    cells: Vec<&'a Cell>,
    max_pass: f64,
    exp_sum_pass: f64,
    /// The ends of the axis, as powers of ten of a microsecond.
    decades: (i32, i32),
}

impl<'a> Plot<'a> {
    pub fn new(runs: &'a Runs) -> Result<Self> {
        let wanted = |cell: &&Cell| {
            cell.vocab_size == VOCAB_SIZE && cell.rows == Kind::Zipf && cell.case != Case::Trace
        };
        let cells: Vec<_> = runs.first().cells.iter().filter(wanted).collect();
        let missing = || format!("no floor was timed on zipf rows at V = {VOCAB_SIZE}");
        let floor = |pass: fn(&Cell) -> Option<f64>| {
            median(cells.iter().filter_map(|cell| pass(cell))).with_context(missing)
        };
        let (max_pass, exp_sum_pass) = (floor(Cell::max_pass)?, floor(Cell::exp_sum_pass)?);
        let times = || cells.iter().flat_map(|cell| cell.microseconds.values()).copied();
        let decades = (
            times().fold(f64::INFINITY, f64::min).log10().floor() as i32,
            times().fold(0.0, f64::max).log10().ceil() as i32,
        );
        Ok(Self { cells, max_pass, exp_sum_pass, decades })
    }

    /// The picture in words.
    pub fn alt(&self) -> String {
        let range = |name: &str| {
            let times = || self.cells.iter().filter_map(|cell| cell.time(name));
            let (least, most) =
                (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
            (most > 0.0).then(|| format!("{name} {} to {}", micros(least), micros(most)))
        };
        let ranges: Vec<_> = SYSTEMS.iter().rev().filter_map(|(name, ..)| range(name)).collect();
        format!(
            "Time per draw of {} strategies on zipf rows of {} logits, on a logarithmic axis: {}; \
             one pass for the maximum takes {}, one for the sum of exponentials {}.",
            self.cells.len(),
            thousands(VOCAB_SIZE),
            ranges.join(", "),
            micros(self.max_pass),
            micros(self.exp_sum_pass)
        )
    }

    fn x(&self, microseconds: f64) -> f64 {
        let (first, last) = (f64::from(self.decades.0), f64::from(self.decades.1));
        LEFT + (RIGHT - LEFT) * (microseconds.log10() - first) / (last - first)
    }

    fn bottom(&self) -> f64 {
        TOP + LINE * self.cells.len() as f64
    }
}

impl fmt::Display for Plot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let height = self.bottom() + 46.0;
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif" font-size="13" fill="{TEXT}">"#
        )?;
        writeln!(f, "<title>{}</title>", self.alt())?;
        writeln!(f, r##"<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>"##)?;
        head(f)?;
        self.axis(f)?;
        self.floor(f, "max pass", self.max_pass, "end")?;
        self.floor(f, "exp-sum pass", self.exp_sum_pass, "start")?;
        for (i, cell) in self.cells.iter().enumerate() {
            self.line(f, TOP + LINE * (i as f64 + 0.5), cell)?;
        }
        writeln!(f, "</svg>")
    }
}

/// Title and legend.
fn head(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let size = thousands(VOCAB_SIZE);
    let title = format!("Time to draw one token from {size} logits");
    writeln!(f, r#"<text x="20" y="32" font-size="18" font-weight="bold">{title}</text>"#)?;
    let what = "one row, one thread; peaked (zipf) rows as of a trained model; lower is better";
    writeln!(f, r#"<text x="20" y="52" fill="{MUTED}">{what}</text>"#)?;
    let mut x = 27.0;
    for (name, colour, mark) in SYSTEMS.iter().rev() {
        write_mark(f, *mark, colour, x, 72.0)?;
        writeln!(f, r#"<text x="{}" y="76.5">{name}</text>"#, x + 11.0)?;
        x += 42.0 + 7.2 * name.len() as f64;
    }
    writeln!(
        f,
        r#"<path d="M{x} 65V79" stroke="{TEXT}" stroke-dasharray="4 3"/><text x="{}" y="76.5">floors: one pass over the logits</text>"#,
        x + 9.0
    )?;
    for (x, heading) in [(RIGHT + 64.0, "ours"), (WIDTH - 16.0, "best peer/ours")] {
        let y = TOP - 9.0;
        writeln!(
            f,
            r#"<text x="{x}" y="{y}" text-anchor="end" font-size="12" fill="{MUTED}">{heading}</text>"#
        )?;
    }
    Ok(())
}

impl Plot<'_> {
    fn axis(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bottom = self.bottom();
        for decade in self.decades.0..=self.decades.1 {
            let time = 10f64.powi(decade);
            let x = self.x(time);
            writeln!(
                f,
                r#"<path d="M{x:.1} {TOP}V{bottom}" stroke="{GRID}"/><text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="{MUTED}">{}</text>"#,
                bottom + 19.0,
                tick(time)
            )?;
        }
        let (x, y) = ((LEFT + RIGHT) / 2.0, bottom + 37.0);
        let name = "time per draw (logarithmic)";
        writeln!(
            f,
            r#"<text x="{x}" y="{y}" text-anchor="middle" font-size="12" fill="{MUTED}">{name}</text>"#
        )
    }

    /// A dashed line across all, its name above it on the side that `anchor` leaves.
    fn floor(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        time: f64,
        anchor: &str,
    ) -> fmt::Result {
        let (x, bottom) = (self.x(time), self.bottom());
        let aside = if anchor == "end" { x + 8.0 } else { x - 8.0 };
        writeln!(
            f,
            r#"<path d="M{x:.1} {}V{bottom}" stroke="{TEXT}" stroke-dasharray="4 3"/><text x="{aside:.1}" y="{}" text-anchor="{anchor}" font-size="12">{name} {}</text>"#,
            TOP - 4.0,
            TOP - 9.0,
            micros(time)
        )
    }

    /// A strategy: its name, the way from ours to the fastest peer, everybody's mark, and the numbers.
    fn line(&self, f: &mut fmt::Formatter<'_>, y: f64, cell: &Cell) -> fmt::Result {
        let baseline = y + 4.5;
        let (name, x) = (cell.case.label(), LEFT - 12.0);
        writeln!(f, r#"<text x="{x}" y="{baseline}" text-anchor="end">{name}</text>"#)?;
        if let (Some(ours), Some((_, peer))) = (cell.ours(), cell.best_peer()) {
            let (from, to) = (self.x(ours), self.x(peer));
            writeln!(
                f,
                r##"<path d="M{from:.1} {y}H{to:.1}" stroke="#c3cad2" stroke-width="2"/>"##
            )?;
        }
        for (name, colour, mark) in SYSTEMS {
            if let Some(time) = cell.time(name) {
                write_mark(f, mark, colour, self.x(time), y)?;
            }
        }
        let ratio = cell.best_peer_by_ours().map(|ratio| format!("{}×", digits(Some(ratio))));
        let numbers =
            [(RIGHT + 64.0, cell.ours().map(micros), "bold"), (WIDTH - 16.0, ratio, "normal")];
        for (x, number, weight) in numbers {
            let number = number.unwrap_or_else(|| "–".into());
            writeln!(
                f,
                r#"<text x="{x}" y="{baseline}" text-anchor="end" font-weight="{weight}">{number}</text>"#
            )?;
        }
        Ok(())
    }
}

fn write_mark(f: &mut fmt::Formatter<'_>, mark: Mark, colour: &str, x: f64, y: f64) -> fmt::Result {
    let edge = r##"stroke="#ffffff" stroke-width="1""##;
    let path = match mark {
        Mark::Circle => {
            return writeln!(f, r#"<circle cx="{x:.1}" cy="{y}" r="6" fill="{colour}" {edge}/>"#);
        }
        Mark::Square => "m-5 -5h10v10h-10z",
        Mark::Triangle => "m0 -6.5l6 11h-12z",
        Mark::Diamond => "m0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z",
    };
    writeln!(f, r#"<path d="M{x:.1} {y}{path}" fill="{colour}" {edge}/>"#)
}

/// `4.92 µs`, `1.20 ms`
fn micros(time: f64) -> String {
    if time < 999.5 {
        format!("{} µs", digits(Some(time)))
    } else {
        format!("{} ms", digits(Some(time / 1e3)))
    }
}

/// `10 µs`
fn tick(time: f64) -> String {
    if time < 1e3 { format!("{time} µs") } else { format!("{} ms", time / 1e3) }
}
