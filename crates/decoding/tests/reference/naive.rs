//! What the filters' documentation says, word for word: V tokens in a list, sorted, in f64.

use std::cmp::Ordering;

use enredo_decoding::Ties;

use crate::links::Link;

/// Nearer than this share to a boundary, f64 does not say on which side of it a token stands.
const DOUBT: f64 = 1e-12;

/// The tokens that a chain has left, best first.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    tokens: Vec<(u32, f32)>,
    temperature: f64,
    /// Whether a token stood too near to a boundary to be judged.
    pub(crate) doubtful: bool,
}

/// Score descending, then id ascending; -0.0 = +0.0.
fn best_first(a: &(u32, f32), b: &(u32, f32)) -> Ordering {
    b.1.partial_cmp(&a.1).unwrap().then(a.0.cmp(&b.0))
}

/// A sum that carries its rounding error along.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, x: f64) {
        let sum = self.sum + x;
        self.lost +=
            if self.sum.abs() >= x.abs() { (self.sum - sum) + x } else { (x - sum) + self.sum };
        self.sum = sum;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }

    fn of(terms: impl Iterator<Item = f64>) -> f64 {
        let mut sum = Self::default();
        terms.for_each(|x| sum.add(x));
        sum.value()
    }
}

impl Reference {
    pub(crate) fn new(row: &[f32]) -> Self {
        let tokens = row.iter().enumerate().map(|(id, &score)| (id as u32, score));
        let mut tokens: Vec<_> = tokens.filter(|token| token.1 > f32::NEG_INFINITY).collect();
        tokens.sort_by(best_first);
        Self { tokens, temperature: 1.0, doubtful: false }
    }

    /// The outcome of a whole chain; `coin` decides whether XTC happens.
    pub(crate) fn after(&self, links: &[Link], coin: f64) -> Self {
        let mut left = self.clone();
        links.iter().for_each(|link| left.apply(*link, coin));
        left
    }

    fn apply(&mut self, link: Link, coin: f64) {
        match link {
            Link::Temperature(0.0) => self.tokens.truncate(1),
            Link::Temperature(t) => self.temperature *= f64::from(t),
            Link::TopK(k, ties) => self.keep_best(k, ties),
            Link::TopP(p, ties) if p < 1.0 => self.keep_best_mass(f64::from(p), ties),
            Link::MinP(p) => self.keep_from(f64::from(p).ln(), 1.0),
            Link::Typical(p) if p < 1.0 => self.keep_typical(f64::from(p)),
            Link::Epsilon(epsilon) => self.keep_probable(f64::from(epsilon).ln()),
            Link::Eta(epsilon) => {
                let epsilon = f64::from(epsilon).ln();
                self.keep_probable(epsilon.min(0.5 * epsilon - self.entropy()));
            }
            Link::TopNSigma(n) => {
                let distance = f64::from(n) * self.deviation();
                self.keep_from(-distance, distance);
            }
            Link::Xtc { probability, threshold } if coin < f64::from(probability) => {
                self.exclude_top(f64::from(threshold).ln());
            }
            Link::TopP(..) | Link::Typical(_) | Link::Xtc { .. } => {}
        }
    }

    /// Of every token, (x - max) / T: the logarithm of its mass, up to a constant.
    fn relatives(&self) -> Vec<f64> {
        let max = f64::from(self.tokens[0].1);
        self.tokens.iter().map(|token| (f64::from(token.1) - max) / self.temperature).collect()
    }

    fn masses(&self) -> Vec<f64> {
        self.relatives().into_iter().map(f64::exp).collect()
    }

    fn mass(&self) -> f64 {
        Sum::of(self.masses().into_iter())
    }

    /// The mean logarithm of a mass under the distribution itself.
    fn mean_relative(&self) -> f64 {
        let terms = self.relatives().into_iter().map(|r| (r.exp(), r));
        Sum::of(terms.map(|(mass, r)| if mass > 0.0 { mass * r } else { 0.0 })) / self.mass()
    }

    /// H = -Σ p ln p = ln Σ mass - the mean of ln mass.
    fn entropy(&self) -> f64 {
        self.mass().ln() - self.mean_relative()
    }

    /// Of the scores, divided by the temperature.
    fn deviation(&self) -> f64 {
        let relatives = self.relatives();
        let n = relatives.len() as f64;
        let mean = Sum::of(relatives.iter().copied()) / n;
        (Sum::of(relatives.iter().map(|r| (r - mean).powi(2))) / n).sqrt()
    }

    fn keep_best(&mut self, k: usize, ties: Ties) {
        if k < self.tokens.len() {
            self.keep_first(k, ties);
        }
    }

    /// The first `n` by (score, id), with the tie rule for what equals the last of them.
    fn keep_first(&mut self, n: usize, ties: Ties) {
        let edge = self.tokens[n - 1].1;
        match ties {
            Ties::LowestIds => self.tokens.truncate(n),
            Ties::Kept => self.tokens.retain(|token| token.1 >= edge),
            Ties::HighestIds => {
                self.tokens.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap().then(b.0.cmp(&a.0)));
                self.tokens.truncate(n);
                self.tokens.sort_by(best_first);
            }
        }
    }

    fn keep_best_mass(&mut self, p: f64, ties: Ties) {
        let masses = self.masses();
        let total = Sum::of(masses.iter().copied());
        let mut before = Vec::with_capacity(masses.len());
        let mut sum = Sum::default();
        for mass in masses {
            before.push(sum.value() / total);
            sum.add(mass);
        }
        let kept = before.iter().take_while(|before| **before < p).count().max(1);
        for cut in [kept - 1, kept].into_iter().filter(|&cut| 0 < cut && cut < before.len()) {
            let matters = ties != Ties::Kept || self.tokens[cut - 1].1 != self.tokens[cut].1;
            self.doubtful |= matters && (before[cut] - p).abs() <= DOUBT;
        }
        self.keep_first(kept, ties);
    }

    /// What is at least `threshold` below the best (as a logarithm of a ratio), and the best.
    fn keep_from(&mut self, threshold: f64, size: f64) {
        let relatives = self.relatives();
        let doubtful = |&r: &f64| r < 0.0 && (r - threshold).abs() <= DOUBT * size;
        self.doubtful |= threshold != 0.0 && relatives.iter().any(doubtful);
        let kept = relatives.iter().take_while(|r| **r >= threshold.min(0.0)).count();
        self.tokens.truncate(kept);
    }

    /// What has at least this logarithm of a probability, and the best.
    fn keep_probable(&mut self, ln_p: f64) {
        self.keep_from(ln_p + self.mass().ln(), 1.0);
    }

    /// Cuts what has at least this logarithm of a probability, but the last of it in the total order.
    fn exclude_top(&mut self, ln_p: f64) {
        if ln_p > 0.5f64.ln() {
            return;
        }
        let threshold = ln_p + self.mass().ln();
        let relatives = self.relatives();
        self.doubtful |= relatives.iter().any(|r| (r - threshold).abs() <= DOUBT);
        let probable = relatives.iter().take_while(|r| **r >= threshold).count();
        self.tokens.drain(..probable.saturating_sub(1));
    }

    /// |-ln p - H| is the distance of ln mass from its mean.
    fn keep_typical(&mut self, p: f64) {
        let centre = self.mean_relative();
        let relatives = self.relatives();
        let distance = |&r: &f64| (r - centre).abs();
        let mut near: Vec<(f64, f64)> = relatives.iter().map(|r| (distance(r), r.exp())).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = self.mass();
        let mut far = near[0].0;
        let mut before = Sum::default();
        for group in near.chunk_by(|a, b| a.0 == b.0) {
            let share = before.value() / total;
            self.doubtful |= before.value() > 0.0 && (share - p).abs() <= DOUBT;
            // Equally far but for rounding: which of the two comes first, nobody can say.
            let next = group[0].0;
            self.doubtful |=
                next > far && next - far <= DOUBT * (far + centre.abs()) && share < 1.0 - DOUBT;
            if share >= p {
                break;
            }
            far = next;
            group.iter().for_each(|(_, mass)| before.add(*mass));
        }
        let mut kept = relatives.iter().map(|r| distance(r) <= far);
        self.tokens.retain(|_| kept.next().unwrap());
    }

    /// Of every token of a row of `len`, its probability; `None` where it has been cut.
    pub(crate) fn probabilities(&self, len: usize) -> Vec<Option<f64>> {
        let mut probabilities = vec![None; len];
        let total = self.mass();
        for (token, mass) in self.tokens.iter().zip(self.masses()) {
            probabilities[token.0 as usize] = Some(mass / total);
        }
        probabilities
    }

    pub(crate) fn best(&self) -> u32 {
        self.tokens[0].0
    }
}
