//! Faults that the fuzzer of `fuzz/` found, each by a row that shows it.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use enredo_decoding::{Chain, Isa, Sampler, Typical};

fn sampler(chain: Chain, isa: Isa) -> Sampler {
    Sampler::seeded(chain, 1).on(isa)
}

/// Around 0 lie a billion floats that are all as far from the best in f64.
#[test]
fn typical_does_not_step_through_every_float_around_a_score_of_zero() {
    let row = [0.485, 0.0, 0.0, 0.0];
    for isa in Isa::available() {
        let chain = Chain::new().with(Typical::new(0.6).unwrap());
        let start = Instant::now();
        let probabilities = sampler(chain, isa).probabilities(&[], &row).unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(probabilities, [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
    }
}
