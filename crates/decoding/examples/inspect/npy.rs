//! NumPy's `.npy`: a magic word, a version, a header that is a Python dictionary, and the numbers.
//!
//! Source: NEP 1, "A simple file format for NumPy arrays".

use anyhow::{Context, Result, bail, ensure};

use super::array::{Array, Number};

const MAGIC: &[u8] = b"\x93NUMPY";
const CUT_OFF: &str = "it ends within its header; write it again with numpy.save";

pub(crate) fn parse(bytes: &[u8]) -> Result<Array<'_>> {
    let (header, bytes) = split(bytes)?;
    let (number, shape) = (number(header)?, shape(header)?);
    let in_rows = shape.iter().filter(|&&n| n > 1).count() < 2;
    ensure!(
        in_rows || field(header, "fortran_order")?.starts_with("False"),
        "its numbers are stored by columns; save numpy.ascontiguousarray(logits)"
    );
    Ok(Array { shape, number, bytes })
}

/// The header and the numbers.
fn split(bytes: &[u8]) -> Result<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC).context("it is no .npy file; write it with numpy.save")?;
    let (version, rest) = rest.split_first_chunk::<2>().context(CUT_OFF)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk().context(CUT_OFF)?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().context(CUT_OFF)?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        other => bail!("its format version is {other}; versions 1 to 3 are known"),
    };
    let (header, numbers) = rest.split_at_checked(length).context(CUT_OFF)?;
    Ok((str::from_utf8(header).context("its header is no text")?, numbers))
}

fn number(header: &str) -> Result<Number> {
    let descr = quoted(field(header, "descr")?).unwrap_or("a record");
    let hint = match descr {
        "<f4" => return Ok(Number::F32),
        "<f2" => return Ok(Number::F16),
        "<f8" => ", float64, which would have to be rounded",
        big if big.starts_with('>') => ", big-endian",
        _ => "",
    };
    bail!("its numbers are {descr}{hint}; save logits.astype('<f4')")
}

fn shape(header: &str) -> Result<Vec<usize>> {
    let tuple = field(header, "shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let (lengths, _) = tuple.context("the shape in its header is no tuple")?;
    let lengths = lengths.split(',').map(str::trim).filter(|length| !length.is_empty());
    let length = |text: &str| text.parse().with_context(|| format!("its shape has a '{text}'"));
    lengths.map(length).collect()
}

/// What follows the name and the colon.
fn field<'a>(header: &'a str, name: &str) -> Result<&'a str> {
    let found = header.split_once(&format!("'{name}':"));
    let (_, value) = found.with_context(|| format!("its header has no '{name}'"))?;
    Ok(value.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    Some(text.strip_prefix('\'')?.split_once('\'')?.0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A file of this version, with a header and 8 bytes behind it.
    fn file(version: u8, header: &str) -> Vec<u8> {
        let length = header.len() as u32;
        let length = &length.to_le_bytes()[..if version == 1 { 2 } else { 4 }];
        [MAGIC, &[version, 0], length, header.as_bytes(), &[7; 8]].concat()
    }

    fn header(descr: &str, fortran: &str, shape: &str) -> String {
        format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}   \n")
    }

    fn refused(header: &str) -> String {
        parse(&file(1, header)).unwrap_err().to_string()
    }

    #[test]
    fn every_version_is_read() {
        for version in 1..=3 {
            let bytes = file(version, &header("'<f4'", "False", "(2,)"));
            let Array { shape, number, bytes } = parse(&bytes).unwrap();
            assert_eq!((shape, number, bytes), (vec![2], Number::F32, &[7; 8][..]));
        }
        let message = parse(&file(4, "")).unwrap_err().to_string();
        assert!(message.contains("version is 4"), "{message}");
    }

    #[test]
    fn shapes_are_tuples() {
        let shape = |text| parse(&file(1, &header("'<f2'", "False", text))).unwrap().shape;
        assert!(shape("()").is_empty());
        assert_eq!(shape("(3, 4)"), [3, 4]);
        assert_eq!(shape("(1,2,3)"), [1, 2, 3]);
        assert!(refused(&header("'<f4'", "False", "(-1,)")).contains("'-1'"));
        assert!(refused(&header("'<f4'", "False", "7")).contains("no tuple"));
    }

    #[test]
    fn other_numbers_are_refused_by_name() {
        let refused = |descr| refused(&header(descr, "False", "(2,)"));
        assert!(refused("'<f8'").contains("<f8, float64"));
        assert!(refused("'>f4'").contains(">f4, big-endian"));
        assert!(refused("'<i8'").contains("<i8; save logits.astype"));
        assert!(refused("[('a', '<f4')]").contains("a record"));
    }

    #[test]
    fn columns_are_refused_where_they_matter() {
        assert!(parse(&file(1, &header("'<f4'", "True", "(1, 2)"))).is_ok());
        assert!(refused(&header("'<f4'", "True", "(2, 2)")).contains("by columns"));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let whole = file(1, &header("'<f4'", "False", "(2,)"));
        for end in 0..whole.len() - 8 {
            assert!(parse(&whole[..end]).is_err(), "{end}");
        }
        assert!(refused("{'descr': '<f4'}").contains("no 'shape'"));
        assert!(parse(&[MAGIC, &[1, 0, 1, 0, 0xff]].concat()).is_err());
    }
}
