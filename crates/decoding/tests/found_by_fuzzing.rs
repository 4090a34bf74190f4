//! Faults that the fuzzer of `fuzz/` found, each by a row that shows it.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use enredo_decoding::{
    Chain, DynamicTemperature, Isa, Sampler, Temperature, Ties, TopK, TopP, Typical, Xtc,
};

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

/// It refused each of them thirty-two times, since it counted their own mass as that of nearer ones.
#[test]
fn typical_keeps_tokens_at_the_entropy_itself_at_the_first_attempt() {
    let row = [1.5f32; 90];
    for isa in Isa::available() {
        let drawn = |chain, len| sampler(chain, isa).sample(&vec![0; len], &row).unwrap();
        let typical = || Chain::new().with(Typical::new(0.4).unwrap());
        assert!((0..20).all(|len| drawn(typical(), len) == drawn(Chain::new(), len)));
    }
}

/// Temperature 0 and greedy took the lowest id of a tie that the nucleus had cut.
#[test]
fn the_best_of_a_nucleus_of_highest_ids_is_inside_it() {
    let row = [2.0f32, 1.0, 2.0, 2.0];
    let nucleus = || Chain::new().with(TopP::new(0.3).unwrap().with_ties(Ties::HighestIds));
    for isa in Isa::available() {
        let cold = nucleus().with(Temperature::new(0.0).unwrap());
        assert_eq!(sampler(cold, isa).sample(&[], &row).unwrap(), 2);
        assert_eq!(Sampler::greedy(nucleus()).on(isa).sample(&[], &row).unwrap(), 2);
    }
}

/// Two scores about as far from the entropy on either side: which is nearer only f64 tells, and the draw
/// asked the passes in f32.
#[test]
fn typical_draws_what_it_keeps_where_distances_are_all_but_equal() {
    for (isa, delta) in Isa::available().into_iter().flat_map(|isa| (1..60).map(move |i| (isa, i)))
    {
        let row = [0.0, delta as f32 * 1e-12];
        let typical = || Chain::new().with(Typical::new(0.15).unwrap());
        let kept = sampler(typical(), isa).probabilities(&[], &row).unwrap();
        for len in 0..10 {
            let token = sampler(typical(), isa).sample(&vec![0; len], &row).unwrap();
            assert!(kept[token as usize] > 0.0, "{token} of {kept:?}");
        }
    }
}

/// Masses were taken relative to the best token of the row, cut or not: those left became 0, probabilities
/// NaN, and any token was drawn.
#[test]
fn a_low_temperature_after_the_top_was_cut_leaves_the_best_of_the_rest() {
    let best = |x: usize| if x == 7 { 6.0 } else { 2.0 - x as f32 / 100.0 };
    let row: Vec<f32> = (0..300).map(best).collect();
    let [xtc, typical] = [
        || Chain::new().with(Xtc::new(1.0, 0.005).unwrap()),
        || Chain::new().with(Typical::new(0.3).unwrap()),
    ];
    for (isa, t) in Isa::available().into_iter().flat_map(|isa| [(isa, 1e-3), (isa, 1e-6)]) {
        for cut in [xtc, typical] {
            let cold = || cut().with(Temperature::new(t).unwrap());
            let left = sampler(cut(), isa).probabilities(&[], &row).unwrap();
            let best = left.iter().position(|&p| p == left.iter().copied().fold(0.0, f64::max));
            let probabilities = sampler(cold(), isa).probabilities(&[], &row).unwrap();
            let token = sampler(cold(), isa).sample(&[], &row).unwrap();
            assert_ne!(token, 7);
            assert!(probabilities[best.unwrap()] > 0.99, "{t}: {probabilities:?}");
            assert_eq!(Some(token as usize), best, "{t}");
        }
    }
}

/// The search for a bound of the k-th score halves the floats between two; the one below +0.0 is −0.0, which
/// compares as the same, so it did not get on.
#[test]
fn a_bound_between_the_zeros_is_found() {
    for k in 1..=40 {
        let mut row = vec![-1e-45f32; 300];
        row[..20].fill(0.0);
        row[20..30].fill(-0.0);
        row[40] = 1e-45;
        for isa in Isa::available() {
            let chain = Chain::new().with(TopK::new(k).unwrap());
            let probabilities = Sampler::seeded(chain, 0).on(isa).probabilities(&[], &row).unwrap();
            assert_eq!(probabilities.iter().filter(|&&p| p > 0.0).count(), k);
        }
    }
}

#[test]
fn a_k_beyond_everything_keeps_everything() {
    let chain = Chain::new().with(TopK::new(usize::MAX).unwrap());
    let probabilities = Sampler::seeded(chain, 0).probabilities(&[], &[1.0; 700]).unwrap();
    assert!(probabilities.iter().all(|&p| p > 0.0));
}

/// Scores that differ by 10⁻³⁸, beside some whose mass f32 cannot hold: what those leave of a moment is more
/// than the entropy's distance from either.
#[test]
fn typical_is_not_misled_by_masses_that_underflow() {
    for (near, underflown) in (1..60).flat_map(|near| [(near, 30), (near, 90), (near, 300)]) {
        let mut row = vec![2.231_735_3e-38f32; 60];
        row[..near].fill(8.535_2e-41);
        row.extend(vec![-9.204_448e27f32; underflown]);
        for isa in Isa::available() {
            let chain = Chain::new().with(Typical::new(0.001).unwrap());
            for mut sampler in [Sampler::seeded(chain.clone(), 0), Sampler::gumbel(chain, 0)] {
                sampler = sampler.on(isa);
                let token = sampler.sample(&[], &row).unwrap();
                assert!(sampler.probabilities(&[], &row).unwrap()[token as usize] > 0.0);
            }
        }
    }
}

/// What stands for a mass of 0 in f32 made an entropy of 10⁻³⁶, and that to the power of 0.05 a temperature.
#[test]
fn a_certain_row_has_no_entropy_on_any_instruction_set() {
    let row = [1e4, -2e24, -2e24, f32::NEG_INFINITY];
    for isa in Isa::available() {
        let chain = Chain::new().with(DynamicTemperature::new(0.66, 2.8e23, 0.05).unwrap());
        let probabilities = sampler(chain, isa).probabilities(&[], &row).unwrap();
        assert_eq!(probabilities, [1.0, 0.0, 0.0, 0.0], "on {}", isa.name());
    }
}
