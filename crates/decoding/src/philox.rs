//! Philox 4×32-10, a counter-based generator: the n-th number is a function of (key, n) alone.
//!
//! J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
//! It is what makes a draw depend on (seed, sequence, position) and on nothing else.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One block of Philox 4×32-10: 128 random bits for a 128-bit counter under a 64-bit key.
#[must_use]
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let (high0, low0) = wide_product(MULTIPLIERS[0], counter[0]);
        let (high1, low1) = wide_product(MULTIPLIERS[1], counter[2]);
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
    }
    counter
}

/// A number in [0, 1) with 53 random bits for this (seed, sequence, position).
///
/// ```
/// use enredo_decoding::uniform;
/// assert_eq!(uniform(42, 0, 7), uniform(42, 0, 7));
/// assert_ne!(uniform(42, 0, 7), uniform(42, 1, 7));
/// ```
#[must_use]
pub fn uniform(seed: u64, sequence: u64, position: u64) -> f64 {
    uniform_at(seed, sequence, position, 0)
}

/// One of 2³² such numbers that each position has; number 0 is [`uniform`]'s.
///
/// Positions are told apart up to 2³².
#[must_use]
pub fn uniform_at(seed: u64, sequence: u64, position: u64, index: u32) -> f64 {
    let ([p0, p1], [s0, s1]) = (halves(position), halves(sequence));
    let [a, b, ..] = philox4x32([p0, p1 ^ index, s0, s1], halves(seed));
    let bits = (u64::from(a) << 32 | u64::from(b)) >> 11;
    bits as f64 / (1u64 << 53) as f64
}

fn wide_product(a: u32, b: u32) -> (u32, u32) {
    let [low, high] = halves(u64::from(a) * u64::from(b));
    (high, low)
}

/// The low and the high word.
fn halves(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the authors' Random123 library.
    #[test]
    fn known_answers() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
        );
        assert_eq!(
            philox4x32(
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
                [0xA409_3822, 0x299F_31D0]
            ),
            [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
        );
    }

    #[test]
    fn uniforms_fill_the_unit_interval_evenly() {
        let n = 100_000;
        let mut bins = [0u32; 10];
        (0..n).for_each(|i| bins[(uniform(1, 2, i) * 10.0) as usize] += 1);
        let expected = n as f64 / 10.0;
        let chi2: f64 = bins.iter().map(|&b| (f64::from(b) - expected).powi(2) / expected).sum();
        assert!(chi2 < 27.9, "chi2 {chi2} with 9 degrees of freedom (p = 0.001)");
    }
}
