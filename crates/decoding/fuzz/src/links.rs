//! The processors of a chain as data: every one that the crate exports, with any parameters.

use arbitrary::{Arbitrary, Unstructured};
use enredo_decoding::{
    AllowTokens, BadWords, BeginSuppress, BitMask, Chain, Constrained, Context, Dry,
    DynamicTemperature, Epsilon, Error, Eta, ForcedBos, ForcedEos, FrequencyPenalty, Incremental,
    LengthDecay, LogitBias, Matcher, MinLength, MinNewTokens, MinP, NoRepeatNgram,
    NotebookTemperature, NotebookTopP, PresencePenalty, Processor, RepetitionPenalty, Result,
    SequenceBias, SuppressTokens, Temperature, Ties, TopK, TopNSigma, TopP, Typical, Window, Xtc,
};

use crate::bytes::{Few, Number, Token, tokens};

const LONGEST: u8 = 6;

/// Up to six processors. Those whose constructor refuses its parameters are left out of the chain.
#[derive(Clone, Debug)]
pub struct Links(Vec<Link>);

impl<'a> Arbitrary<'a> for Links {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        (0..u.int_in_range(0..=LONGEST)?)
            .map(|_| Link::arbitrary(u))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Links {
    /// The chain, for a vocabulary of `vocab_size`.
    #[must_use]
    pub fn chain(&self, vocab_size: usize) -> Chain {
        let accepted = self.0.iter().filter(|link| match link.add(Chain::new(), vocab_size) {
            Ok(_) => true,
            Err(refused) => {
                assert!(!refused.to_string().is_empty());
                false
            }
        });
        accepted.fold(Chain::new(), |chain, link| {
            link.add(chain, vocab_size).expect("what a constructor accepts once it accepts again")
        })
    }
}

/// A processor and its parameters, valid or not.
#[derive(Arbitrary, Clone, Debug)]
#[allow(private_interfaces, missing_docs)]
pub enum Link {
    Temperature(Number),
    TopK(u16, Tied),
    TopP(Number, Tied),
    MinP(Number),
    Typical(Number),
    Epsilon(Number),
    Eta(Number),
    TopNSigma(Number),
    Xtc(Number, Number),
    NotebookTemperature(Number),
    NotebookTopP(Number),
    Repetition(Number, Reach),
    Frequency(Number, Reach),
    Presence(Number, Reach),
    Dry { multiplier: Number, base: Number, allowed: u8, over: Reach, breakers: Few<Few<Token>> },
    NoRepeatNgram(u8, Reach),
    SequenceBias(Few<(Few<Token>, Number)>, Reach),
    BadWords(Few<Few<Token>>, Reach),
    LogitBias(Few<(Token, Number)>),
    Allow(Few<Token>),
    Suppress(Few<Token>),
    BeginSuppress(Few<Token>),
    MinLength(u8, Few<Token>),
    MinNewTokens(u8, Few<Token>),
    ForcedBos(Token),
    ForcedEosAtLength(u8, Few<Token>),
    ForcedEosAtNewTokens(u8, Few<Token>),
    LengthDecay(u8, Number, Few<Token>),
    Masked(u32, u8),
    Grammar(u8),
    Rogue(Token, Number),
    Nested(Filter),
    DynamicTemperature(Number, Number, Number),
    TypicalOneByOne(Number),
}

/// A chain in a chain.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Filter {
    None,
    Temperature(Number),
    TopP(Number, Tied),
    Typical(Number),
    Xtc(Number, Number),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Tied {
    LowestIds,
    HighestIds,
    Kept,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Reach {
    All,
    Generated,
    Last(u8),
}

impl Link {
    /// `chain` with this link at its end.
    fn add(&self, chain: Chain, v: usize) -> Result<Chain> {
        Ok(match self {
            Self::Temperature(t) => chain.with(Temperature::new(t.0)?),
            Self::TopK(k, ties) => chain.with(TopK::new(usize::from(*k))?.with_ties(ties.rule())),
            Self::TopP(p, ties) => chain.with(TopP::new(p.0)?.with_ties(ties.rule())),
            Self::MinP(p) => chain.with(MinP::new(p.0)?),
            Self::Typical(p) => chain.with(Typical::new(p.0)?),
            Self::Epsilon(epsilon) => chain.with(Epsilon::new(epsilon.0)?),
            Self::Eta(epsilon) => chain.with(Eta::new(epsilon.0)?),
            Self::TopNSigma(n) => chain.with(TopNSigma::new(n.0)?),
            Self::Xtc(probability, threshold) => chain.with(Xtc::new(probability.0, threshold.0)?),
            Self::NotebookTemperature(t) => chain.with(NotebookTemperature::new(t.0)?),
            Self::NotebookTopP(p) => chain.with(NotebookTopP::new(p.0)?),
            Self::Nested(filter) => chain.with(filter.chain()?),
            Self::DynamicTemperature(t, range, exponent) => {
                chain.with(DynamicTemperature::new(t.0, range.0, exponent.0)?)
            }
            Self::TypicalOneByOne(p) => chain.with(Typical::new(p.0)?.one_by_one()),
            contextual => contextual.add_contextual(chain, v)?,
        })
    }

    fn add_contextual(&self, chain: Chain, v: usize) -> Result<Chain> {
        Ok(match self {
            Self::Repetition(r, over) => {
                chain.with(RepetitionPenalty::new(r.0)?.over(window(over)))
            }
            Self::Frequency(p, over) => chain.with(FrequencyPenalty::new(p.0)?.over(window(over))),
            Self::Presence(p, over) => chain.with(PresencePenalty::new(p.0)?.over(window(over))),
            Self::NoRepeatNgram(n, over) => {
                chain.with(NoRepeatNgram::new(usize::from(*n))?.over(window(over)))
            }
            Self::Dry { multiplier, base, allowed, over, breakers } => {
                let dry = Dry::new(multiplier.0, base.0, usize::from(*allowed))?.over(window(over));
                chain.with(dry.with_breakers(lists(breakers, v))?)
            }
            Self::SequenceBias(biases, over) => {
                let biases = biases.0.iter().map(|(s, bias)| (tokens(s, v), bias.0));
                chain.with(SequenceBias::new(biases)?.over(window(over)))
            }
            Self::BadWords(words, over) => {
                chain.with(BadWords::new(lists(words, v))?.over(window(over)))
            }
            Self::LogitBias(biases) => {
                chain.with(LogitBias::new(biases.0.iter().map(|(t, bias)| (t.of(v), bias.0)))?)
            }
            listed => listed.add_listed(chain, v)?,
        })
    }

    fn add_listed(&self, chain: Chain, v: usize) -> Result<Chain> {
        let count = |n: &u8| usize::from(*n);
        Ok(match self {
            Self::Allow(list) => chain.with(AllowTokens::new(tokens(list, v))?),
            Self::Suppress(list) => chain.with(SuppressTokens::new(tokens(list, v))),
            Self::BeginSuppress(list) => chain.with(BeginSuppress::new(tokens(list, v))),
            Self::MinLength(n, eos) => chain.with(MinLength::new(count(n), tokens(eos, v))?),
            Self::MinNewTokens(n, eos) => chain.with(MinNewTokens::new(count(n), tokens(eos, v))?),
            Self::ForcedBos(bos) => chain.with(ForcedBos::new(bos.of(v))),
            Self::ForcedEosAtLength(n, eos) => {
                chain.with(ForcedEos::at_length(count(n), tokens(eos, v))?)
            }
            Self::ForcedEosAtNewTokens(n, eos) => {
                chain.with(ForcedEos::at_new_tokens(count(n), tokens(eos, v))?)
            }
            Self::LengthDecay(start, factor, eos) => {
                chain.with(LengthDecay::new(count(start), factor.0, tokens(eos, v))?)
            }
            Self::Masked(words, fails) => chain.with(masked(*words, *fails)),
            Self::Grammar(modulus) => {
                let matcher = Sum { sum: 0, modulus: u32::from(*modulus).max(1) };
                chain.with(Constrained::new(Incremental::new(matcher).remember(2)))
            }
            Self::Rogue(token, score) => chain.with(Rogue(token.of(v), score.0)),
            _ => chain,
        })
    }
}

impl Filter {
    fn chain(&self) -> Result<Chain> {
        let chain = Chain::new();
        Ok(match self {
            Self::None => chain,
            Self::Temperature(t) => chain.with(Temperature::new(t.0)?),
            Self::TopP(p, ties) => chain.with(TopP::new(p.0)?.with_ties(ties.rule())),
            Self::Typical(p) => chain.with(Typical::new(p.0)?),
            Self::Xtc(probability, threshold) => chain.with(Xtc::new(probability.0, threshold.0)?),
        })
    }
}

impl Tied {
    fn rule(self) -> Ties {
        match self {
            Self::LowestIds => Ties::LowestIds,
            Self::HighestIds => Ties::HighestIds,
            Self::Kept => Ties::Kept,
        }
    }
}

fn window(reach: &Reach) -> Window {
    match reach {
        Reach::All => Window::All,
        Reach::Generated => Window::Generated,
        Reach::Last(n) => Window::Last(usize::from(*n)),
    }
}

fn lists(sequences: &Few<Few<Token>>, vocab_size: usize) -> Vec<Vec<u32>> {
    sequences.0.iter().map(|sequence| tokens(sequence, vocab_size)).collect()
}

/// Allows the tokens of a repeated word; may be too short, and may fail.
fn masked(word: u32, fails: u8) -> impl Processor {
    Constrained::new(move |_: &Context<'_>, mask: &mut BitMask| {
        if fails == 0xff {
            return Err(Error::mask("no rule for this context"));
        }
        mask.copy_from(&vec![word; 1 + usize::from(fails % 32)]);
        Ok(())
    })
}

/// Allows the tokens that are the sum of those before, modulo a number; refuses one token.
#[derive(Clone)]
struct Sum {
    sum: u32,
    modulus: u32,
}

impl Matcher for Sum {
    fn advance(&mut self, token: u32) -> Result<()> {
        if token == 13 {
            return Err(Error::mask("13 may not come"));
        }
        self.sum = (self.sum + token % self.modulus) % self.modulus;
        Ok(())
    }

    fn mask(&mut self, mask: &mut BitMask) -> Result<()> {
        (0..mask.len() as u32).filter(|t| t % self.modulus == self.sum).for_each(|t| mask.allow(t));
        Ok(())
    }
}

/// Somebody's own processor, which writes any score, NaN and +∞ among them.
#[derive(Debug)]
struct Rogue(u32, f32);

impl Processor for Rogue {
    fn process(&self, _: &Context<'_>, logits: &mut [f32]) -> Result<()> {
        if let Some(logit) = logits.get_mut(self.0 as usize) {
            *logit = self.1;
        }
        Ok(())
    }
}
