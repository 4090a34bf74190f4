//! Rotary positions: queries and keys turn with their place, so that attention sees distances alone.

use std::{cell::RefCell, f64::consts::TAU};

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::{Error, ModelConfig, Result};

/// How rotary positions are stretched to a longer context, in Hugging Face's form.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rope_type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum RopeScaling {
    /// Every position divided by a number (Chen et al., arXiv 2306.15595).
    Linear {
        /// The number.
        factor: f64,
    },
    /// Llama 3's (arXiv 2407.21783): slow turns are divided, fast ones are not, and those between in part.
    Llama3 {
        /// What slow turns are divided by.
        factor: f64,
        /// A pair that turns fewer times than this in the original context is slow.
        low_freq_factor: f64,
        /// One that turns more often than this is fast.
        high_freq_factor: f64,
        /// The context before it was stretched.
        original_max_position_embeddings: usize,
    },
}

impl RopeScaling {
    /// # Errors
    /// [`Error::Config`] for numbers that make no angle.
    pub(crate) fn validate(self) -> Result<()> {
        let is_good = match self {
            Self::Linear { factor } => factor > 0.0,
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_max_position_embeddings,
            } => {
                factor > 0.0
                    && low_freq_factor > 0.0
                    && high_freq_factor > low_freq_factor
                    && original_max_position_embeddings > 0
            }
        };
        let want =
            "of factors above 0, the high one above the low one, and a context of at least 1";
        if is_good {
            return Ok(());
        }
        let got = format!("{self:?}");
        Err(Error::Config { field: "rope_scaling", got, want: want.to_owned() })
    }

    /// A pair's angle a token, stretched.
    fn stretched(self, angle: f64) -> f64 {
        match self {
            Self::Linear { factor } => angle / factor,
            Self::Llama3 {
                factor,
                low_freq_factor: low,
                high_freq_factor: high,
                original_max_position_embeddings: context,
            } => {
                let turns = context as f64 * angle / TAU;
                let fast = ((turns - low) / (high - low)).clamp(0.0, 1.0);
                angle * (fast + (1.0 - fast) / factor)
            }
        }
    }
}

/// The angle that each pair of a head's numbers turns by, a token: D / 2.
#[derive(Debug)]
pub(crate) struct Angles(Vec<f64>);

/// The same, and tensors made of them.
#[derive(Debug)]
pub(crate) struct Rotary {
    angles: Angles,
    turns: RefCell<Option<(i64, Turns)>>,
}

/// Cosines and sines of the first T positions, (T, 1, D / 2) each.
#[derive(Debug)]
pub(crate) struct Turns {
    cosines: Tensor,
    sines: Tensor,
}

impl Angles {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let d = config.head_size();
        let angle = |pair: usize| config.rope_theta.powf(-2.0 * pair as f64 / d as f64);
        let stretched =
            |angle| config.rope_scaling.map_or(angle, |scaling| scaling.stretched(angle));
        Self((0..d / 2).map(angle).map(stretched).collect())
    }

    /// Appends the D / 2 cosines and sines of one position.
    pub(crate) fn at(&self, position: usize, cosines: &mut Vec<f32>, sines: &mut Vec<f32>) {
        let angles = self.0.iter().map(|angle| position as f64 * angle);
        for (sine, cosine) in angles.map(f64::sin_cos) {
            cosines.push(cosine as f32);
            sines.push(sine as f32);
        }
    }
}

impl Rotary {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        Self { angles: Angles::new(config), turns: RefCell::default() }
    }

    /// Cosines and sines of the first `t` positions; kept for the next call of the same length.
    pub(crate) fn turns(&self, t: i64, device: Device) -> Result<Turns> {
        let mut kept = self.turns.borrow_mut();
        if let Some((length, turns)) = &*kept
            && *length == t
            && turns.cosines.device() == device
        {
            return Ok(turns.shared());
        }
        let turns = self.computed(t, device)?;
        *kept = Some((t, turns.shared()));
        Ok(turns)
    }

    fn computed(&self, t: i64, device: Device) -> Result<Turns> {
        let (mut cosines, mut sines) = (Vec::new(), Vec::new());
        (0..t as usize).for_each(|position| self.angles.at(position, &mut cosines, &mut sines));
        let tensor = |values: &[f32]| -> Result<Tensor> {
            let shape = [t, 1, self.angles.0.len() as i64];
            Ok(Tensor::f_from_slice(values)?.f_view(shape)?.f_to_device(device)?)
        };
        Ok(Turns { cosines: tensor(&cosines)?, sines: tensor(&sines)? })
    }
}

impl Turns {
    fn shared(&self) -> Self {
        Self { cosines: self.cosines.shallow_clone(), sines: self.sines.shallow_clone() }
    }

    /// (B, T, H, D), turned in f32; numbers j and j + D/2 are a pair.
    pub(crate) fn turn(&self, x: &Tensor) -> Result<Tensor> {
        let parts = x.f_to_kind(Kind::Float)?.f_chunk(2, -1)?;
        let (a, b) = (&parts[0], &parts[1]);
        let low = a.f_mul(&self.cosines)?.f_sub(&b.f_mul(&self.sines)?)?;
        let high = b.f_mul(&self.cosines)?.f_add(&a.f_mul(&self.sines)?)?;
        Ok(Tensor::f_cat(&[low, high], -1)?.f_to_kind(x.kind())?)
    }
}
