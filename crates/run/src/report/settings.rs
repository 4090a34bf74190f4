//! What ran and on what: every field of `run.json` and of the configurations, in groups.

use serde_json::{Map, Value, json};

use super::Report;
use crate::{axis::count, markup::escape};

/// The groups, one definition list each.
pub(super) fn settings(report: &Report) -> String {
    let info = &report.info;
    [
        group("Run", &run(report)),
        group("Machine", &machine(report)),
        group("Data", &data(report)),
        group("Settings", &object(&info.settings)),
        group("Model (config.json)", &configuration(report.config.as_ref())),
        group(
            "Default decoding (generation_config.json)",
            &configuration(report.generation.as_ref()),
        ),
        group("Crates", &crates(report)),
        if info.other.is_empty() { String::new() } else { group("Other", &object(&info.other)) },
    ]
    .concat()
}

fn run(report: &Report) -> String {
    let info = &report.info;
    list(&[
        ("folder", text(&report.name)),
        ("preset", text(&info.preset)),
        ("seed", value(&json!(info.seed))),
        ("command line", format!("<code>{}</code>", escape(&command_line(&info.command_line)))),
        ("format version", value(&json!(info.format_version))),
    ])
}

fn machine(report: &Report) -> String {
    let info = &report.info;
    list(&[
        ("device", text(&info.device)),
        ("threads", value(&json!(info.threads))),
        ("dtype", text(&info.dtype)),
    ])
}

fn data(report: &Report) -> String {
    let data = &report.info.data;
    let known = list(&[
        ("source", text(&data.source)),
        ("fingerprint", format!("<code>{}</code>", escape(&data.fingerprint))),
        ("documents", count(data.documents)),
        ("trained on", count(data.train)),
        ("held out", count(data.held_out)),
    ]);
    if data.other.is_empty() { known } else { known + &object(&data.other) }
}

fn crates(report: &Report) -> String {
    let versions: Vec<_> = report
        .info
        .crate_versions
        .iter()
        .map(|(name, version)| (name.as_str(), text(version)))
        .collect();
    list(&versions)
}

fn configuration(file: Option<&Value>) -> String {
    file.map_or_else(|| "<p class=\"missing\">The file is not there.</p>".to_owned(), value)
}

fn group(title: &str, body: &str) -> String {
    format!("<section class=\"group\"><h3>{}</h3>{body}</section>\n", escape(title))
}

/// Terms with what they mean, as HTML.
fn list(entries: &[(&str, String)]) -> String {
    let entry = |(name, value): &(&str, String)| {
        format!("<div><dt>{}</dt><dd>{value}</dd></div>", escape(name))
    };
    format!("<dl>{}</dl>", entries.iter().map(entry).collect::<String>())
}

fn object(fields: &Map<String, Value>) -> String {
    let entries: Vec<_> =
        fields.iter().map(|(name, field)| (name.as_str(), value(field))).collect();
    list(&entries)
}

/// Any JSON: lists inside lists where it is nested.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "<span class=\"none\">none</span>".to_owned(),
        Value::String(string) => text(string),
        Value::Array(items) if items.iter().any(is_nested) => ordered(items),
        Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => object(fields),
        plain => escape(&plain.to_string()),
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

fn ordered(items: &[Value]) -> String {
    let items: String = items.iter().map(|item| format!("<li>{}</li>", value(item))).collect();
    format!("<ol>{items}</ol>")
}

/// Empty text is said to be so: it would look like a fault.
fn text(text: &str) -> String {
    if text.is_empty() { "<span class=\"none\">empty</span>".to_owned() } else { escape(text) }
}

/// A command as a shell would take it.
fn command_line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_there_however_deep() {
        let mut report = Report::default();
        report.info.settings.insert("hidden_size".into(), json!(128));
        report
            .info
            .data
            .other
            .insert("cleaning".into(), json!({"steps": [{"name": "cut", "changed": 938}]}));
        report.info.other.insert("later".into(), json!([1, 0.5, null]));
        report.config = Some(json!({"layer_norm_eps": 1e-5, "norm_first": false}));
        let html = settings(&report);
        for part in [
            "<dt>hidden_size</dt><dd>128</dd>",
            "<dt>steps</dt><dd><ol><li><dl><div><dt>changed</dt><dd>938</dd></div>",
            "<dt>later</dt><dd>1, 0.5, <span class=\"none\">none</span></dd>",
            "<dt>norm_first</dt><dd>false</dd>",
            "<dt>enredo-run</dt><dd>",
            "The file is not there",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn names_and_values_are_escaped() {
        let hostile = "</dd><script>alert('1')</script>";
        let mut report = Report { name: hostile.into(), ..Report::default() };
        let info = &mut report.info;
        info.preset = hostile.into();
        info.command_line = vec![hostile.into()];
        info.crate_versions.insert(hostile.into(), hostile.into());
        info.settings.insert(hostile.into(), json!({hostile: [hostile, [hostile]]}));
        info.data.source = hostile.into();
        assert!(!settings(&report).contains("<script"));
    }

    #[test]
    fn a_command_can_be_copied() {
        let words = ["train", "--prompt", "it's a film", "", "--lr=1e-3"].map(String::from);
        assert_eq!(command_line(&words), r"train --prompt 'it'\''s a film' '' --lr=1e-3");
    }
}
