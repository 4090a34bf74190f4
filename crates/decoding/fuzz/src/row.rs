//! Rows of logits, with the values and the patterns that kernels trip over.

use arbitrary::{Arbitrary, Result, Unstructured};

const LONGEST: u16 = 600;

const SCORES: [f32; 24] = [
    f32::NEG_INFINITY,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    10.0,
    -10.0,
    88.8,
    -88.8,
    709.0,
    -745.0,
    1e4,
    -1e4,
    1e30,
    -1e30,
    f32::MAX,
    f32::MIN,
    f32::MIN_POSITIVE,
    1e-45,
    -1e-45,
    1.000_000_1,
    16_777_216.0,
];

/// A row of 1 to 600 scores.
///
/// Most rows take them from a palette of a few, so that ties occur; one in sixteen may hold NaN and +∞.
#[derive(Clone, Debug)]
pub struct Row(pub Vec<f32>);

impl<'a> Arbitrary<'a> for Row {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let len = usize::from(1 + u16::arbitrary(u)? % LONGEST);
        let kind = u8::arbitrary(u)?;
        let mut row = match kind & 3 {
            0 => (0..len).map(|_| score(u)).collect::<Result<_>>()?,
            1 => runs(u, len)?,
            2 => scattered(u, len)?,
            _ => (0..len).map(|_| Ok(f32::from(i8::arbitrary(u)?) / 8.0)).collect::<Result<_>>()?,
        };
        if kind >> 4 == 0xf {
            spoil(u, &mut row)?;
        } else {
            row.iter_mut().filter(|l| l.is_nan() || **l == f32::INFINITY).for_each(|l| *l = 3.0);
        }
        Ok(Self(row))
    }
}

fn score(u: &mut Unstructured<'_>) -> Result<f32> {
    Ok(match u8::arbitrary(u)? {
        i if usize::from(i) < SCORES.len() => SCORES[usize::from(i)],
        32..224 => f32::from(i16::arbitrary(u)?) / 1024.0,
        _ => f32::from_bits(u32::arbitrary(u)?),
    })
}

fn palette(u: &mut Unstructured<'_>) -> Result<Vec<f32>> {
    (0..1 + u8::arbitrary(u)? % 8).map(|_| score(u)).collect()
}

/// A few scores in runs, so that whole blocks and vectors are equal.
fn runs(u: &mut Unstructured<'_>, len: usize) -> Result<Vec<f32>> {
    let palette = palette(u)?;
    let mut row = Vec::with_capacity(len);
    while row.len() < len {
        let (which, count) = <(u8, u8)>::arbitrary(u)?;
        let count = (usize::from(count) + 1).min(len - row.len());
        row.extend(std::iter::repeat_n(palette[usize::from(which) % palette.len()], count));
    }
    Ok(row)
}

/// A few scores in the order of a generator, so that few bytes make a long row.
fn scattered(u: &mut Unstructured<'_>, len: usize) -> Result<Vec<f32>> {
    let palette = palette(u)?;
    let mut state = u32::arbitrary(u)?;
    let mut next = || {
        state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        palette[(state >> 16) as usize % palette.len()]
    };
    Ok((0..len).map(|_| next()).collect())
}

fn spoil(u: &mut Unstructured<'_>, row: &mut [f32]) -> Result<()> {
    for _ in 0..1 + u8::arbitrary(u)? % 3 {
        let place = usize::from(u16::arbitrary(u)?) % row.len();
        row[place] = [f32::NAN, f32::INFINITY, -f32::NAN][usize::from(u8::arbitrary(u)? % 3)];
    }
    Ok(())
}
