//! What is drawn: how often, never beyond the kept set, and the same on every instruction set.

use enredo_decoding::{Isa, Sampler, Ties, uniform_at};

use crate::{
    Random,
    links::{self, Link},
    naive::Reference,
    rows::SHAPES,
    scale,
};

/// Draws at the positions 0, 1, 2, … of one sequence.
pub(crate) struct Draws<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) links: &'a [Link],
    pub(crate) seed: u64,
    pub(crate) count: usize,
}

impl Draws<'_> {
    pub(crate) fn on(&self, isa: Isa) -> Vec<u32> {
        let tokens = vec![0; self.count];
        let mut sampler = Sampler::seeded(links::chain(self.links), self.seed).on(isa);
        (0..self.count).map(|n| sampler.sample(&tokens[..n], self.row).unwrap()).collect()
    }

    /// What the reference leaves at a position: XTC happens at some of them only.
    fn outcomes(&self) -> [Reference; 2] {
        let sorted = Reference::new(self.row);
        [0.0, 1.0].map(|coin| sorted.after(self.links, coin))
    }

    fn outcome(&self, position: usize) -> usize {
        let coin = uniform_at(self.seed, 0, position as u64, 1 << 31);
        let happens = |link: &Link| match *link {
            Link::Xtc { probability, .. } => coin < f64::from(probability),
            _ => true,
        };
        usize::from(!self.links.iter().all(happens))
    }
}

/// The first draw that its reference has cut.
pub(crate) fn first_outside(draws: &Draws<'_>, drawn: &[u32]) -> Option<String> {
    let outcomes = draws.outcomes();
    if outcomes.iter().any(|outcome| outcome.doubtful) {
        return None;
    }
    let kept = outcomes.map(|outcome| outcome.probabilities(draws.row.len()));
    let outside = |(n, token): &(usize, &u32)| kept[draws.outcome(*n)][**token as usize].is_none();
    let (n, token) = drawn.iter().enumerate().find(outside)?;
    Some(format!("draw {n} is {token} ({})", draws.row[*token as usize]))
}

/// Pearson's χ², as a number of standard deviations of a normal variable (Wilson and Hilferty).
/// Neighbouring tokens share a bin until at least five draws are expected in it.
pub(crate) fn deviation(draws: &Draws<'_>, drawn: &[u32]) -> f64 {
    let kept = draws.outcomes().map(|outcome| outcome.probabilities(draws.row.len()));
    let mut positions = [0.0; 2];
    (0..draws.count).for_each(|n| positions[draws.outcome(n)] += 1.0);
    let mut counts = vec![0.0; draws.row.len()];
    drawn.iter().for_each(|&token| counts[token as usize] += 1.0);
    let (mut chi2, mut bins) = (0.0, 0.0);
    let (mut expected, mut count) = (0.0, 0.0);
    let mut left = draws.count as f64;
    for (id, of) in counts.iter().enumerate() {
        let p = |outcome: usize| kept[outcome][id].unwrap_or(0.0) * positions[outcome];
        let here = p(0) + p(1);
        (expected, count, left) = (expected + here, count + of, left - here);
        if expected >= 5.0 && left >= 5.0 || id + 1 == counts.len() {
            chi2 += if expected > 0.0 { f64::powi(count - expected, 2) / expected } else { 0.0 };
            (bins, expected, count) = (bins + 1.0, 0.0, 0.0);
        }
    }
    if bins < 2.0 {
        return 0.0;
    }
    let spread = 2.0 / (9.0 * (bins - 1.0));
    ((chi2 / (bins - 1.0)).cbrt() - (1.0 - spread)) / spread.sqrt()
}

/// Chains that draw in every way there is: from a list, by inversion, against a filter that is pending.
fn chains() -> Vec<Vec<Link>> {
    let low = Ties::LowestIds;
    let xtc = Link::Xtc { probability: 1.0, threshold: 0.02 };
    let mut chains = vec![
        vec![],
        vec![Link::Temperature(0.7)],
        vec![Link::TopK(40, low)],
        vec![Link::TopK(1_500, Ties::HighestIds)],
        vec![Link::TopP(0.9, low)],
        vec![Link::TopP(0.9, Ties::HighestIds)],
        vec![Link::TopP(0.4, Ties::Kept)],
        vec![Link::TopP(0.03, low)],
        vec![Link::MinP(0.05)],
        vec![Link::Typical(0.9)],
        vec![Link::Typical(0.2)],
        vec![Link::Epsilon(9e-4)],
        vec![Link::Eta(9e-4)],
        vec![Link::TopNSigma(1.5)],
        vec![xtc],
        vec![xtc, Link::Temperature(0.005)],
        vec![Link::Typical(0.3), Link::Temperature(0.005)],
        vec![Link::Typical(0.3), Link::Temperature(0.2)],
        vec![Link::TopP(0.8, low), Link::Temperature(3.0)],
        vec![Link::TopP(0.8, Ties::HighestIds), Link::MinP(0.01)],
        vec![Link::TopK(1_300, low), Link::TopP(0.9, low), Link::TopK(1_100, low)],
    ];
    chains.extend(links::common());
    chains
}

#[test]
fn draws_follow_the_reference() {
    let (mut faults, mut random) = (Vec::new(), Random::new(11));
    let mut worst = 0f64;
    for (name, shape) in SHAPES {
        for (len, count) in [(60, 2_000), (2_000, 500), (32_000, 25)] {
            let row = shape(&mut random, len);
            for (seed, links) in chains().iter().enumerate() {
                let count = count * scale();
                let draws = Draws { row: &row, links, seed: seed as u64, count };
                let isa = random.of(&Isa::available());
                let z = deviation(&draws, &draws.on(isa));
                worst = worst.max(z);
                if z.is_nan() || z > 4.75 {
                    faults.push(format!("{name}, V {len}, {links:?} on {}: {z:.1} σ", isa.name()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(worst > 1.0, "a χ² of {worst} σ at most is too good to be a draw");
}

/// Draws on all instruction sets stay in the kept set; how many there are, and how many are not those of
/// the first.
fn compare_draws(faults: &mut Vec<String>, name: &str, draws: &Draws<'_>) -> (usize, usize) {
    let (mut first, mut differing) = (Vec::new(), 0);
    for isa in Isa::available() {
        let drawn = draws.on(isa);
        if let Some(fault) = first_outside(draws, &drawn) {
            let (len, links) = (draws.row.len(), draws.links);
            faults.push(format!("{name}, V {len}, {links:?} on {}: {fault}", isa.name()));
        }
        if first.is_empty() {
            first = drawn;
        } else {
            differing += drawn.iter().zip(&first).filter(|(a, b)| a != b).count();
        }
    }
    ((Isa::available().len() - 1) * draws.count, differing)
}

/// Also prints how often draws differ between instruction sets, seen with `--nocapture`.
#[test]
#[allow(clippy::print_stdout)]
fn no_draw_leaves_the_kept_set() {
    let (mut faults, mut random) = (Vec::new(), Random::new(12));
    for (len, count) in [(3, 210), (257, 210), (2_000, 60), (32_000, 4)] {
        let (mut compared, mut differing) = (0, 0);
        for (name, shape) in SHAPES {
            let row = shape(&mut random, len);
            for (seed, links) in chains().iter().enumerate() {
                let seed = 100 + seed as u64;
                let draws = Draws { row: &row, links, seed, count: count * scale() };
                let (more, different) = compare_draws(&mut faults, name, &draws);
                (compared, differing) = (compared + more, differing + different);
            }
        }
        println!("V {len}: {differing} of {compared} draws differ between instruction sets");
        assert!(differing * 10_000 <= compared, "V {len}: {differing} of {compared}");
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}
