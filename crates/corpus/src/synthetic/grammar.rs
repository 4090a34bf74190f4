//! The grammar as a hidden Markov model: states, what each emits, and where it leads.

use std::collections::HashMap;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::{
    lexicon::Class,
    templates::{CONTINUATIONS, OPENINGS},
};

/// How many genres a document can have; each prefers as large a share of every class.
const GENRES: usize = 3;
/// How much likelier a word is in a genre that prefers it.
const PREFERENCE: f64 = 12.0;
/// The probability of a second sentence, and of a third after a second.
const ANOTHER_SENTENCE: [f64; 3] = [0.8, 0.4, 0.0];

pub(super) type Word = u32;

/// A seeded probabilistic grammar of film synopses, with exact word probabilities.
///
/// A document has a hidden genre, which shifts the frequencies of all its words, and one to three
/// sentences from templates; pronouns agree with the latest hero. Words are never unknown to a
/// vocabulary of 2,000, and the notebook's cleaning leaves every document as it is.
///
/// ```
/// let grammar = enredo_corpus::Grammar::new();
/// let documents = grammar.documents(3, 42);
/// assert_eq!(documents, grammar.documents(3, 42));
/// let floor = grammar.entropy_floor(&documents, 31).unwrap();
/// assert!(floor.nats > 1.0);
/// ```
#[derive(Debug)]
pub struct Grammar {
    words: Vec<String>,
    ids: HashMap<String, Word>,
    classes: Vec<Lexemes>,
    templates: Vec<Vec<Slot>>,
}

/// The words of a class, and how frequent each is in each genre.
#[derive(Debug)]
pub(super) struct Lexemes {
    words: Vec<Word>,
    index: HashMap<Word, usize>,
    /// By genre; each sums to 1.
    probabilities: Vec<Vec<f64>>,
}

/// One place in a template.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slot {
    Literal(Word),
    Class(usize),
    Hero(usize),
    /// By gender: nobody named yet, her, him.
    Pronoun([Word; 3]),
}

/// Where a document stands: everything that decides what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct State {
    pub(super) genre: u8,
    pub(super) gender: u8,
    pub(super) sentence: u8,
    pub(super) template: u8,
    pub(super) position: u8,
}

impl Default for Grammar {
    fn default() -> Self {
        Self::new()
    }
}

impl Grammar {
    /// The one grammar there is; building it takes a millisecond.
    #[must_use]
    pub fn new() -> Self {
        let mut grammar =
            Self { words: vec![], ids: HashMap::new(), classes: vec![], templates: vec![] };
        for class in Class::ALL {
            let words = class.words().iter().map(|word| grammar.intern(word)).collect();
            grammar.classes.push(Lexemes::new(words));
        }
        for template in OPENINGS.into_iter().chain(CONTINUATIONS) {
            let slots = template.split(' ').map(|text| grammar.slot(text)).collect();
            grammar.templates.push(slots);
        }
        grammar
    }

    /// The first `count` documents of the sequence that `seed` decides.
    #[must_use]
    pub fn documents(&self, count: usize, seed: u64) -> Vec<String> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..count).map(|_| self.document(&mut rng)).collect()
    }

    /// How many different words (and punctuation marks) there are.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.words.len()
    }

    pub(super) fn id(&self, word: &str) -> Option<Word> {
        self.ids.get(word).copied()
    }

    /// The states in which a document begins, with their probabilities.
    pub(super) fn initial(&self) -> impl Iterator<Item = (State, f64)> {
        let p = 1.0 / (GENRES * OPENINGS.len()) as f64;
        (0..GENRES as u8).flat_map(move |genre| {
            (0..OPENINGS.len() as u8).map(move |template| {
                (State { genre, gender: 0, sentence: 0, template, position: 0 }, p)
            })
        })
    }

    /// The probability that `state` emits `word`, and the gender from then on.
    pub(super) fn emission(&self, state: State, word: Word) -> (f64, u8) {
        match self.slot_at(state) {
            Slot::Literal(literal) => (f64::from(u8::from(literal == word)), state.gender),
            Slot::Pronoun(forms) => {
                (f64::from(u8::from(forms[state.gender as usize] == word)), state.gender)
            }
            Slot::Class(class) => {
                (self.classes[class].probability(state.genre, word).0, state.gender)
            }
            Slot::Hero(class) => {
                let (p, index) = self.classes[class].probability(state.genre, word);
                (p, gender_of(index))
            }
        }
    }

    /// Whether the word that `state` emits is the last of its sentence.
    pub(super) fn ends_sentence(&self, state: State) -> bool {
        state.position as usize + 1 == self.templates[state.template as usize].len()
    }

    /// The probability that another sentence follows the one that `state` is in.
    pub(super) fn continues(state: State) -> f64 {
        ANOTHER_SENTENCE[state.sentence as usize]
    }

    /// The states in which a further sentence begins; all are equally likely.
    pub(super) fn next_sentences(state: State) -> impl ExactSizeIterator<Item = State> {
        CONTINUATIONS.iter().enumerate().map(move |(i, _)| State {
            sentence: state.sentence + 1,
            template: (OPENINGS.len() + i) as u8,
            position: 0,
            ..state
        })
    }

    fn document(&self, rng: &mut impl Rng) -> String {
        let mut state = State {
            genre: rng.random_range(0..GENRES as u8),
            gender: 0,
            sentence: 0,
            template: rng.random_range(0..OPENINGS.len() as u8),
            position: 0,
        };
        let mut text = String::new();
        loop {
            let word = self.emit(state, rng);
            self.write(word, &mut text);
            state.gender = self.emission(state, word).1;
            if !self.ends_sentence(state) {
                state.position += 1;
            } else if rng.random::<f64>() < Self::continues(state) {
                let mut sentences = Self::next_sentences(state);
                let chosen = rng.random_range(0..sentences.len());
                state = sentences.nth(chosen).unwrap_or(state);
            } else {
                return text;
            }
        }
    }

    fn emit(&self, state: State, rng: &mut impl Rng) -> Word {
        match self.slot_at(state) {
            Slot::Literal(word) => word,
            Slot::Pronoun(forms) => forms[state.gender as usize],
            Slot::Class(class) | Slot::Hero(class) => {
                self.classes[class].draw(state.genre, rng.random())
            }
        }
    }

    /// Words are joined by spaces; punctuation clings to the word before it.
    fn write(&self, word: Word, text: &mut String) {
        let word = &self.words[word as usize];
        if !text.is_empty() && !matches!(word.as_str(), "." | ",") {
            text.push(' ');
        }
        text.push_str(word);
    }

    fn slot_at(&self, state: State) -> Slot {
        self.templates[state.template as usize][state.position as usize]
    }

    fn slot(&mut self, text: &str) -> Slot {
        let class = |name| Class::ALL.iter().position(|class| class.name() == name);
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some("hero") => Slot::Hero(Class::Hero as usize),
            Some("he") => Slot::Pronoun(["they", "she", "he"].map(|form| self.intern(form))),
            Some("his") => Slot::Pronoun(["their", "her", "his"].map(|form| self.intern(form))),
            Some("him") => Slot::Pronoun(["them", "her", "him"].map(|form| self.intern(form))),
            Some(name) => class(name).map_or_else(|| Slot::Literal(self.intern(text)), Slot::Class),
            None => Slot::Literal(self.intern(text)),
        }
    }

    fn intern(&mut self, word: &str) -> Word {
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        let id = self.words.len() as Word;
        self.words.push(word.to_owned());
        self.ids.insert(word.to_owned(), id);
        id
    }
}

/// Heroes alternate in their class: hers at even places.
fn gender_of(index: usize) -> u8 {
    if index.is_multiple_of(2) { 1 } else { 2 }
}

impl Lexemes {
    fn new(words: Vec<Word>) -> Self {
        let index = words.iter().enumerate().map(|(i, &word)| (word, i)).collect();
        let probabilities = (0..GENRES).map(|genre| frequencies(words.len(), genre)).collect();
        Self { words, index, probabilities }
    }

    fn probability(&self, genre: u8, word: Word) -> (f64, usize) {
        match self.index.get(&word) {
            Some(&i) => (self.probabilities[genre as usize][i], i),
            None => (0.0, 0),
        }
    }

    fn draw(&self, genre: u8, u: f64) -> Word {
        let mut running = 0.0;
        let found = self.probabilities[genre as usize].iter().position(|p| {
            running += p;
            running > u
        });
        self.words[found.unwrap_or(self.words.len() - 1)]
    }
}

/// A flattened Zipf law, tilted towards the words that a genre prefers: pairs of neighbours take turns.
fn frequencies(count: usize, genre: usize) -> Vec<f64> {
    let preferred = |i: usize| (i / 2) % GENRES == genre;
    let weight = |i: usize| {
        let tilt = if preferred(i) { PREFERENCE } else { 1.0 };
        tilt / (i as f64 + 8.0).sqrt()
    };
    let total: f64 = (0..count).map(weight).sum();
    (0..count).map(|i| weight(i) / total).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_vocabulary_fits_the_notebooks_tokenizer() {
        let grammar = Grammar::new();
        assert!(
            (1_000..=1_990).contains(&grammar.vocabulary_size()),
            "{}",
            grammar.vocabulary_size()
        );
        let text = grammar.documents(20_000, 1).join(" ");
        let spaced = text.replace('.', " .").replace(',', " ,");
        let seen: HashSet<&str> = spaced.split_whitespace().collect();
        assert_eq!(seen.len(), grammar.vocabulary_size());
    }

    #[test]
    fn the_notebooks_cleaning_leaves_every_document_as_it_is() {
        let cleaning = crate::Cleaning::notebook();
        for text in Grammar::new().documents(2_000, 3) {
            assert_eq!(cleaning.apply(&text).as_ref(), Some(&text));
        }
    }

    #[test]
    fn templates_name_known_classes_only() {
        assert!(!Grammar::new().words.iter().any(|word| word.contains(['{', '}'])));
    }

    #[test]
    fn a_longer_corpus_begins_with_the_shorter_one() {
        let grammar = Grammar::new();
        assert_eq!(grammar.documents(50, 7), grammar.documents(80, 7)[..50]);
        assert_ne!(grammar.documents(50, 7), grammar.documents(50, 8));
    }
}
