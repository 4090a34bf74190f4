//! The samples as HTML: a table over the steps for each prompt, and the strategies side by side.

use serde_json::Value;

use super::{
    arrangement::{Comparison, Timeline},
    kept::Kept,
};
use crate::{Sample, axis::count, markup::escape};

/// Letters of a text at most, and of a value in a configuration.
const MOST_LETTERS: usize = 2_000;
const MOST_IN_A_VALUE: usize = 80;

/// A prompt's texts, a row a step and a column a strategy.
pub(super) fn timeline(timeline: &Timeline<'_>) -> String {
    let prompt = quoted(timeline.prompt);
    let columns: String =
        (0..timeline.labels.len()).map(|place| heading(timeline, place)).collect();
    let rows: String =
        timeline.rows.iter().map(|(step, cells)| row(*step, &timeline.labels, cells)).collect();
    format!(
        r#"<details class="timeline" open><summary><h3>{prompt}</h3></summary>
<table><caption>Continuations of {prompt} over the steps</caption>
<thead><tr><th scope="col">step</th>{columns}</tr></thead>
<tbody>
{rows}</tbody></table></details>
"#
    )
}

/// The label of a column, with the configuration of its newest sample.
fn heading(timeline: &Timeline<'_>, place: usize) -> String {
    let label = timeline.labels.get(place).map_or_else(String::new, |label| named(label));
    let newest = timeline.rows.iter().rev().find_map(|(_, cells)| cells.get(place)?.last());
    let configuration = newest.map(|sample| configuration(&sample.strategy.config));
    let configuration = configuration.unwrap_or_default();
    format!("<th scope=\"col\">{label}<p class=\"configuration\">{configuration}</p></th>")
}

fn row(step: u64, labels: &[&str], cells: &[Vec<&Sample>]) -> String {
    let cells: String = labels.iter().zip(cells).map(|(label, texts)| cell(label, texts)).collect();
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", count(step))
}

/// The label is repeated for screens on which the columns do not stand side by side.
fn cell(label: &str, samples: &[&Sample]) -> String {
    let texts: String = samples.iter().map(|sample| text(sample)).collect();
    format!("<td data-label=\"{}\">{texts}</td>", named(label))
}

/// A prompt's texts, a card a strategy.
pub(super) fn comparison(comparison: &Comparison<'_>) -> String {
    let cards: String = comparison.samples.iter().map(|sample| card(sample)).collect();
    let prompt = quoted(comparison.prompt);
    format!(
        "<section class=\"comparison\"><h3>{prompt}</h3>\n<div class=\"cards\">{cards}</div></section>\n"
    )
}

fn card(sample: &Sample) -> String {
    let (label, text) = (named(&sample.strategy.label), text(sample));
    let configuration = configuration(&sample.strategy.config);
    let seed = sample.seed;
    format!(
        "<article><h4>{label}</h4>{text}<p class=\"configuration\">{configuration} <span>seed {seed}</span></p></article>\n"
    )
}

/// What there was no room for; nothing if all is shown.
pub(super) fn left_out(kept: &Kept) -> String {
    let (shown, steps) = (kept.moments.len(), kept.steps);
    let mut notes = Vec::new();
    if shown < steps {
        notes.push(format!("{} of {} steps with samples are shown.", shown, count(steps as u64)));
    }
    if kept.left_out > 0 {
        notes.push(format!(
            "{} further samples are only in samples.jsonl.",
            count(kept.left_out as u64)
        ));
    }
    if notes.is_empty() {
        String::new()
    } else {
        format!("<p class=\"note\">{}</p>\n", notes.join(" "))
    }
}

/// A text, its prompt apart from what the model added.
fn text(sample: &Sample) -> String {
    let text = cut(&sample.text, MOST_LETTERS);
    let end = prompt_end(&text, &sample.prompt).unwrap_or(0);
    let (prompt, rest) = text.split_at_checked(end).unwrap_or(("", &text));
    let (prompt, rest) = (escape(prompt), escape(rest));
    format!("<p class=\"text\" dir=\"auto\"><span class=\"prompt\">{prompt}</span>{rest}</p>")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Where `prompt` ends in a text that begins with it, spaces aside: a tokenizer sets its own.
fn prompt_end(text: &str, prompt: &str) -> Option<usize> {
    let mut letters = text.char_indices().filter(|(_, letter)| !letter.is_whitespace());
    let mut end = 0;
    for expected in prompt.chars().filter(|letter| !letter.is_whitespace()) {
        let (place, _) = letters.next().filter(|&(_, letter)| letter == expected)?;
        end = place + expected.len_utf8();
    }
    Some(end)
}

/// The fields of a configuration, each unbroken by the end of a line.
fn configuration(value: &Value) -> String {
    let Value::Object(fields) = value else { return escape(&value.to_string()) };
    let fields = fields.iter().map(|(name, value)| format!("{name} {}", plain(value)));
    fields.map(|field| format!("<span>{}</span>", escape(&field))).collect::<Vec<_>>().join(" ")
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    cut(&text, MOST_IN_A_VALUE)
}

fn quoted(prompt: &str) -> String {
    if prompt.is_empty() {
        "(no prompt)".to_owned()
    } else {
        format!("“<bdi>{}</bdi>”", escape(&cut(prompt, MOST_LETTERS)))
    }
}

fn named(label: &str) -> String {
    if label.is_empty() { "(no label)".to_owned() } else { escape(&cut(label, MOST_LETTERS)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Strategy;

    fn sample(prompt: &str, text: &str) -> Sample {
        Sample { prompt: prompt.into(), text: text.into(), ..Sample::default() }
    }

    #[test]
    fn the_prompt_stands_apart_whatever_its_spaces() {
        assert_eq!(prompt_end("In time , a man", "In time,"), Some(9));
        assert_eq!(prompt_end("É só isso", " É"), Some(2));
        assert_eq!(prompt_end("other", "In"), None);
        assert_eq!(prompt_end("", "In"), None);
        let html = text(&sample("In time,", "In time , a man"));
        assert!(html.contains("<span class=\"prompt\">In time ,</span> a man"), "{html}");
    }

    #[test]
    fn hostile_samples_stay_text() {
        let hostile = "</p></script><!--\"'<img src=x onerror=alert(1)>\u{0}";
        let strategy = Strategy { label: hostile.into(), config: json!({hostile: hostile}) };
        let sample = Sample { strategy, ..sample(hostile, hostile) };
        let rows = vec![(1, vec![vec![&sample]])];
        let over_time = timeline(&Timeline { prompt: hostile, labels: vec![hostile], rows });
        let side_by_side = comparison(&Comparison { prompt: hostile, samples: vec![&sample] });
        for html in [over_time, side_by_side] {
            for part in ["<img", "</script", "<!--", "\u{0}", "=\"</p>"] {
                assert!(!html.contains(part), "{part} in {html}");
            }
        }
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let long = "é".repeat(MOST_LETTERS + 1);
        assert_eq!(cut(&long, MOST_LETTERS).chars().count(), MOST_LETTERS + 1);
        assert!(cut(&long, MOST_LETTERS).ends_with("é…"));
        assert_eq!(cut("short", 5), "short");
    }
}
