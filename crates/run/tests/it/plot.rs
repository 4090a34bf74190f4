//! The loss curve, read back from the pixels and the elements.

use std::fs;

use enredo_run::{Eval, Floor, LossCurve, Metric, layout};
use resvg::{
    tiny_skia::Pixmap,
    usvg::{Options, Tree},
};

use crate::{dir, message, run};

const LOSS: [u8; 3] = [0xa9, 0xba, 0xf3];
const LOSS_ALONE: [u8; 3] = [0x67, 0x84, 0xea];
const MEAN: [u8; 3] = [0x2f, 0x55, 0xd4];
const HELD_OUT: [u8; 3] = [0xd9, 0x59, 0x0b];
const FLOOR: [u8; 3] = [0x5f, 0x63, 0x68];
const ALL: [[u8; 3]; 5] = [LOSS, LOSS_ALONE, MEAN, HELD_OUT, FLOOR];

fn curve(losses: impl IntoIterator<Item = f64>) -> LossCurve {
    LossCurve { losses: (1..).zip(losses).collect(), ..LossCurve::default() }
}

fn falling(steps: u32) -> LossCurve {
    curve((1..=steps).map(|step| 3.0 + 4.0 / f64::from(step) + 0.1 * f64::from(step).sin()))
}

fn png(curve: &LossCurve) -> Pixmap {
    Pixmap::decode_png(&curve.to_png().unwrap()).unwrap()
}

/// The places below the legend that have exactly this colour.
fn places(pixels: &Pixmap, [r, g, b]: [u8; 3]) -> Vec<(u32, u32)> {
    let width = pixels.width();
    let is_colour = |pixel: &resvg::tiny_skia::PremultipliedColorU8| {
        (pixel.red(), pixel.green(), pixel.blue()) == (r, g, b)
    };
    let place = |(i, _): (usize, _)| (i as u32 % width, i as u32 / width);
    let found = pixels.pixels().iter().enumerate().filter(|(_, pixel)| is_colour(pixel));
    found.map(place).filter(|&(_, y)| y > 120).collect()
}

/// Which of the colours show below the legend.
fn shown(curve: &LossCurve) -> Vec<[u8; 3]> {
    let pixels = png(curve);
    ALL.into_iter().filter(|&colour| !places(&pixels, colour).is_empty()).collect()
}

#[test]
fn what_there_is_shows_and_nothing_else() {
    assert!(shown(&LossCurve::default()).is_empty());
    assert_eq!(shown(&falling(1)), [LOSS_ALONE]);
    assert_eq!(shown(&falling(99)), [LOSS_ALONE]);
    assert_eq!(shown(&falling(101)), [LOSS, MEAN]);
    assert_eq!(shown(&LossCurve { held_out: vec![(1, 3.0)], ..falling(0) }), [HELD_OUT]);
    let floor = Some(Floor { loss: 2.0, label: "entropy".into() });
    assert_eq!(shown(&LossCurve { floor, ..falling(0) }), [FLOOR]);
}

#[test]
fn one_step_shows_inside_its_held_out_circle() {
    let both = LossCurve { held_out: vec![(1, 7.0)], ..curve([7.0]) };
    assert_eq!(shown(&both), [LOSS_ALONE, HELD_OUT]);
}

#[test]
fn the_mean_begins_at_its_hundredth_step() {
    let pixels = png(&falling(400));
    let (x, _) = *places(&pixels, MEAN).iter().min().unwrap();
    // The axis has 1.5 % of margin on both sides of 0 to 400.
    let expected = 2.0 * (66.0 + 918.0 * (0.25 + 0.015) / 1.03);
    assert!((f64::from(x) - expected).abs() < 4.0, "{x} for {expected}");
}

#[test]
fn the_image_is_the_drawing_at_twice_its_size() {
    let pixels = png(&falling(10));
    assert_eq!((pixels.width(), pixels.height()), (2000, 760));
    assert_eq!(pixels.pixel(0, 0).unwrap().alpha(), 255);
}

#[test]
fn a_nan_breaks_the_line() {
    let mut broken = curve([3.0; 60]);
    broken.losses[29..40].iter_mut().for_each(|(_, loss)| *loss = f64::NAN);
    let columns = |curve: &LossCurve| {
        let mut columns: Vec<u32> =
            places(&png(curve), LOSS_ALONE).into_iter().map(|(x, _)| x).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    };
    let widest = |columns: &[u32]| columns.windows(2).map(|pair| pair[1] - pair[0]).max();
    assert_eq!(widest(&columns(&curve([3.0; 60]))), Some(1));
    // Twelve of sixty steps lie between the ends of the gap.
    let gap = f64::from(widest(&columns(&broken)).unwrap());
    assert!((gap - 1836.0 / 1.03 * 12.0 / 60.0).abs() < 8.0, "{gap}");
}

#[test]
fn odd_losses_can_be_drawn() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 0.0, -1.0, 1e99, 5e-324];
    for losses in odd.map(|loss| vec![loss; 150]).into_iter().chain([odd.to_vec()]) {
        let mut curve = curve(losses.clone());
        curve.held_out = curve.losses.clone();
        curve.floor = Some(Floor { loss: losses[0], label: "floor".into() });
        let svg = curve.to_svg().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf "), "{losses:?}");
        Tree::from_str(&svg, &Options::default()).unwrap();
    }
}

#[test]
fn a_long_run_stays_small() {
    let mut long = falling(100_000);
    long.held_out = long.losses.clone();
    let size = long.to_svg().unwrap().len();
    assert!(size < 300_000, "{size} bytes");
}

#[test]
fn held_out_points_have_circles_until_they_would_crowd() {
    // One more circle stands in the legend.
    for (points, circles) in [(0, 0), (1, 2), (150, 151), (151, 0)] {
        let held_out = (1..=points).map(|step| (step, 3.0)).collect();
        let svg = LossCurve { held_out, ..LossCurve::default() }.to_svg().unwrap();
        assert_eq!(svg.matches("<circle").count(), circles, "{points} points");
    }
}

#[test]
fn a_long_run_keeps_its_spikes() {
    let mut long = curve(vec![3.0; 100_000]);
    long.losses[54_321].1 = 9.0;
    let top = |curve: &LossCurve| places(&png(curve), LOSS).iter().map(|&(_, y)| y).min().unwrap();
    assert!(top(&long) < 170, "{}", top(&long));
}

#[test]
fn the_drawing_speaks_and_needs_no_font() {
    let mut full = falling(1200);
    full.title = "a <title> & more\u{1}".into();
    full.held_out = vec![(600, 3.25), (1200, f64::NAN)];
    full.floor = Some(Floor { loss: 2.5, label: "entropy \"of\" <it>".into() });
    let svg = full.to_svg().unwrap();
    assert!(svg.contains("<title id=\"loss-title\">a &lt;title&gt; &amp; more\u{fffd}</title>"));
    let (_, words) = svg.split_once("<desc id=\"loss-description\">").unwrap();
    let (words, _) = words.split_once("</desc>").unwrap();
    for part in ["at step 1,", "at step 1,200", "Held-out loss: 3.250 at step 600", "2.500"] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(!svg.contains("<text") && !svg.contains("font"));
    Tree::from_str(&svg, &Options::default()).unwrap();
}

#[test]
fn a_run_draws_its_own_rows() {
    let dir = dir();
    let run = run(dir.path().join("first"));
    let mut metrics = run.writer().unwrap();
    for (step, loss) in [(1, 7.5), (2, f64::NAN), (3, 7.0)] {
        metrics.append(&Metric { step, loss, ..Metric::default() }).unwrap();
    }
    run.writer().unwrap().append(&Eval { step: 3, val_loss: 7.2, ..Eval::default() }).unwrap();

    let curve = run.loss_curve().unwrap();
    assert_eq!(curve.title, "first");
    assert_eq!(curve.losses.len(), 3);
    assert_eq!(curve.held_out, [(3, 7.2)]);
    run.write_loss_curve(&curve).unwrap();
    assert_eq!(run.read(layout::LOSS_SVG).unwrap(), curve.to_svg().unwrap().into_bytes());
    assert_eq!(run.read(layout::LOSS_PNG).unwrap(), curve.to_png().unwrap());
}

#[test]
fn a_curve_of_damaged_rows_is_an_error() {
    let dir = dir();
    let run = run(dir.path());
    let path = run.file(layout::EVALS).unwrap();
    fs::write(&path, "no row\n").unwrap();
    assert!(message(run.loss_curve(), &path).contains("evals.jsonl, line 1"));
}
