//! Constrained decoding: a grammar says which tokens may come next, and the others are cut.
//!
//! A [`MaskProvider`] answers from the context alone, as every [`Processor`] does, so it is right for
//! beams that fork, for sequences in a batch and after a truncation without anybody telling it. Grammars
//! come as matchers that walk along with the text; [`Incremental`] makes a provider of one, and walks
//! only the tokens that are new to it.

use std::{
    cell::Cell,
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{Context, Processor, Result};

const BITS: usize = u32::BITS as usize;

/// A set of allowed tokens: one bit a token, the lowest bit of the first word for token 0, as llguidance
/// and XGrammar have it.
///
/// ```
/// use enredo_decoding::BitMask;
///
/// let mask: BitMask = [0, 33].into_iter().collect();
/// assert_eq!(mask.words(), [1, 2]);
/// assert!(mask.allows(33) && !mask.allows(1) && !mask.allows(1_000));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitMask {
    words: Vec<u32>,
    len: usize,
}

impl BitMask {
    /// A mask over `len` tokens that allows none.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(BITS)], len }
    }

    /// The number of tokens it speaks of; it forbids those beyond.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it speaks of no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `token` may come next.
    #[must_use]
    pub fn allows(&self, token: u32) -> bool {
        let token = token as usize;
        token < self.len && self.words[token / BITS] >> (token % BITS) & 1 == 1
    }

    /// Adds `token`; one beyond the mask is left out.
    pub fn allow(&mut self, token: u32) {
        let token = token as usize;
        if token < self.len {
            self.words[token / BITS] |= 1 << (token % BITS);
        }
    }

    /// Removes `token`.
    pub fn forbid(&mut self, token: u32) {
        let token = token as usize;
        if token < self.len {
            self.words[token / BITS] &= !(1 << (token % BITS));
        }
    }

    /// Adds every token.
    pub fn allow_all(&mut self) {
        self.words.fill(u32::MAX);
    }

    /// Takes over a mask in the same layout. Where it is shorter, the tokens beyond it are forbidden (a
    /// model often scores more tokens than its tokenizer has); where it is longer, the rest is dropped.
    pub fn copy_from(&mut self, words: &[u32]) {
        let n = words.len().min(self.words.len());
        self.words[..n].copy_from_slice(&words[..n]);
        self.words[n..].fill(0);
    }

    /// The words, for what writes them in place. Bits beyond [`len`](Self::len) mean nothing.
    pub fn words_mut(&mut self) -> &mut [u32] {
        &mut self.words
    }

    /// The words. Bits beyond [`len`](Self::len) mean nothing.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// Cuts the tokens that it forbids, those beyond it included.
    ///
    /// # Performance
    /// O(V / 32) words; only those that are neither all ones nor all zeros are read bit by bit.
    pub fn apply(&self, logits: &mut [f32]) {
        let (known, beyond) = logits.split_at_mut(self.len.min(logits.len()));
        beyond.fill(f32::NEG_INFINITY);
        for (&word, scores) in self.words.iter().zip(known.chunks_mut(BITS)) {
            match word {
                u32::MAX => (),
                0 => scores.fill(f32::NEG_INFINITY),
                _ => cut_zeros(word, scores),
            }
        }
    }

    /// Makes it a mask over `len` tokens that allows none.
    fn reset(&mut self, len: usize) {
        self.words.clear();
        self.words.resize(len.div_ceil(BITS), 0);
        self.len = len;
    }
}

/// Cuts the scores whose bit is 0.
fn cut_zeros(word: u32, scores: &mut [f32]) {
    for (bit, score) in scores.iter_mut().enumerate() {
        if word >> bit & 1 == 0 {
            *score = f32::NEG_INFINITY;
        }
    }
}

impl FromIterator<u32> for BitMask {
    /// The mask that reaches to the highest of these tokens and allows them.
    fn from_iter<I: IntoIterator<Item = u32>>(tokens: I) -> Self {
        let mut mask = Self::default();
        for token in tokens {
            mask.len = mask.len.max(token as usize + 1);
            mask.words.resize(mask.len.div_ceil(BITS), 0);
            mask.allow(token);
        }
        mask
    }
}

/// Says which tokens may come next; a grammar, or a rule of one's own.
///
/// A closure will do:
///
/// ```
/// use enredo_decoding::{BitMask, Chain, Constrained, Context, Processor};
///
/// // After token 0 only token 1; elsewhere everything.
/// let rule = |context: &Context<'_>, mask: &mut BitMask| {
///     match context.tokens().last() {
///         Some(0) => mask.allow(1),
///         _ => mask.allow_all(),
///     }
///     Ok(())
/// };
/// let chain = Chain::new().with(Constrained::new(rule));
/// let mut row = [0.5, 0.25, 1.0];
/// chain.process(&Context::new(&[2, 0]), &mut row)?;
/// assert_eq!(row, [f32::NEG_INFINITY, 0.25, f32::NEG_INFINITY]);
/// # Ok::<(), enredo_decoding::Error>(())
/// ```
pub trait MaskProvider: Send + Sync {
    /// Allows the tokens that may follow `context` in `mask`, which comes with V tokens, all forbidden.
    ///
    /// The answer follows from the context, whatever was asked before: a provider may remember, as
    /// [`Incremental`] does, but a caller need not ask in any order.
    ///
    /// # Errors
    /// Whatever the provider fails with, as [`Error::mask`](crate::Error::mask).
    fn mask(&self, context: &Context<'_>, mask: &mut BitMask) -> Result<()>;
}

impl<F: Fn(&Context<'_>, &mut BitMask) -> Result<()> + Send + Sync> MaskProvider for F {
    fn mask(&self, context: &Context<'_>, mask: &mut BitMask) -> Result<()> {
        self(context, mask)
    }
}

thread_local! {
    /// The mask last filled, kept so that no call allocates.
    static MASK: Cell<BitMask> = const { Cell::new(BitMask { words: Vec::new(), len: 0 }) };
}

/// Cuts the tokens that a [`MaskProvider`] forbids.
///
/// Put it before the filters: top-k and top-p then choose among what is allowed. To draw first and ask
/// the grammar afterwards, as llama.cpp and mistral.rs do, gives another distribution.
///
/// Source: Willard and Louf, "Efficient guided generation for large language models", arXiv:2307.09702.
///
/// # Performance
/// The provider's cost and O(V / 32) to O(V).
pub struct Constrained<P>(P);

impl<P: MaskProvider> Constrained<P> {
    /// Held to what `provider` allows.
    #[must_use]
    pub fn new(provider: P) -> Self {
        Self(provider)
    }
}

impl<P: MaskProvider> Processor for Constrained<P> {
    /// # Errors
    /// The provider's.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        let mut mask = MASK.take();
        mask.reset(logits.len());
        self.0.mask(context, &mut mask)?;
        mask.apply(logits);
        MASK.set(mask);
        Ok(())
    }

    fn name(&self) -> &str {
        "constrained"
    }
}

impl<P> fmt::Debug for Constrained<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constrained({})", std::any::type_name::<P>())
    }
}

/// What walks along a text and knows what may follow: the state of a grammar.
pub trait Matcher: Clone + Send {
    /// Takes the next token of the text.
    ///
    /// # Errors
    /// Where the token may not come here, as [`Error::mask`](crate::Error::mask).
    fn advance(&mut self, token: u32) -> Result<()>;

    /// Allows the tokens that may come next in `mask`, which comes with all forbidden. Where the text is
    /// complete these include the end-of-text token.
    ///
    /// # Errors
    /// Whatever the grammar fails with, as [`Error::mask`](crate::Error::mask).
    fn mask(&mut self, mask: &mut BitMask) -> Result<()>;
}

/// A [`MaskProvider`] of a [`Matcher`]: the generated tokens are the text.
///
/// It remembers the states it was last asked for. A text that extends a remembered one costs the tokens
/// it adds; any other starts from the beginning. So every answer is right, and remembering enough states
/// makes it fast: one for one sequence, for b beams 2b (a step asks for b texts that extend those of the
/// step before).
///
/// # Performance
/// A step of one sequence: a comparison of the texts, an `advance` and a `mask`. A fork clones a state.
pub struct Incremental<M>(Mutex<Memory<M>>);

impl<M: Matcher> Incremental<M> {
    /// A provider that starts from `matcher` and remembers one state.
    #[must_use]
    pub fn new(matcher: M) -> Self {
        let states = Vec::new();
        Self(Mutex::new(Memory { start: matcher, states, capacity: 1 }))
    }

    /// The same provider, which remembers `states` (at least one).
    #[must_use]
    pub fn remember(self, states: usize) -> Self {
        let memory = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        Self(Mutex::new(Memory { capacity: states.max(1), ..memory }))
    }
}

impl<M: Matcher> MaskProvider for Incremental<M> {
    /// # Errors
    /// The matcher's, for a generated token that it refuses among others.
    fn mask(&self, context: &Context<'_>, mask: &mut BitMask) -> Result<()> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = memory.recall(context.generated());
        for &token in &context.generated()[state.text.len()..] {
            state.matcher.advance(token)?;
            state.text.push(token);
        }
        state.matcher.mask(mask)?;
        memory.remember(state);
        Ok(())
    }
}

impl<M> fmt::Debug for Incremental<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incremental").finish_non_exhaustive()
    }
}

/// A matcher that has walked `text`.
#[derive(Clone)]
struct State<M> {
    text: Vec<u32>,
    matcher: M,
}

struct Memory<M> {
    start: M,
    /// The latest first.
    states: Vec<State<M>>,
    capacity: usize,
}

impl<M: Matcher> Memory<M> {
    /// The state that has walked furthest along `text`.
    fn recall(&mut self, text: &[u32]) -> State<M> {
        let reached = |(i, state): (usize, &State<M>)| {
            text.starts_with(&state.text).then_some((state.text.len(), i))
        };
        match self.states.iter().enumerate().filter_map(reached).max() {
            None => State { text: Vec::new(), matcher: self.start.clone() },
            // The one that would be forgotten next need not be cloned.
            Some((_, i)) if i + 1 == self.capacity => self.states.remove(i),
            Some((_, i)) => self.states[i].clone(),
        }
    }

    fn remember(&mut self, state: State<M>) {
        self.states.insert(0, state);
        self.states.truncate(self.capacity);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::{Error, uniform_at};

    const CUT: f32 = f32::NEG_INFINITY;

    #[test]
    fn applying_a_mask_cuts_what_it_forbids() {
        for case in 0..300 {
            let draw = |i: u32, n: f64| (uniform_at(7, case, 0, i) * n) as usize;
            let (vocab_size, len) = (1 + draw(0, 100.0), draw(1, 120.0));
            let rate = [0.0, 0.5, 1.0][draw(2, 3.0)];
            let mut mask = BitMask::new(len);
            let allowed = |t: &usize| *t < len && uniform_at(8, case, 0, *t as u32) < rate;
            (0..len).filter(allowed).for_each(|t| mask.allow(t as u32));
            let mut row = vec![1.0; vocab_size];
            mask.apply(&mut row);
            for (t, l) in row.iter().enumerate() {
                assert_eq!(*l == 1.0, allowed(&t), "{t} of {vocab_size} under {mask:?}");
                assert_eq!(mask.allows(t as u32), allowed(&t));
            }
        }
    }

    #[test]
    fn a_mask_takes_words_of_another_length() {
        let mut mask = BitMask::new(40);
        mask.allow_all();
        mask.copy_from(&[5]);
        assert_eq!(mask.words(), [5, 0]);
        mask.copy_from(&[1, 2, 3]);
        assert_eq!(mask.words(), [1, 2]);
        mask.forbid(0);
        mask.allow(40); // beyond
        assert_eq!(mask, {
            let mut other = BitMask::new(40);
            other.allow(33);
            other
        });
    }

    /// Allows the token that is the sum of those before, modulo 4; knows how much its kind has worked.
    struct Sum(u32, Arc<Work>);

    #[derive(Default)]
    struct Work {
        steps: AtomicUsize,
        clones: AtomicUsize,
    }

    impl Clone for Sum {
        fn clone(&self) -> Self {
            self.1.clones.fetch_add(1, Ordering::Relaxed);
            Self(self.0, Arc::clone(&self.1))
        }
    }

    impl Matcher for Sum {
        fn advance(&mut self, token: u32) -> Result<()> {
            self.1.steps.fetch_add(1, Ordering::Relaxed);
            if token > 3 {
                return Err(Error::mask(format!("{token} is no digit")));
            }
            self.0 += token;
            Ok(())
        }

        fn mask(&mut self, mask: &mut BitMask) -> Result<()> {
            mask.allow(self.0 % 4);
            Ok(())
        }
    }

    fn summing(states: usize) -> (Constrained<Incremental<Sum>>, Arc<Work>) {
        let work = Arc::new(Work::default());
        let provider = Incremental::new(Sum(0, Arc::clone(&work))).remember(states);
        (Constrained::new(provider), work)
    }

    fn worked(work: &Work) -> (usize, usize) {
        (work.steps.load(Ordering::Relaxed), work.clones.load(Ordering::Relaxed))
    }

    fn allowed(rule: &impl Processor, generated: &[u32]) -> Vec<usize> {
        let tokens = [&[9, 9], generated].concat();
        let mut row = [1.0; 5];
        rule.process(&Context::new(&tokens).with_prompt_len(2), &mut row).unwrap();
        (0..5).filter(|&t| row[t] > CUT).collect()
    }

    #[test]
    fn the_answer_follows_from_the_text_in_any_order() {
        for states in [0, 1, 3] {
            let (rule, _) = summing(states);
            for case in 0..400 {
                let draw = |i: u32, n: f64| (uniform_at(9, case, 0, i) * n) as u32;
                let text: Vec<u32> = (0..draw(0, 6.0)).map(|i| draw(1 + i, 4.0)).collect();
                assert_eq!(allowed(&rule, &text), [text.iter().sum::<u32>() as usize % 4]);
                assert!(rule.0.0.lock().unwrap().states.len() <= states.max(1));
            }
        }
    }

    #[test]
    fn one_sequence_is_walked_once_without_cloning() {
        for states in [0, 1] {
            let (rule, work) = summing(states);
            (0..50).for_each(|n| drop(allowed(&rule, &vec![1; n])));
            assert_eq!(worked(&work), (49, 1), "the clone is the start");
            allowed(&rule, &[1; 7]); // a truncation starts anew
            assert_eq!(worked(&work), (49 + 7, 2));
        }
    }

    #[test]
    fn beams_that_fork_are_not_walked_again() {
        let (rule, work) = summing(4);
        let mut best = Vec::new();
        for _ in 0..50 {
            for next in [1, 2] {
                allowed(&rule, &[&best[..], &[next]].concat());
            }
            best.push(1); // both beams of the next step extend the first of this one
        }
        assert_eq!(worked(&work).0, 2 * 50);
    }

    #[test]
    fn a_provider_s_error_is_carried() {
        let (rule, _) = summing(1);
        let error = rule.process(&Context::new(&[1, 7]), &mut [0.0; 5]).unwrap_err();
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "7 is no digit");
        assert_eq!(allowed(&rule, &[1, 2]), [3], "and the next answer is right again");
    }
}
