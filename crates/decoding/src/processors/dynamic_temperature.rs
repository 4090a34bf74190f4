//! Dynamic temperature: hotter where the model is unsure.

use crate::{Candidates, Context, Error, Filter, Result, Temperature};

/// Divides every score by T = T_min + (T_max − T_min) · (H / ln n)^e, H the entropy of the n candidates.
///
/// T_min = max(0, T − range) and T_max = T + range. A single candidate is left as it is.
///
/// Source: llama.cpp's `temp_ext` sampler (after kalomaze's entropy sampling, 2023).
///
/// # Performance
/// Two passes: entropy and count. After top-k: O(k).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynamicTemperature {
    lowest: f32,
    highest: f32,
    exponent: f32,
}

impl DynamicTemperature {
    /// # Errors
    /// [`Error::Temperature`], or [`Error::Parameter`] where `range` or `exponent` is negative or not finite.
    pub fn new(temperature: f32, range: f32, exponent: f32) -> Result<Self> {
        Temperature::new(temperature)?;
        let valid = |x: f32| x.is_finite() && x >= 0.0;
        let expected = "it must be a finite number of at least 0, and 0 switches it off";
        Error::unless(valid(range), "dynatemp_range", range, expected)?;
        let expected = "it must be a finite number of at least 0; 1 is usual";
        Error::unless(valid(exponent), "dynatemp_exponent", exponent, expected)?;
        let highest = temperature + range;
        Temperature::new(highest)?;
        Ok(Self { lowest: (temperature - range).max(0.0), highest, exponent })
    }
}

impl Filter for DynamicTemperature {
    fn narrow(&self, _context: &Context<'_>, candidates: &mut Candidates<'_>) -> Result<()> {
        let count = candidates.count();
        if count > 1 {
            let share = (candidates.entropy() / (count as f64).ln()).clamp(0.0, 1.0);
            let (lowest, highest) = (f64::from(self.lowest), f64::from(self.highest));
            let t = lowest + (highest - lowest) * share.powf(f64::from(self.exponent));
            if t > 0.0 {
                candidates.divide(t);
            } else {
                candidates.keep_the_best();
            }
        }
        Ok(())
    }

    fn label(&self) -> &str {
        "dynamic_temperature"
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Processor;

    fn at(dynamic: DynamicTemperature, row: &[f32]) -> Vec<f32> {
        let mut row = row.to_vec();
        dynamic.process(&Context::new(&[]), &mut row).unwrap();
        row
    }

    #[test]
    fn an_even_distribution_gets_the_highest_temperature() {
        let dynamic = DynamicTemperature::new(1.0, 0.5, 2.0).unwrap();
        assert_eq!(at(dynamic, &[3.0, 3.0, f32::NEG_INFINITY]), [2.0, 2.0, f32::NEG_INFINITY]);
    }

    #[test]
    fn a_certain_one_gets_the_lowest() {
        let dynamic = DynamicTemperature::new(1.0, 0.5, 1.0).unwrap();
        assert_eq!(at(dynamic, &[100.0, 0.0]), [200.0, 0.0]);
        assert_eq!(at(dynamic, &[3.0, f32::NEG_INFINITY]), [3.0, f32::NEG_INFINITY]);
    }

    #[test]
    fn bad_parameters_are_refused() {
        let refuse = |t, r, e| DynamicTemperature::new(t, r, e).unwrap_err().to_string();
        assert!(refuse(-1.0, 0.0, 1.0).contains("temperature is -1"));
        assert!(refuse(1.0, -0.5, 1.0).contains("dynatemp_range is -0.5"));
        assert!(refuse(1.0, 0.5, f32::NAN).contains("dynatemp_exponent is NaN"));
        assert!(refuse(f32::MAX, f32::MAX, 1.0).contains("temperature is inf"));
    }
}
