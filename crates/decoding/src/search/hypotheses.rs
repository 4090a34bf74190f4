//! The best sequences that have ended.

use serde::Serialize;

/// A sequence that a beam search found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hypothesis {
    /// The generated tokens, an end-of-text token included.
    pub tokens: Vec<u32>,
    /// The sum of their log-probabilities after the processors, in nats.
    pub logprob: f64,
    /// What it is ranked by: `logprob` over length^penalty, where length counts `tokens`.
    pub score: f64,
}

/// As many of them as there are beams, best first; of equal ones, the earlier first.
#[derive(Debug)]
pub(super) struct Hypotheses {
    best: Vec<Hypothesis>,
    capacity: usize,
}

impl Hypotheses {
    pub(super) fn new(capacity: usize) -> Self {
        Self { best: Vec::new(), capacity }
    }

    /// Takes a hypothesis in where it is good enough; says whether it was.
    pub(super) fn offer(&mut self, hypothesis: Hypothesis) -> bool {
        let rank = self.best.partition_point(|other| other.score >= hypothesis.score);
        if rank < self.capacity {
            self.best.insert(rank, hypothesis);
            self.best.truncate(self.capacity);
        }
        rank < self.capacity
    }

    pub(super) fn best(&self) -> &[Hypothesis] {
        &self.best
    }

    /// The score to beat, once there are as many as there are beams.
    pub(super) fn bar(&self) -> Option<f64> {
        self.best.get(self.capacity - 1).map(|worst| worst.score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_stay_and_the_earlier_of_equals() {
        let mut hypotheses = Hypotheses::new(2);
        let mut offer = |token, score| {
            hypotheses.offer(Hypothesis { tokens: vec![token], logprob: score, score })
        };
        assert!(offer(0, -2.0) && offer(1, -3.0) && offer(2, -2.0));
        assert!(!offer(3, -2.0) && !offer(4, -9.0));
        let kept: Vec<u32> = hypotheses.best().iter().map(|h| h.tokens[0]).collect();
        assert_eq!((kept, hypotheses.bar()), (vec![0, 2], Some(-2.0)));
    }
}
