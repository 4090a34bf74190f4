//! What the comparison with the reference has found, each as small as it can be shown.

use enredo_decoding::{Isa, Ties};

use crate::{
    Random,
    draws::{Draws, deviation, first_outside},
    links::Link,
    naive::Reference,
    sets::Tally,
};

const LOW: Ties = Ties::LowestIds;

fn compare(row: &[f32], links: &[Link]) {
    let mut tally = Tally::default();
    tally.compare("found", row, &Reference::new(row), links);
    tally.finish();
}

/// Draws on every instruction set follow the reference and stay inside.
fn draw(row: &[f32], links: &[Link]) {
    let draws = Draws { row, links, seed: 5, count: 1_000 };
    for isa in Isa::available() {
        let drawn = draws.on(isa);
        assert_eq!(first_outside(&draws, &drawn), None, "{links:?} on {}", isa.name());
        let deviation = deviation(&draws, &drawn);
        assert!(deviation < 4.0, "{links:?} on {}: {deviation} σ", isa.name());
    }
}

fn gauss(len: usize) -> Vec<f32> {
    let mut random = Random::new(len as u64);
    (0..len).map(|_| 3.0 * random.gauss()).collect()
}

#[test]
fn any_k_may_be_asked_for() {
    compare(&[1.0, 2.0, 3.0], &[Link::TopK(usize::MAX, LOW)]);
}

#[test]
fn a_third_filter_of_a_long_list_sees_what_the_second_left() {
    let cut = [Link::TopK(5_000, LOW), Link::TopP(0.9, LOW), Link::TopK(1_100, LOW)];
    compare(&gauss(6_000), &[cut[0], cut[1], cut[2], Link::TopP(0.9, LOW)]);
    draw(&vec![0.0; 6_000], &cut);
}

#[test]
fn scores_far_below_the_best_are_one_distance_from_typical() {
    let mut row = vec![1.0, 2.0, 3.0, -4.0, 1e30];
    compare(&row, &[Link::Temperature(1e30), Link::Typical(0.3)]);
    row.extend([1e30; 3]);
    compare(&row, &[Link::Temperature(1e30), Link::Typical(0.9)]);
}

#[test]
fn what_is_left_below_a_cut_best_has_a_mass_at_any_temperature() {
    let row = [5.0, 1.0, 1.5, 0.5, 4.0];
    let xtc = Link::Xtc { probability: 1.0, threshold: 0.1 };
    for links in [
        vec![xtc, Link::Temperature(0.001)],
        vec![xtc, Link::Temperature(1e-30), Link::TopP(0.9, LOW)],
        vec![xtc, Link::Temperature(0.01), Link::Epsilon(0.01)],
        vec![Link::Typical(0.2), Link::Temperature(0.001), Link::Typical(0.9)],
    ] {
        compare(&row, &links);
        draw(&row, &links);
    }
    let mut equal = vec![0.0; 1_000];
    equal.extend([5.0, 4.0]);
    draw(&equal, &[Link::Xtc { probability: 1.0, threshold: 1e-4 }, Link::Temperature(0.005)]);
}

#[test]
fn the_best_of_ties_goes_where_the_highest_ids_stay() {
    compare(&[1.0, 1.0, 1.0], &[Link::TopP(0.3, Ties::HighestIds)]);
    compare(&[1.0, 0.0, 1.0], &[Link::TopP(0.3, Ties::HighestIds), Link::MinP(0.5)]);
}

#[test]
fn a_huge_score_is_no_more_probable_than_its_equals() {
    compare(&[f32::MAX; 20], &[Link::Xtc { probability: 1.0, threshold: 0.1 }]);
}

#[test]
fn ties_that_are_kept_are_drawn() {
    draw(&[0.0; 50], &[Link::TopP(0.4, Ties::Kept)]);
    let row: Vec<f32> = (0..900).map(|i| -((i % 3) as f32)).collect();
    draw(&row, &[Link::TopP(0.4, Ties::Kept)]);
}

#[test]
fn two_groups_almost_as_typical_are_told_apart() {
    for more in [1, 3, 6, 17, 40] {
        // A thousand tokens weigh almost as much as these, so the centre lies almost between them.
        let many = 1_000 + more;
        let distance = (f64::from(many) / 1_000.0).ln() as f32;
        let mut row = vec![5.0; 1_000];
        row.extend(vec![5.0 - distance; many as usize]);
        draw(&row, &[Link::Typical(0.3)]);
    }
}

#[test]
fn a_token_at_the_very_threshold_is_judged_in_f64() {
    let row = gauss(3_000);
    let sorted = Reference::new(&row);
    let probabilities = sorted.probabilities(row.len());
    let mut tally = Tally::default();
    for p in probabilities.iter().step_by(50).map(|p| p.unwrap() as f32) {
        for p in [p.next_down(), p, p.next_up()] {
            let xtc = Link::Xtc { probability: 1.0, threshold: p };
            for link in [Link::Epsilon(p), Link::Eta(p), xtc] {
                tally.compare("found", &row, &sorted, &[link]);
            }
        }
    }
    tally.finish();
}

#[test]
fn extreme_temperatures_meet_extreme_scores() {
    let tiny: Vec<f32> = gauss(300).iter().map(|x| x * 1e-30).collect();
    draw(&tiny, &[Link::Temperature(1e-30)]);
    draw(&tiny, &[Link::Temperature(1e-30), Link::TopP(0.8, LOW)]);
    let huge: Vec<f32> = gauss(300).iter().map(|x| x * 1e30).collect();
    draw(&huge, &[Link::Temperature(1e30), Link::TopP(0.8, LOW)]);
    compare(&gauss(20), &[Link::Temperature(1e-30); 12]);
    compare(&gauss(20), &[Link::Temperature(1e30); 12]);
}
