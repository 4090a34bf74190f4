//! DRY ("don't repeat yourself"): the longer a repeat, the dearer its next token.

use std::{cell::Cell, cmp};

use super::{ids, per_token::per_token};
use crate::{BitMask, Context, Error, Processor, Result, Window};

const BREAKERS: &str = "sequence breakers";

/// Penalises a token that would lengthen a repeat: where the last n tokens of the window have occurred
/// in it before, the token that followed them there loses multiplier · base^(n − allowed length).
///
/// n is the longest such match for that token; it counts from `allowed_length` on, and repeats may
/// overlap. A match never reaches back past a sequence breaker, and a breaker of one token is never
/// penalised. The exponent is kept below ln(f32::MAX) / ln(base). The window is the whole context unless
/// [`over`](Self::over) says otherwise; tokens beyond the vocabulary take part in matches but have no
/// score to lose.
///
/// Source: p-e-w, "DRY: a modern repetition penalty" (text-generation-webui, pull request 5677), as
/// koboldcpp and llama.cpp have it. Where one breaker lies inside another, llama.cpp may stop at the one
/// that begins last; here the one that ends last counts.
///
/// # Performance
/// O(tokens in the window), by the Z-algorithm (Gusfield 1997, §1.3) on the reversed window, plus
/// the multi-token breakers compared where their last token occurs. Scratch a thread: V numbers, of
/// which only those of the window are touched, and one per token of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct Dry {
    multiplier: f32,
    base: f32,
    allowed_length: usize,
    window: Window,
    breakers: Breakers,
}

impl Dry {
    /// A penalty without breakers; 0.8, 1.75 and 2 are the author's values.
    ///
    /// # Errors
    /// [`Error::Parameter`] where `multiplier` is negative, `base` below 1 or one of them not finite.
    pub fn new(multiplier: f32, base: f32, allowed_length: usize) -> Result<Self> {
        let range = "it must be a finite number of at least 0, and 0 switches it off";
        let valid = multiplier.is_finite() && multiplier >= 0.0;
        Error::unless(valid, "dry_multiplier", multiplier, range)?;
        let range = "it must be a finite number of at least 1; 1.75 is usual";
        Error::unless(base.is_finite() && base >= 1.0, "dry_base", base, range)?;
        let (window, breakers) = (Window::All, Breakers::default());
        Ok(Self { multiplier, base, allowed_length, window, breakers })
    }

    /// The same penalty on the tokens of `window`.
    #[must_use]
    pub fn over(self, window: Window) -> Self {
        Self { window, ..self }
    }

    /// The same penalty with these breakers: single tokens or short sequences of them, for instance a
    /// line break.
    ///
    /// # Errors
    /// [`Error::EmptySequence`] for a breaker without tokens, [`Error::TokenOutOfRange`] for a token of 2²⁸ or
    /// more.
    pub fn with_breakers<S: Into<Vec<u32>>>(
        self,
        breakers: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let breakers = ids::sequences(BREAKERS, breakers)?;
        breakers.iter().try_for_each(|breaker| ids::possible(breaker))?;
        Ok(Self { breakers: Breakers::new(breakers), ..self })
    }

    fn penalty(&self, match_length: usize) -> f32 {
        let base = f64::from(self.base);
        let largest = (f64::from(f32::MAX).ln() / base.ln()) as usize; // of base 1: the largest there is
        let exponent = (match_length - self.allowed_length).min(largest);
        let penalty = f64::from(self.multiplier) * base.powf(exponent as f64);
        penalty.min(f64::from(f32::MAX)) as f32
    }
}

impl Processor for Dry {
    /// # Errors
    /// [`Error::TokenOutOfRange`] for a breaker beyond the row.
    fn process(&self, context: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        ids::check(self.breakers.highest.as_slice(), logits)?;
        let window = self.window.of(context);
        let reach = self.breakers.reach(window);
        if self.multiplier == 0.0
            || window.len() <= self.allowed_length
            || reach < self.allowed_length
        {
            return Ok(());
        }
        let mut lengths = LENGTHS.take();
        match_lengths(window, &mut lengths);
        // Values are lengths + 1, so that a match of length 0 counts where none is allowed.
        let repeats = (window.iter().rev().zip(&lengths[1..]))
            .map(|(&token, &length)| (token, length.min(reach)))
            .filter(|&(token, n)| n >= self.allowed_length && !self.breakers.is_single(token))
            .map(|(token, n)| (token, n as u32 + 1));
        per_token(repeats, cmp::max, logits, |l, n| *l -= self.penalty(n as usize - 1));
        LENGTHS.set(lengths);
        Ok(())
    }

    fn name(&self) -> &str {
        "dry"
    }
}

/// Sequences that end every repeat.
#[derive(Clone, Debug, Default, PartialEq)]
struct Breakers {
    single: BitMask,
    /// Those of more than one token, and the tokens they end in.
    longer: Vec<Vec<u32>>,
    last: BitMask,
    highest: Option<u32>,
}

impl Breakers {
    fn new(sequences: Vec<Vec<u32>>) -> Self {
        let highest = sequences.iter().flatten().copied().max();
        let (single, longer): (Vec<_>, Vec<_>) = sequences.into_iter().partition(|s| s.len() == 1);
        let last = longer.iter().filter_map(|s| s.last().copied()).collect();
        Self { single: single.into_iter().flatten().collect(), longer, last, highest }
    }

    fn is_single(&self, token: u32) -> bool {
        self.single.allows(token)
    }

    /// How many tokens stand after the breaker that ends last: as far back as a match may reach.
    fn reach(&self, window: &[u32]) -> usize {
        let ends = (1..=window.len()).rev().find(|&end| self.end(&window[..end]));
        window.len() - ends.unwrap_or(0)
    }

    /// Whether `tokens` (at least one) end in a breaker.
    fn end(&self, tokens: &[u32]) -> bool {
        let last = tokens[tokens.len() - 1];
        self.is_single(last)
            || self.last.allows(last) && self.longer.iter().any(|s| tokens.ends_with(s))
    }
}

thread_local! {
    /// Match lengths, kept so that no call allocates.
    static LENGTHS: Cell<Vec<usize>> = const { Cell::new(Vec::new()) };
}

/// Writes for each k from 1 up how many tokens the window and the window without its last k tokens have
/// in common at their ends (the Z-algorithm, from the end). Entry 0 means nothing.
fn match_lengths(window: &[u32], lengths: &mut Vec<usize>) {
    let n = window.len();
    let at = |i: usize| window[n - 1 - i];
    lengths.clear();
    lengths.resize(n, 0);
    let (mut left, mut right) = (0, 0); // the match that reaches furthest: at(left..right) = at(0..)
    for k in 1..n {
        let mut length = if k < right { lengths[k - left].min(right - k) } else { 0 };
        while k + length < n && at(length) == at(k + length) {
            length += 1;
        }
        if k + length > right {
            (left, right) = (k, k + length);
        }
        lengths[k] = length;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::uniform_at;

    const V: usize = 8;

    fn penalties(dry: &Dry, tokens: &[u32]) -> Vec<f32> {
        let mut row = vec![0.0; V];
        dry.process(&Context::new(tokens), &mut row).unwrap();
        row.iter().map(|l| -l).collect()
    }

    /// The same by definition: every earlier place, every length.
    fn naive(dry: &Dry, breakers: &[Vec<u32>], window: &[u32]) -> Vec<f32> {
        let reaches = (0..=window.len())
            .filter(|&n| breakers.iter().all(|b| !window[..window.len() - n].ends_with(b)));
        // Every n from 0 on is free of breakers up to the first one that is not.
        let reach = reaches.zip(0..).take_while(|(n, i)| n == i).count();
        let mut row = vec![0.0f32; V];
        for next in 1..window.len() {
            let token = window[next];
            let length = (0..=next.min(reach))
                .filter(|&n| window[..next].ends_with(&window[window.len() - n..]))
                .max()
                .unwrap();
            if length >= dry.allowed_length
                && (token as usize) < V
                && !breakers.contains(&vec![token])
            {
                let exponent = (length - dry.allowed_length) as i32;
                let penalty = dry.multiplier * dry.base.powi(exponent);
                row[token as usize] = row[token as usize].max(penalty);
            }
        }
        row
    }

    #[test]
    fn a_repeat_costs_more_with_each_token() {
        let dry = Dry::new(0.5, 2.0, 2).unwrap();
        // a b c c b c y a b c: "a b c" was followed by c (3), "b c" by y (2), "c" by c and b (1).
        let penalties = penalties(&dry, &[0, 1, 2, 2, 1, 2, 3, 0, 1, 2]);
        assert_eq!(penalties, [0.0, 0.0, 1.0, 0.5, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_breaker_ends_every_repeat_and_is_free_itself() {
        let dry = |breakers: &[&[u32]]| {
            let dry = Dry::new(1.0, 2.0, 1).unwrap();
            dry.with_breakers(breakers.iter().map(|b| b.to_vec())).unwrap()
        };
        let tokens = [0, 1, 2, 3, 0, 1, 2];
        assert_eq!(penalties(&dry(&[]), &tokens)[3], 4.0);
        assert_eq!(penalties(&dry(&[&[1]]), &tokens)[3], 1.0);
        assert_eq!(penalties(&dry(&[&[0, 1]]), &tokens)[3], 1.0);
        assert_eq!(penalties(&dry(&[&[1, 0]]), &tokens)[3], 4.0);
        assert_eq!(penalties(&dry(&[&[2]]), &tokens), [0.0; V]);
        assert_eq!(penalties(&dry(&[&[3]]), &tokens)[3], 0.0);
    }

    #[test]
    fn it_agrees_with_the_definition() {
        for case in 0..3_000u64 {
            let draw = |i: u32, n: f64| (uniform_at(5, case, 0, i) * n) as usize;
            let tokens: Vec<u32> =
                (0..draw(0, 40.0)).map(|i| draw(100 + i as u32, 3.0) as u32 * 4).collect();
            let breakers: Vec<Vec<u32>> = (0..draw(1, 3.0) as u32)
                .map(|b| {
                    (0..=draw(2 + b, 2.0) as u32)
                        .map(|i| draw(10 + 5 * b + i, 3.0) as u32 * 4 % 8)
                        .collect()
                })
                .collect();
            let n = draw(3, 45.0);
            let dry = Dry::new(0.5, 1.25, draw(4, 4.0)).unwrap().over(Window::Last(n));
            let dry = dry.with_breakers(breakers.clone()).unwrap();
            let window = &tokens[tokens.len().saturating_sub(n)..];
            for (a, b) in penalties(&dry, &tokens).iter().zip(naive(&dry, &breakers, window)) {
                assert!((a - b).abs() <= 1e-6 * b, "{a} for {b}: {dry:?} on {tokens:?}");
            }
        }
    }

    #[test]
    fn a_long_repeat_stays_finite() {
        for base in [1.0, 1.75, 1e30] {
            let dry = Dry::new(3.0, base, 2).unwrap();
            assert!(penalties(&dry, &[1; 4_000])[1].is_finite());
        }
        let dry = Dry::new(1.0, 2.0, 0).unwrap();
        assert_eq!(penalties(&dry, &[1; 4_000])[1], 2f32.powi(127), "clamped below f32::MAX");
    }

    #[test]
    fn bad_parameters_are_refused() {
        let refused = |multiplier, base| Dry::new(multiplier, base, 2).unwrap_err().to_string();
        assert!(refused(-1.0, 1.75).contains("dry_multiplier is -1"));
        assert!(refused(f32::NAN, 1.75).contains("dry_multiplier is NaN"));
        assert!(refused(0.8, 0.5).contains("dry_base is 0.5"));
        let dry = || Dry::new(0.8, 1.75, 2).unwrap();
        let message = dry().with_breakers([vec![1], vec![]]).unwrap_err().to_string();
        assert!(message.contains("number 1 (from 0) of the sequence breakers"), "{message}");
        let outside = dry().with_breakers([[V as u32]]).unwrap();
        let refused = outside.process(&Context::new(&[1]), &mut [0.0; V]);
        assert!(matches!(refused, Err(Error::TokenOutOfRange { token: 8, vocab_size: V })));
    }
}
