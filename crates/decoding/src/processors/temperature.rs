//! Temperature: l ← l / T.

use crate::{Candidates, Context, Error, Filter, Result};

/// Divides every score by T: below 1 sharpens the distribution, above 1 flattens it.
///
/// T = 0 is the limit of sharpening: the best token alone is kept (of equal ones the lowest id).
/// The order of the tokens never changes, and ties stay ties.
///
/// Source: Ackley, Hinton, Sejnowski, "A learning algorithm for Boltzmann machines", 1985.
///
/// # Performance
/// O(1) in a chain of filters: whoever needs a probability scales.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature(f32);

impl Temperature {
    /// # Errors
    /// [`Error::Temperature`] where `temperature` is negative, NaN or infinite.
    pub fn new(temperature: f32) -> Result<Self> {
        if temperature.is_finite() && temperature >= 0.0 {
            Ok(Self(temperature))
        } else {
            Err(Error::Temperature { got: temperature })
        }
    }
}

impl Filter for Temperature {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        if self.0 == 0.0 {
            candidates.keep_the_best();
        } else {
            candidates.divide(f64::from(self.0));
        }
        Ok(())
    }

    fn label(&self) -> &str {
        "temperature"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Processor;

    fn at(temperature: f32, mut row: Vec<f32>) -> Vec<f32> {
        Temperature::new(temperature).unwrap().process(&Context::new(&[]), &mut row).unwrap();
        row
    }

    #[test]
    fn scores_are_divided() {
        assert_eq!(at(0.5, vec![1.0, -2.0, f32::NEG_INFINITY]), [2.0, -4.0, f32::NEG_INFINITY]);
    }

    #[test]
    fn zero_keeps_the_first_of_the_best() {
        assert_eq!(at(0.0, vec![1.0, 7.0, 7.0]), [f32::NEG_INFINITY, 7.0, f32::NEG_INFINITY]);
    }

    #[test]
    fn a_tiny_temperature_does_not_overflow() {
        assert_eq!(at(1e-38, vec![5.0, 7.0]), [f32::NEG_INFINITY.max(-2.0 / 1e-38), 0.0]);
        assert!(crate::check_row(&at(f32::MIN_POSITIVE, vec![f32::MAX, 0.0])).is_ok());
    }

    #[test]
    fn bad_temperatures_are_refused() {
        for bad in [-0.1, f32::NAN, f32::INFINITY] {
            let message = Temperature::new(bad).unwrap_err().to_string();
            assert!(message.contains(&format!("temperature is {bad}")), "{message}");
        }
    }
}
