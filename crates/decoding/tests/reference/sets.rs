//! What is kept, and with which probability: every filter and random chains on every instruction set.

use enredo_decoding::{Context, Isa, Processor, Sampler, uniform_at};

use crate::{
    Random,
    links::{self, Link},
    naive::Reference,
    rows::{CUT, SHAPES},
    scale,
};

/// Below this a probability is nothing, and ours may be 0.
const NOTHING: f64 = 1e-290;

/// Cases compared, cases too near to a boundary, and what differed.
#[derive(Default)]
pub(crate) struct Tally {
    compared: usize,
    doubtful: usize,
    faults: Vec<String>,
}

impl Tally {
    /// Compares a chain on a row, for a sampler on each instruction set, with the reference.
    pub(crate) fn compare(&mut self, name: &str, row: &[f32], sorted: &Reference, links: &[Link]) {
        let coin = uniform_at(0, 0, 0, 1 << 31);
        let theirs = sorted.after(links, coin);
        self.compared += 1;
        if theirs.doubtful {
            self.doubtful += 1;
            return;
        }
        let expected = theirs.probabilities(row.len());
        let mut report = |on: &str, fault: Option<String>| {
            if let Some(fault) = fault {
                self.faults.push(format!("{name}, V {}, {links:?} on {on}: {fault}", row.len()));
            }
        };
        for isa in Isa::available() {
            let mut sampler = Sampler::seeded(links::chain(links), 0).on(isa);
            let ours = sampler.probabilities(&[], row).unwrap();
            report(isa.name(), difference(row, &ours, &expected));
            let best = Sampler::greedy(links::chain(links)).on(isa).sample(&[], row).unwrap();
            let differs =
                (best != theirs.best()).then(|| format!("best {best}, not {}", theirs.best()));
            report(isa.name(), differs);
        }
        let mut edited = row.to_vec();
        links::chain(links).process(&Context::new(&[]), &mut edited).unwrap();
        let kept = |id: &usize| (edited[*id] > CUT) != expected[*id].is_some();
        let wrong = (0..row.len()).find(kept);
        report("process", wrong.map(|id| format!("{} of {id} to {}", row[id], edited[id])));
    }

    pub(crate) fn finish(&self) {
        let few = self.faults.len().min(12);
        let n = self.faults.len();
        assert!(n == 0, "{n} faults in {}:\n{}", self.compared, self.faults[..few].join("\n"));
        assert!(self.doubtful * 100 < self.compared, "{} of {}", self.doubtful, self.compared);
    }
}

fn difference(row: &[f32], ours: &[f64], expected: &[Option<f64>]) -> Option<String> {
    let differs = |id: &usize| match expected[*id] {
        None => ours[*id] != 0.0,
        Some(p) => {
            (ours[*id] - p).abs() > 1e-9 * p + NOTHING
                || (p > NOTHING && ours[*id] == 0.0)
                || ours[*id].is_nan()
        }
    };
    let id = (0..row.len()).find(differs)?;
    Some(format!("token {id} ({}): {:e}, not {:?}", row[id], ours[id], expected[id]))
}

/// Rows of one length: all single filters, the awkward chains and some random ones.
fn compare_all(tally: &mut Tally, random: &mut Random, len: usize, chains: usize) {
    for (name, shape) in SHAPES {
        let row = shape(random, len);
        let sorted = Reference::new(&row);
        let mut all: Vec<Vec<Link>> = links::singles(len).into_iter().map(|l| vec![l]).collect();
        all.extend(links::common());
        all.extend(links::awkward(len));
        all.extend((0..chains).map(|_| links::random(random, len)));
        all.iter().for_each(|links| tally.compare(name, &row, &sorted, links));
    }
}

/// Rows of one length: a few random chains and filters of each row.
fn compare_some(tally: &mut Tally, random: &mut Random, len: usize, count: usize) {
    for (name, shape) in SHAPES {
        let row = shape(random, len);
        let sorted = Reference::new(&row);
        for _ in 0..count {
            let mut choices: Vec<Vec<Link>> =
                links::singles(len).into_iter().map(|l| vec![l]).collect();
            choices.extend(links::common());
            choices.extend(links::awkward(len));
            choices.extend((0..choices.len()).map(|_| links::random(random, len)));
            tally.compare(name, &row, &sorted, &choices[random.below(choices.len())]);
        }
    }
}

#[test]
fn sets_of_short_rows() {
    let (mut tally, mut random) = (Tally::default(), Random::new(1));
    for len in [1, 2, 3, 15, 16, 17, 255, 256, 257, 511] {
        compare_all(&mut tally, &mut random, len, 24 * scale());
    }
    for _ in 0..20 * scale() {
        let len = 1 + random.below(1_000);
        compare_some(&mut tally, &mut random, len, 8);
    }
    tally.finish();
}

#[test]
fn sets_of_middling_rows() {
    let (mut tally, mut random) = (Tally::default(), Random::new(2));
    compare_all(&mut tally, &mut random, 2_000, 24 * scale());
    for _ in 0..scale() {
        compare_some(&mut tally, &mut random, 32_000, 12);
        let len = 1 + random.below(40_000);
        compare_some(&mut tally, &mut random, len, 8);
    }
    tally.finish();
}

#[test]
fn sets_of_long_rows() {
    let (mut tally, mut random) = (Tally::default(), Random::new(3));
    for _ in 0..scale() {
        compare_some(&mut tally, &mut random, 128_256, 3);
        compare_some(&mut tally, &mut random, 262_144, 2);
    }
    tally.finish();
}
