//! JSON Lines: an object a line.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::lines::Lines;
use crate::error::{Error, Result};

pub(super) fn rows(path: PathBuf, column: &str) -> Result<JsonRows> {
    let lines = Lines::open(path.clone())?;
    Ok(JsonRows { path, column: column.to_owned(), lines, columns: Vec::new(), found: false })
}

/// The strings under one key. Blank lines are no rows; an absent key is a null.
pub(super) struct JsonRows {
    path: PathBuf,
    column: String,
    lines: Lines,
    /// The keys of the first object.
    columns: Vec<String>,
    /// Whether any object had the key.
    found: bool,
}

impl Iterator for JsonRows {
    type Item = Result<Option<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next() {
                Some(Ok((_, text))) if text.trim().is_empty() => {}
                Some(line) => return Some(line.and_then(|(line, text)| self.parse(line, &text))),
                None => return self.never_found().map(Err),
            }
        }
    }
}

impl JsonRows {
    fn parse(&mut self, line: u64, text: &str) -> Result<Option<String>> {
        let mut object: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| self.malformed(line, &error))?;
        let value = object.remove(&self.column);
        self.found |= value.is_some();
        if self.columns.is_empty() {
            self.columns = object.into_iter().map(|(key, _)| key).collect();
        }
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.not_text(line, &other)),
        }
    }

    /// The error that is due when a file has ended and no object had the key.
    fn never_found(&mut self) -> Option<Error> {
        let columns = std::mem::take(&mut self.columns);
        let missing = !self.found && !columns.is_empty();
        let (path, column) = (self.path.clone(), self.column.clone());
        missing.then_some(Error::NoColumn { path, column, columns })
    }

    fn malformed(&self, line: u64, error: &serde_json::Error) -> Error {
        // The parser saw one line only, so its own line number would mislead.
        let message = error.to_string();
        let fault = message.split(" at line ").next().unwrap_or_default();
        let reason = format!("not a JSON object: {fault} (character {})", error.column());
        Error::Malformed { path: self.path.clone(), line, reason }
    }

    fn not_text(&self, line: u64, value: &Value) -> Error {
        let found = format!("{} (line {line})", kind(value));
        Error::NotText { path: self.path.clone(), column: self.column.clone(), found }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "a null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
