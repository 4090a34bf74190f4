//! What ran, and on what: `run.json`.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The version of the run folder's format that this crate writes, and the newest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The contents of `run.json`: all that a person needs to tell runs apart, or to run one again.
///
/// A field that this version does not know is kept in [`other`](Self::other), and written back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// [`FORMAT_VERSION`] of the crate that wrote the folder.
    pub format_version: u32,
    /// The version of each crate that took part, by its name.
    pub crate_versions: BTreeMap<String, String>,
    /// The program and its arguments.
    pub command_line: Vec<String>,
    /// The preset that the settings started from.
    pub preset: String,
    /// Every setting by its name, defaults too.
    pub settings: Map<String, Value>,
    /// The seed of weights, batches and dropout.
    pub seed: u64,
    /// The device that trained, such as `cpu` or `cuda:0`.
    pub device: String,
    /// Threads within an operation, on the CPU.
    pub threads: usize,
    /// The type of the numbers that trained, such as `float32`.
    pub dtype: String,
    /// The documents.
    pub data: DataInfo,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The documents of a run, as `run.json` records them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataInfo {
    /// Where they came from: a path, the name of a data set, or the built-in corpus.
    pub source: String,
    /// A digest of the cleaned documents, in order: equal for equal data.
    pub fingerprint: String,
    /// Documents after cleaning.
    pub documents: u64,
    /// Those that trained.
    pub train: u64,
    /// Those held out.
    pub held_out: u64,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Default for RunInfo {
    /// An empty description, with the current format version and this crate's own.
    fn default() -> Self {
        let own = (env!("CARGO_PKG_NAME").to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self {
            format_version: FORMAT_VERSION,
            crate_versions: BTreeMap::from([own]),
            command_line: Vec::new(),
            preset: String::new(),
            settings: Map::new(),
            seed: 0,
            device: String::new(),
            threads: 0,
            dtype: String::new(),
            data: DataInfo::default(),
            other: Map::new(),
        }
    }
}

/// Parses `run.json`; the version comes first, since a newer format may have other fields.
pub(crate) fn parse(path: &Path, text: &[u8]) -> Result<RunInfo> {
    let Version { format_version: found } =
        serde_json::from_slice(text).map_err(Error::json(path, 1))?;
    if found > FORMAT_VERSION {
        return Err(Error::NewerFormat { path: path.to_owned(), found, known: FORMAT_VERSION });
    }
    serde_json::from_slice(text).map_err(Error::json(path, 1))
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<RunInfo> {
        parse(Path::new("run.json"), serde_json::to_string_pretty(value).unwrap().as_bytes())
    }

    #[test]
    fn unknown_fields_are_kept() {
        let mut value = serde_json::to_value(RunInfo::default()).unwrap();
        value["later"] = json!({"deep": [1, 0.1]});
        value["data"]["licence"] = json!("CC0");
        value["seed"] = json!(u64::MAX);
        let info = read(&value).unwrap();
        assert_eq!(info.other["later"], json!({"deep": [1, 0.1]}));
        assert_eq!(info.data.other["licence"], json!("CC0"));
        assert_eq!(serde_json::to_value(&info).unwrap(), value);
    }

    #[test]
    fn a_newer_format_says_so_whatever_else_it_holds() {
        let error = read(&json!({"format_version": 2, "seed": "a poem"})).unwrap_err();
        assert!(matches!(error, Error::NewerFormat { found: 2, known: 1, .. }), "{error:?}");
    }

    #[test]
    fn a_fault_is_named_by_line() {
        let mut value = serde_json::to_value(RunInfo::default()).unwrap();
        value["seed"] = json!(-1);
        let text = serde_json::to_string_pretty(&value).unwrap();
        let expected = 1 + text.lines().position(|line| line.contains("seed")).unwrap();
        match read(&value).unwrap_err() {
            Error::Json { line, .. } => assert_eq!(line, expected),
            other => panic!("{other:?}"),
        }
    }
}
