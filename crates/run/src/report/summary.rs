//! The run in a few figures.

use super::{
    Report,
    figures::{duration, significant},
};
use crate::{axis::count, markup::escape};

/// The figures that there are, as a list of terms.
pub(super) fn summary(report: &Report) -> String {
    let figures = [held_out(report), perplexity(report), best(report)].into_iter().flatten();
    let figures = figures.chain(training(report)).map(|(name, value)| entry(name, &value));
    format!("<dl class=\"summary\">{}</dl>\n", figures.collect::<String>())
}

type Figure = (&'static str, String);

fn held_out(report: &Report) -> Option<Figure> {
    let eval = report.curves.last_eval.as_ref()?;
    Some(("held-out loss, nats", significant(eval.val_loss)))
}

fn perplexity(report: &Report) -> Option<Figure> {
    let eval = report.curves.last_eval.as_ref()?;
    Some(("held-out perplexity", significant(eval.val_loss.exp())))
}

/// Only where it is not the last one.
fn best(report: &Report) -> Option<Figure> {
    let (best, last) = (report.curves.best_eval.as_ref()?, report.curves.last_eval.as_ref()?);
    let is_other = best.step != last.step && best.val_loss.is_finite();
    is_other.then(|| {
        let (loss, step) = (significant(best.val_loss), count(best.step));
        ("best held-out loss", format!("{loss} at step {step}"))
    })
}

fn training(report: &Report) -> Vec<Figure> {
    let (last, skips) = (&report.curves.last, report.curves.skips);
    if report.curves.loss.is_empty() {
        return Vec::new();
    }
    let mut figures = vec![
        ("steps", steps(report)),
        ("training time", duration(last.train_seconds)),
        ("target tokens", count(last.tokens)),
        ("tokens per second", significant((last.tokens as f64 / last.train_seconds).round())),
    ];
    figures.extend((skips > 0).then(|| ("skipped steps", count(skips))));
    figures
}

/// With the number that was asked for, where it has not come to that.
fn steps(report: &Report) -> String {
    let done = report.curves.last.step;
    let planned = report.info.settings.get("steps").and_then(|steps| steps.as_u64());
    match planned {
        Some(planned) if planned > done => format!("{} of {}", count(done), count(planned)),
        _ => count(done),
    }
}

fn entry(name: &str, value: &str) -> String {
    format!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Eval, Metric};

    fn report() -> Report {
        let mut report = Report::default();
        report.info.settings.insert("steps".into(), 4_000.into());
        let (tokens, train_seconds) = (1_234_567, 100.0);
        report.curves.push(Metric { step: 3_000, tokens, train_seconds, ..Metric::default() });
        for (step, val_loss) in [(2_000, 2.0), (3_000, 3.0)] {
            report.curves.push_eval(Eval { step, val_loss, ..Eval::default() });
        }
        report
    }

    #[test]
    fn it_tells_where_the_run_stands() {
        let summary = summary(&report());
        let values = [
            "3.000",
            "20.09",
            "2.000 at step 2,000",
            "3,000 of 4,000",
            "1 min 40 s",
            "1,234,567",
            "12,346",
        ];
        for value in values {
            assert!(summary.contains(&format!("<dd>{value}</dd>")), "{value} in {summary}");
        }
    }

    #[test]
    fn a_run_without_rows_has_no_figures() {
        assert_eq!(summary(&Report::default()), "<dl class=\"summary\"></dl>\n");
    }

    #[test]
    fn numbers_that_are_not_finite_are_words() {
        let mut report = report();
        report.curves.push_eval(Eval { step: 4_000, val_loss: f64::NAN, ..Eval::default() });
        report.curves.push(Metric { step: 4_000, train_seconds: f64::NAN, ..Metric::default() });
        let summary = summary(&report);
        assert!(summary.contains("not finite") && summary.contains("unknown"), "{summary}");
    }
}
