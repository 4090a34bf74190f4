//! Bytes to numbers and tokens of the kinds that find faults: round ones, edges and, at times, anything.

use arbitrary::{Arbitrary, Result, Unstructured};

/// The parameters that people give, the edges of their ranges, and what lies beyond.
const NUMBERS: [f32; 27] = [
    0.0,
    1.0,
    0.5,
    0.9,
    2.0,
    0.1,
    0.25,
    0.75,
    0.99,
    1.5,
    1e-3,
    3e-4,
    1e-5,
    5.0,
    50.0,
    -1.0,
    -0.5,
    1e-30,
    1e30,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    1e-45,
    -0.0,
    f32::NAN,
    f32::INFINITY,
    f32::NEG_INFINITY,
];

/// A parameter of a processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) f32);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self(match u8::arbitrary(u)? {
            i if usize::from(i) < NUMBERS.len() => NUMBERS[usize::from(i)],
            32..160 => f32::from(u8::arbitrary(u)?) / 255.0,
            160..240 => f32::from(i16::arbitrary(u)?) / 256.0,
            _ => f32::from_bits(u32::arbitrary(u)?),
        }))
    }
}

/// A token: as a rule one of the vocabulary, one time in thirty-two one beyond it.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) struct Token(u16);

impl Token {
    pub(crate) fn of(self, vocab_size: usize) -> u32 {
        let (high, low) = (self.0 >> 11, u32::from(self.0 & 0x7ff));
        let vocab_size = vocab_size as u32;
        if high == 0x1f { vocab_size + low } else { u32::from(self.0) % vocab_size }
    }
}

/// At most eight of something.
#[derive(Clone, Debug)]
pub(crate) struct Few<T>(pub(crate) Vec<T>);

impl<'a, T: Arbitrary<'a>> Arbitrary<'a> for Few<T> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        (0..u8::arbitrary(u)? % 9).map(|_| T::arbitrary(u)).collect::<Result<_>>().map(Self)
    }
}

pub(crate) fn tokens(few: &Few<Token>, vocab_size: usize) -> Vec<u32> {
    few.0.iter().map(|token| token.of(vocab_size)).collect()
}
