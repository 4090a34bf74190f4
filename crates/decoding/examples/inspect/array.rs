//! An array in a file: its shape, and numbers that are not read before they are needed.

use anyhow::{Context, Result, bail, ensure};

/// Numbers in row-major order, as they lie in the file.
#[derive(Debug)]
pub(crate) struct Array<'a> {
    pub(crate) shape: Vec<usize>,
    pub(crate) number: Number,
    pub(crate) bytes: &'a [u8],
}

/// How a number is stored; each becomes an f32 without rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    F32,
    F16,
    BF16,
}

/// The last of `rows` rows.
#[derive(Debug, PartialEq)]
pub(crate) struct LastRow {
    pub(crate) row: Vec<f32>,
    pub(crate) rows: usize,
}

impl Array<'_> {
    /// Of shape (V,), (T, V), or one of these with axes of length 1 before.
    pub(crate) fn last_row(&self) -> Result<LastRow> {
        let (rows, vocab_size) = self.rows()?;
        let width = vocab_size.saturating_mul(self.number.width());
        let (expected, got) = (rows.saturating_mul(width), self.bytes.len());
        ensure!(
            expected == got,
            "its shape {:?} takes {expected} bytes of numbers, but it has {got}; write it again",
            self.shape
        );
        ensure!(
            rows > 0,
            "its shape {:?} has no row; feed the model at least one token",
            self.shape
        );
        Ok(LastRow { row: self.number.read(&self.bytes[got - width..]), rows })
    }

    /// T and V.
    fn rows(&self) -> Result<(usize, usize)> {
        let split = self.shape.split_last();
        let (&vocab_size, before) =
            split.context("it is a single number; give a row with a score for each token")?;
        let rows: Vec<usize> = before.iter().copied().filter(|&n| n != 1).collect();
        match rows[..] {
            [] => Ok((1, vocab_size)),
            [rows] => Ok((rows, vocab_size)),
            _ => bail!(
                "its shape is {:?}; take one sequence of the batch, so that it is (T, V)",
                self.shape
            ),
        }
    }
}

impl Number {
    fn width(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// Little-endian.
    fn read(self, bytes: &[u8]) -> Vec<f32> {
        let halves = || bytes.as_chunks().0.iter().map(|&half| u16::from_le_bytes(half));
        match self {
            Self::F32 => bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect(),
            Self::F16 => halves().map(from_f16).collect(),
            Self::BF16 => halves().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect(),
        }
    }
}

/// IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction.
fn from_f16(bits: u16) -> f32 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let fraction = f32::from(bits & 0x3ff);
    sign * match bits >> 10 & 0x1f {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1024.0 + fraction) * 2f32.powi(i32::from(exponent) - 25),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn last_row(shape: &[usize], numbers: &[f32]) -> Result<LastRow> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        Array { shape: shape.to_vec(), number: Number::F32, bytes: &bytes }.last_row()
    }

    #[test]
    fn the_last_row_is_taken() {
        let last = |shape: &[usize]| last_row(shape, &[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(last(&[4]), LastRow { row: vec![1.0, 2.0, 3.0, 4.0], rows: 1 });
        assert_eq!(last(&[1, 4]), last(&[4]));
        assert_eq!(last(&[1, 1, 4]), last(&[4]));
        assert_eq!(last(&[2, 2]), LastRow { row: vec![3.0, 4.0], rows: 2 });
        assert_eq!(last(&[1, 2, 2]), last(&[2, 2]));
        assert_eq!(last(&[4, 1]), LastRow { row: vec![4.0], rows: 4 });
    }

    #[test]
    fn other_shapes_are_refused() {
        let refused = |shape: &[usize]| last_row(shape, &[0.0; 8]).unwrap_err().to_string();
        assert!(refused(&[]).contains("single number"));
        assert!(refused(&[2, 2, 2]).contains("its shape is [2, 2, 2]"));
        assert!(refused(&[9]).contains("takes 36 bytes of numbers, but it has 32"));
        assert!(refused(&[3]).contains("takes 12 bytes of numbers, but it has 32"));
        assert!(refused(&[usize::MAX, 9]).contains("but it has 32"));
        assert!(last_row(&[0, 5], &[]).unwrap_err().to_string().contains("has no row"));
    }

    #[test]
    fn halves_are_read_exactly() {
        let read = |number: Number, bits: &[u16]| {
            number.read(&bits.iter().flat_map(|b| b.to_le_bytes()).collect::<Vec<_>>())
        };
        let f16 = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0xfc00, 0x8000];
        let expected = [
            1.0,
            -2.0,
            65_504.0,
            5.960_464_5e-8,
            6.103_515_6e-5,
            0.333_251_95,
            f32::NEG_INFINITY,
            0.0,
        ];
        assert_eq!(read(Number::F16, &f16), expected);
        assert!(read(Number::F16, &[0x7e00])[0].is_nan());
        assert_eq!(
            read(Number::BF16, &[0x3f80, 0xc049, 0xff80]),
            [1.0, -3.140_625, f32::NEG_INFINITY]
        );
    }
}
