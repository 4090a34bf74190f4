//! The document: its parts in order, and nothing that lies outside it.

use serde_json::Value;

use super::{
    Report, arrangement,
    chart::Chart,
    charts::{self, charts},
    policy::policy,
    samples,
    settings::settings,
    summary::summary,
};
use crate::{
    axis::count,
    markup::{escape, json_in_script},
};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The whole page.
pub(super) fn document(report: &Report) -> String {
    let charts = charts(&report.curves, report.floor());
    let body = [
        header(report),
        section("curves", "Curves", &curves(report, &charts)),
        section("samples", "Samples over the steps", &over_the_steps(report)),
        section("strategies", "Strategies side by side", &side_by_side(report)),
        section("settings", "Settings", &settings(report)),
    ];
    let (title, body, data) = (escape(&title(report)), body.concat(), charts::data(&charts));
    html(&title, &body, &data)
}

fn html(title: &str, body: &str, data: &Value) -> String {
    let (policy, data) = (policy(STYLE, SCRIPT), json_in_script(data));
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
{body}<footer>Made from the run's folder alone, by enredo-run {version}.</footer>
<script type="application/json" id="data">{data}</script>
<script>{SCRIPT}</script>
</body>
</html>
"#
    )
}

fn title(report: &Report) -> String {
    let names = [&*report.info.preset, &*report.name, "training report"];
    names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn header(report: &Report) -> String {
    let preset = if report.info.preset.is_empty() { "Training run" } else { &report.info.preset };
    let (preset, name, summary) = (escape(preset), escape(&report.name), summary(report));
    format!(
        r##"<header>
<h1>{preset} <span class="name">{name}</span></h1>
{summary}<nav aria-label="Contents"><a href="#curves">Curves</a> <a href="#samples">Samples</a> <a href="#strategies">Strategies</a> <a href="#settings">Settings</a></nav>
</header>
"##
    )
}

fn section(id: &str, title: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>\n{body}</section>\n"
    )
}

fn curves(report: &Report, charts: &[Chart]) -> String {
    let figures: String = charts.iter().map(Chart::figure).collect();
    let steps =
        missing(report.curves.loss.is_empty(), "metrics.jsonl has no rows: no step is recorded.");
    let evals = missing(
        report.curves.last_eval.is_none(),
        "evals.jsonl has no rows: nothing was evaluated.",
    );
    format!("{steps}{evals}<div class=\"charts\">\n{figures}</div>\n")
}

fn over_the_steps(report: &Report) -> String {
    let none = missing(
        report.samples.moments.is_empty(),
        "samples.jsonl has no rows: no text was generated.",
    );
    let timelines: String =
        arrangement::timelines(&report.samples).iter().map(samples::timeline).collect();
    none + &samples::left_out(&report.samples) + &timelines
}

fn side_by_side(report: &Report) -> String {
    let comparisons = arrangement::comparisons(&report.samples);
    let Some(last) = report.samples.moments.last().filter(|_| !comparisons.is_empty()) else {
        return missing(
            true,
            "The last samples do not continue several prompts by the same strategies.",
        );
    };
    let intro = format!("<p class=\"note\">The samples of step {}.</p>\n", count(last.step));
    intro + &comparisons.iter().map(samples::comparison).collect::<String>()
}

fn missing(is_missing: bool, what: &str) -> String {
    if is_missing { format!("<p class=\"missing\">{what}</p>\n") } else { String::new() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Eval, Metric, Sample, Strategy};

    const HOSTILE: &str =
        "</script></style></title>--><!--<script>alert(\"1\")</script>'\u{0}\u{202e}";

    fn metric(step: u64) -> Metric {
        let (tokens, train_seconds) = (step * 900, step as f64 / 60.0);
        let loss = 3.0 + 5.0 / step as f64 + (step as f64).sin() / 3.0;
        Metric { step, loss, lr: 1e-3, grad_norm: 1.0 + loss, tokens, train_seconds, skipped: 0 }
    }

    fn sample(step: u64, prompt: &str, label: &str) -> Sample {
        let strategy = Strategy { label: label.into(), config: json!({"top_k": 5}) };
        Sample { step, prompt: prompt.into(), strategy, text: HOSTILE.into(), ..Sample::default() }
    }

    /// A run with everything that there can be.
    fn full(steps: u64) -> Report {
        let mut report = Report { name: "first".into(), ..Report::default() };
        report.info.preset = "causal".into();
        report.info.data.other.insert("entropy".into(), json!({"nats": 2.5}));
        (1..=steps).for_each(|step| report.curves.push(metric(step)));
        for step in (1..=steps).filter(|step| step % 100 == 0) {
            report.curves.push_eval(Eval { step, val_loss: 3.2, ..Eval::default() });
            report.samples.push(sample(step, "A man", "greedy"));
        }
        for (prompt, label) in [("B", "greedy"), ("B", "hot"), ("C", "greedy"), ("C", "hot")] {
            report.samples.push(sample(steps, prompt, label));
        }
        report
    }

    fn count_of(page: &str, part: &str) -> usize {
        page.matches(part).count()
    }

    /// The data that the script reads.
    fn data_of(page: &str) -> Value {
        let (_, data) = page.split_once("id=\"data\">").unwrap();
        serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
    }

    #[test]
    fn a_run_shows_all_it_has() {
        let page = document(&full(500));
        for part in [
            "<title>causal · first · training report</title>",
            "entropy of the data",
            "class=\"curves\"",
            "Continuations of “<bdi>A man</bdi>” over the steps",
            "<h3>“<bdi>C</bdi>”</h3>",
            "fingerprint",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(count_of(&page, "<figure"), 4);
        assert_eq!(count_of(&page, "class=\"missing\""), 2);
        assert_eq!(data_of(&page).as_object().unwrap().len(), 4);
    }

    #[test]
    fn an_empty_run_says_what_is_missing() {
        let page = document(&Report::default());
        for file in ["metrics.jsonl", "evals.jsonl", "samples.jsonl"] {
            assert!(page.contains(&format!("{file} has no rows")), "{file}");
        }
        assert_eq!(count_of(&page, "<figure"), 0);
        assert_eq!(data_of(&page), json!({}));
    }

    #[test]
    fn evaluations_alone_are_a_curve() {
        let mut report = Report::default();
        report.curves.push_eval(Eval { step: 5, val_loss: 3.0, ..Eval::default() });
        assert_eq!(count_of(&document(&report), "<circle"), 1);
    }

    #[test]
    fn numbers_that_are_not_finite_break_nothing() {
        let mut report = full(200);
        for step in 201..300 {
            let loss = [f64::NAN, f64::INFINITY, -1e300][step as usize % 3];
            let row =
                Metric { loss, lr: loss, grad_norm: loss, train_seconds: loss, ..metric(step) };
            report.curves.push(row);
            report.curves.push_eval(Eval { step, val_loss: loss, ..Eval::default() });
        }
        let page = document(&report);
        let drawn = ["M", "x=\"", "y=\"", "d=\""];
        for (part, odd) in drawn.iter().flat_map(|part| ["NaN", "inf"].map(|odd| (part, odd))) {
            assert_eq!(count_of(&page, &format!("{part}{odd}")), 0);
        }
        assert!(page.contains("skipped steps"));
    }

    #[test]
    fn hostile_text_stays_text() {
        let mut report = full(200);
        report.name = HOSTILE.into();
        report.info.preset = HOSTILE.into();
        report.config = Some(json!({HOSTILE: HOSTILE}));
        let (page, plain) = (document(&report), document(&full(200)));
        for part in ["<script", "</script", "</style", "</title", "<!--", "-->", "\u{0}"] {
            assert_eq!(count_of(&page, part), count_of(&plain, part), "{part}");
        }
        assert_eq!(count_of(&plain, "<script"), 2);
        assert_eq!(count_of(&plain, "<!--"), 0);
    }

    #[test]
    fn the_page_reaches_for_nothing_outside() {
        let page = document(&full(200));
        for part in
            ["http:", "https:", "//", "url(", "@import", " src=", "<link", "<img", "style=\""]
        {
            assert_eq!(count_of(&page, part), 0, "{part}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn style_and_script_cannot_end_early() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }

    #[test]
    fn a_long_run_is_a_small_page() {
        let page = document(&full(100_000));
        assert!((50_000..1_000_000).contains(&page.len()), "{}", page.len());
    }
}
