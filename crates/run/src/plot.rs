//! The loss curve of a run, as SVG and PNG.
//!
//! `figure` composes the drawing, `line` prepares the data, `svg` writes the elements, `text` turns
//! text into outlines. The PNG is the SVG, rasterised.

mod figure;
mod line;
mod svg;
mod text;

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

use crate::{Error, Eval, Metric, Result, RunFolder, layout};

/// Pixels of the PNG per unit of the SVG.
const PNG_SCALE: f32 = 2.0;

/// What a loss curve shows. All losses are in nats per token; a loss that is not finite breaks the
/// line.
///
/// The mean of the last 100 steps is drawn beside the single steps, from the hundredth on.
///
/// ```
/// # use enredo_run::{Floor, LossCurve};
/// let curve = LossCurve {
///     title: "causal, built-in corpus".into(),
///     losses: (1..=500).map(|step| (step, 3.0 + 4.0 / step as f64)).collect(),
///     held_out: vec![(200, 3.1), (400, 3.05)],
///     floor: Some(Floor { loss: 2.9, label: "entropy of the corpus".into() }),
/// };
/// assert!(curve.to_svg()?.starts_with("<svg"));
/// # Ok::<(), enredo_run::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossCurve {
    /// The line above the drawing.
    pub title: String,
    /// Step and training loss, in the order of the steps.
    pub losses: Vec<(u64, f64)>,
    /// Step and held-out loss, in the order of the steps.
    pub held_out: Vec<(u64, f64)>,
    /// The least loss that any model can reach, where it is known.
    pub floor: Option<Floor>,
}

/// A known lower bound of the loss: the entropy of the source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Floor {
    /// The entropy, in nats per token.
    pub loss: f64,
    /// What the legend calls it.
    pub label: String,
}

impl LossCurve {
    /// Draws the curve as an SVG document that needs no font, script or style sheet of its reader.
    ///
    /// It has a title and a description for screen readers. 100,000 steps stay under 300 kB: what
    /// falls into one half-pixel column is thinned to the points that show.
    ///
    /// # Errors
    /// [`Error::Plot`] if the built-in font cannot be read.
    pub fn to_svg(&self) -> Result<String> {
        figure::draw(self)
    }

    /// Rasterises [`to_svg`](Self::to_svg) at twice its size, and encodes it as PNG.
    ///
    /// # Errors
    /// [`Error::Plot`] if the drawing cannot be rasterised.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        rasterise(&self.to_svg()?)
    }
}

/// The loss curve.
impl RunFolder {
    /// Gathers the curve from `metrics.jsonl` and `evals.jsonl`, titled after the run's folder and
    /// without a floor.
    ///
    /// # Errors
    /// Those of [`rows`](Self::rows) and of the rows themselves.
    pub fn loss_curve(&self) -> Result<LossCurve> {
        let losses = self.rows::<Metric>()?.map(|row| row.map(|row| (row.step, row.loss)));
        let held_out = self.rows::<Eval>()?.map(|row| row.map(|row| (row.step, row.val_loss)));
        let name = self.path().file_name().unwrap_or_default();
        Ok(LossCurve {
            title: name.to_string_lossy().into_owned(),
            losses: losses.collect::<Result<_>>()?,
            held_out: held_out.collect::<Result<_>>()?,
            floor: None,
        })
    }

    /// Replaces `loss.svg` and `loss.png`. With the rows of the run:
    /// `run.write_loss_curve(&LossCurve { floor, ..run.loss_curve()? })`.
    ///
    /// # Errors
    /// [`Error::Plot`] if it cannot be drawn, [`Error::Write`] if a file cannot be written.
    pub fn write_loss_curve(&self, curve: &LossCurve) -> Result<()> {
        let svg = curve.to_svg()?;
        self.write(layout::LOSS_SVG, svg.as_bytes())?;
        self.write(layout::LOSS_PNG, &rasterise(&svg)?)
    }
}

fn rasterise(svg: &str) -> Result<Vec<u8>> {
    let tree = Tree::from_str(svg, &Options::default()).map_err(fault)?;
    let size = tree.size().to_int_size().scale_by(PNG_SCALE);
    let mut pixels = size
        .and_then(|size| Pixmap::new(size.width(), size.height()))
        .ok_or_else(|| fault("the drawing has no area"))?;
    resvg::render(&tree, Transform::from_scale(PNG_SCALE, PNG_SCALE), &mut pixels.as_mut());
    pixels.encode_png().map_err(fault)
}

#[allow(clippy::needless_pass_by_value, reason = "map_err passes its error by value")]
fn fault(fault: impl ToString) -> Error {
    Error::Plot { fault: fault.to_string() }
}
