//! Which file is in which format: its extension says so.

use std::path::Path;

/// A format that documents can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Parquet,
    Delimited(u8),
    JsonLines,
    Text,
}

impl Format {
    /// The format that the extension of `path` names, in any case.
    pub(crate) fn of(path: impl AsRef<Path>) -> Option<Self> {
        let extension = path.as_ref().extension()?.to_str()?;
        match extension.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "csv" => Some(Self::Delimited(b',')),
            "tsv" => Some(Self::Delimited(b'\t')),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_name_formats_in_any_case() {
        assert_eq!(Format::of("a/b.PARQUET"), Some(Format::Parquet));
        assert_eq!(Format::of("b.tsv"), Some(Format::Delimited(b'\t')));
        assert_eq!(Format::of("b.ndjson"), Some(Format::JsonLines));
        assert_eq!(Format::of("b.csv.gz"), None);
        assert_eq!(Format::of("txt"), None);
    }
}
