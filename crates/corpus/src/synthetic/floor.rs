//! How few nats per token any causal model can average on documents of the grammar.

use super::{forward::Belief, grammar::Grammar};

/// The entropy of some documents under the grammar that wrote them, per target token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EntropyFloor {
    /// Mean of −ln P(token | the tokens before it), in nats.
    pub nats: f64,
    /// Its standard error over documents: how far another draw of as many may lie off.
    pub standard_error: f64,
    /// How many tokens were averaged.
    pub targets: usize,
}

impl Grammar {
    /// −ln P of each word of `text` given those before it, then of its end; `None` for a text that
    /// the grammar cannot write.
    #[must_use]
    pub fn surprisals(&self, text: &str) -> Option<Vec<f64>> {
        let mut belief = Belief::new(self);
        let mut surprisals = Vec::new();
        for word in words(text) {
            surprisals.push(-belief.advance(self.id(word)?).ln());
        }
        surprisals.push(-belief.end_probability().ln());
        surprisals.iter().all(|s| s.is_finite()).then_some(surprisals)
    }

    /// The mean surprisal of the first `max_targets` tokens of each document, the end included where
    /// it lies among them: the targets of a model that reads `[BOS]` and `max_targets` − 1 words.
    ///
    /// `None` where there is no document, or one that the grammar cannot write.
    ///
    /// # Performance
    /// About 0.1 ms a document.
    #[must_use]
    pub fn entropy_floor<S: AsRef<str>>(
        &self,
        documents: &[S],
        max_targets: usize,
    ) -> Option<EntropyFloor> {
        let sums: Vec<(f64, f64)> = documents
            .iter()
            .map(|text| {
                let mut surprisals = self.surprisals(text.as_ref())?;
                surprisals.truncate(max_targets);
                Some((surprisals.iter().sum(), surprisals.len() as f64))
            })
            .collect::<Option<_>>()?;
        let targets: f64 = sums.iter().map(|(_, n)| n).sum();
        let nats = sums.iter().map(|(sum, _)| sum).sum::<f64>() / targets;
        // A ratio estimator: the documents' deviations from the common mean.
        let squares: f64 = sums.iter().map(|(sum, n)| (sum - nats * n).powi(2)).sum();
        (targets > 0.0).then_some(EntropyFloor {
            nats,
            standard_error: squares.sqrt() / targets,
            targets: targets as usize,
        })
    }
}

/// The words and punctuation marks of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|word| {
        let end = word.trim_end_matches(['.', ',']).len();
        [&word[..end], &word[end..]].into_iter().filter(|part| !part.is_empty())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_the_same_for_any_sample() {
        let grammar = Grammar::new();
        let floor = |seed| grammar.entropy_floor(&grammar.documents(400, seed), 31).unwrap();
        let (a, b) = (floor(1), floor(2));
        let error = (a.standard_error.powi(2) + b.standard_error.powi(2)).sqrt();
        assert!((a.nats - b.nats).abs() < 4.0 * error, "{a:?} {b:?}");
    }

    /// Documents are drawn from the very distribution that the surprisals come from.
    #[test]
    fn documents_follow_the_probabilities() {
        let grammar = Grammar::new();
        let documents = grammar.documents(20_000, 5);
        let share = |holds: &dyn Fn(&str) -> bool| {
            documents.iter().filter(|text| holds(text)).count() as f64 / documents.len() as f64
        };
        let check = |name: &str, share: f64, p: f64| {
            let sigma = (p * (1.0 - p) / documents.len() as f64).sqrt();
            assert!((share - p).abs() < 4.5 * sigma, "{name}: {share} for {p}");
        };
        for prefix in ["This movie", "In the future", "Two", "A tense", "A young", "Set in Ashford"]
        {
            check(prefix, share(&|text| text.starts_with(prefix)), probability(&grammar, prefix));
        }
        for (n, p) in [(1, 0.2), (2, 0.8 * 0.6), (3, 0.8 * 0.4)] {
            check("sentences", share(&|text| text.matches('.').count() == n), p);
        }
    }

    /// Of a document that begins so.
    fn probability(grammar: &Grammar, prefix: &str) -> f64 {
        let mut belief = Belief::new(grammar);
        words(prefix).map(|word| belief.advance(grammar.id(word).unwrap())).product()
    }

    #[test]
    fn pronouns_agree_for_certain() {
        let grammar = Grammar::new();
        let text = |hero: &str, he: &str| {
            format!("After the funeral, {hero} finds a lonely city with {he} sister.")
        };
        assert!(grammar.surprisals(&text("Mara", "her")).is_some());
        assert!(grammar.surprisals(&text("Maro", "her")).is_none());
        let surprisals = grammar.surprisals(&text("Maro", "his")).unwrap();
        assert_eq!(surprisals.len(), 14);
        assert!(surprisals[10].abs() < 1e-12, "the pronoun is no surprise: {surprisals:?}");
    }

    #[test]
    fn what_the_grammar_cannot_write_has_no_floor() {
        let grammar = Grammar::new();
        assert!(grammar.surprisals("Hello world").is_none());
        assert!(grammar.entropy_floor::<&str>(&[], 31).is_none());
        assert!(grammar.entropy_floor(&["A young"], 31).is_none());
    }
}
