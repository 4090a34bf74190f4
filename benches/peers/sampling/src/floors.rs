//! What no sampler can beat: one pass over the row for its maximum, one for the sum of its exponentials.
//!
//! Plain loops for the compiler to vectorise, owing nothing to any of the kernels they judge.

const LANES: usize = 64;
const PADDED: [f32; LANES] = [f32::NEG_INFINITY; LANES];

pub fn max_pass(row: &[f32]) -> f32 {
    let mut lanes = PADDED;
    for_each_chunk(row, |chunk| fold(&mut lanes, chunk, greater));
    across(lanes, greater)
}

/// Σ exp(x − max).
pub fn exp_sum_pass(row: &[f32], max: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    for_each_chunk(row, |chunk| fold(&mut lanes, chunk, |sum, x| sum + exp(x - max)));
    across(lanes, |a, b| a + b)
}

#[inline(always)]
fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The last chunk is filled up with −∞.
#[inline(always)]
fn for_each_chunk(row: &[f32], mut visit: impl FnMut(&[f32; LANES])) {
    let (chunks, tail) = row.as_chunks();
    chunks.iter().for_each(&mut visit);
    if !tail.is_empty() {
        let mut last = PADDED;
        last[..tail.len()].copy_from_slice(tail);
        visit(&last);
    }
}

#[inline(always)]
fn fold(lanes: &mut [f32; LANES], chunk: &[f32; LANES], f: impl Fn(f32, f32) -> f32) {
    lanes.iter_mut().zip(chunk).for_each(|(lane, &x)| *lane = f(*lane, x));
}

/// Halves the lanes until one is left: a chain of 64 steps would show in a short row.
#[inline(always)]
fn across(mut lanes: [f32; LANES], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = f(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// eˣ for x ≤ 0, to 2·10⁻⁷: 2ⁿ · 2ᶠ with n whole and |f| ≤ ½, the latter by its Taylor series.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to a whole number, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2: [f32; 5] =
        [std::f32::consts::LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_13, 0.001_333_36];
    let x = if x < -87.0 { -87.0 } else { x } * std::f32::consts::LOG2_E;
    let whole = x + ROUND;
    let f = x - (whole - ROUND);
    let series = LN2.iter().rev().fold(0.000_154_035, |sum: f32, &c| sum.mul_add(f, c));
    let power = series.mul_add(f, 1.0);
    f32::from_bits(power.to_bits().wrapping_add(whole.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passes_are_right() {
        let row: Vec<f32> = (0..1000).map(|i| ((i * 37) % 1000) as f32 * -0.05).collect();
        let exact: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        assert_eq!(max_pass(&row), 0.0);
        assert!((f64::from(exp_sum_pass(&row, 0.0)) / exact - 1.0).abs() < 1e-6);
        assert!(exp(f32::NEG_INFINITY) < 1e-37);
    }
}
