//! The forward algorithm: what can come next, given all the ways in which the words so far came about.

use std::collections::BTreeMap;

use super::grammar::{Grammar, State, Word};

/// The probability of each state before the next word, and of having ended, given the words so far.
#[derive(Debug)]
pub(super) struct Belief<'g> {
    grammar: &'g Grammar,
    states: Vec<(State, f64)>,
    ended: f64,
}

impl<'g> Belief<'g> {
    pub(super) fn new(grammar: &'g Grammar) -> Self {
        Self { grammar, states: grammar.initial().collect(), ended: 0.0 }
    }

    /// The probability that the document ends here.
    pub(super) fn end_probability(&self) -> f64 {
        self.ended
    }

    /// Takes the next word in; returns the probability it had.
    pub(super) fn advance(&mut self, word: Word) -> f64 {
        let mut next = BTreeMap::new();
        let (mut total, mut ended) = (0.0, 0.0);
        for &(state, p) in &self.states {
            let (emitted, gender) = self.grammar.emission(state, word);
            let joint = p * emitted;
            if joint > 0.0 {
                total += joint;
                ended += self.spread(State { gender, ..state }, joint, &mut next);
            }
        }
        self.states = next.into_iter().map(|(state, p)| (state, p / total)).collect();
        self.ended = ended / total;
        total
    }

    /// Moves `p` from a state that has emitted its word to those that may follow; returns what ends.
    fn spread(&self, state: State, p: f64, next: &mut BTreeMap<State, f64>) -> f64 {
        if !self.grammar.ends_sentence(state) {
            *next.entry(State { position: state.position + 1, ..state }).or_default() += p;
            return 0.0;
        }
        let continues = p * Grammar::continues(state);
        if continues > 0.0 {
            let sentences = Grammar::next_sentences(state);
            let each = continues / sentences.len() as f64;
            sentences.for_each(|state| *next.entry(state).or_default() += each);
        }
        p - continues
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The probabilities of all words and of the end add up to 1 after every prefix of a document.
    #[test]
    fn next_words_are_a_distribution() {
        let grammar = Grammar::new();
        let text = &grammar.documents(4, 11)[3];
        let mut belief = Belief::new(&grammar);
        for word in text.replace('.', " .").replace(',', " ,").split_whitespace() {
            let mass: f64 = (0..grammar.vocabulary_size() as Word)
                .map(|word| {
                    let emitted = |&(s, p): &(State, f64)| p * grammar.emission(s, word).0;
                    belief.states.iter().map(emitted).sum::<f64>()
                })
                .sum();
            assert!((mass + belief.end_probability() - 1.0).abs() < 1e-9, "{mass} before {word}");
            belief.advance(grammar.id(word).unwrap());
        }
        assert!(belief.end_probability() > 0.0);
    }
}
