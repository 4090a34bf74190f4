//! Which samples stand together: over the steps, or side by side.
//!
//! Training draws the same prompts with the same strategies again and again: those are timelines. At
//! its end it may draw several prompts with several strategies each: those are comparisons. A sample
//! of a strategy that takes part in both is shown in both; none is left out.

use std::collections::BTreeSet;

use super::kept::{Kept, Moment};
use crate::Sample;

/// A prompt over the steps.
pub(super) struct Timeline<'a> {
    pub(super) prompt: &'a str,
    /// A label for each column.
    pub(super) labels: Vec<&'a str>,
    /// Steps, each with the samples of each column.
    pub(super) rows: Vec<(u64, Vec<Vec<&'a Sample>>)>,
}

/// A prompt at the last step, continued by several strategies.
pub(super) struct Comparison<'a> {
    pub(super) prompt: &'a str,
    pub(super) samples: Vec<&'a Sample>,
}

/// A prompt and the label of a strategy.
type Key<'a> = (&'a str, &'a str);

/// The prompts of the last step that several strategies continue, each of them strategies that
/// continue several prompts.
pub(super) fn comparisons(kept: &Kept) -> Vec<Comparison<'_>> {
    let samples = kept.moments.last().map_or(&[][..], |last| &last.samples);
    let keys: BTreeSet<Key<'_>> = samples.iter().map(key).collect();
    let is_shared = |label| keys.iter().filter(|key| key.1 == label).count() > 1;
    let samples = samples.iter().filter(|sample| is_shared(sample.strategy.label.as_str()));
    let groups = grouped(samples, |sample| &sample.prompt).into_iter();
    let comparisons = groups.map(|(prompt, samples)| Comparison { prompt, samples });
    comparisons.filter(|comparison| labels(&comparison.samples).len() > 1).collect()
}

/// Every prompt with the strategies that are not in a comparison alone.
pub(super) fn timelines(kept: &Kept) -> Vec<Timeline<'_>> {
    let compared: BTreeSet<Key<'_>> = comparisons(kept)
        .iter()
        .flat_map(|comparison| &comparison.samples)
        .map(|s| key(s))
        .collect();
    let earlier = kept.moments.split_last().map_or(&[][..], |(_, earlier)| earlier);
    let repeated: BTreeSet<Key<'_>> = earlier.iter().flat_map(|m| &m.samples).map(key).collect();
    let is_shown =
        |sample: &&Sample| repeated.contains(&key(sample)) || !compared.contains(&key(sample));
    let samples = kept.moments.iter().flat_map(|moment| &moment.samples).filter(is_shown);
    let groups = grouped(samples, |sample| &sample.prompt).into_iter();
    groups.map(|(prompt, samples)| timeline(&kept.moments, prompt, labels(&samples))).collect()
}

fn timeline<'a>(moments: &'a [Moment], prompt: &'a str, labels: Vec<&'a str>) -> Timeline<'a> {
    let cell = |moment: &'a Moment, label| {
        moment.samples.iter().filter(|sample| key(sample) == (prompt, label)).collect()
    };
    let row = |moment: &'a Moment| {
        (moment.step, labels.iter().map(|label| cell(moment, label)).collect::<Vec<Vec<_>>>())
    };
    let has_any = |row: &(u64, Vec<Vec<_>>)| row.1.iter().any(|cell| !cell.is_empty());
    let rows = moments.iter().map(row).filter(has_any).collect();
    Timeline { prompt, labels, rows }
}

fn key(sample: &Sample) -> Key<'_> {
    (&sample.prompt, &sample.strategy.label)
}

/// The distinct labels, in the order in which they come.
fn labels<'a>(samples: &[&'a Sample]) -> Vec<&'a str> {
    let groups = grouped(samples.iter().copied(), |sample| &sample.strategy.label);
    groups.into_iter().map(|(label, _)| label).collect()
}

/// The samples by their name, names in the order in which they first come.
fn grouped<'a>(
    samples: impl Iterator<Item = &'a Sample>,
    name: impl Fn(&'a Sample) -> &'a str,
) -> Vec<(&'a str, Vec<&'a Sample>)> {
    let mut groups: Vec<(&str, Vec<&Sample>)> = Vec::new();
    for sample in samples {
        match groups.iter_mut().find(|group| group.0 == name(sample)) {
            Some((_, group)) => group.push(sample),
            None => groups.push((name(sample), vec![sample])),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Strategy;

    fn kept(samples: &[(u64, &str, &str)]) -> Kept {
        let mut kept = Kept::default();
        for (seed, &(step, prompt, label)) in (0..).zip(samples) {
            let strategy = Strategy { label: label.into(), ..Strategy::default() };
            let prompt = prompt.into();
            kept.push(Sample { step, prompt, strategy, seed, ..Sample::default() });
        }
        kept
    }

    fn compared(kept: &Kept) -> Vec<(&str, usize)> {
        comparisons(kept).iter().map(|group| (group.prompt, group.samples.len())).collect()
    }

    fn over_time(kept: &Kept) -> Vec<(&str, Vec<&str>, usize)> {
        let lines = timelines(kept).into_iter();
        lines.map(|line| (line.prompt, line.labels, line.rows.len())).collect()
    }

    #[test]
    fn a_timeline_and_a_comparison_are_told_apart() {
        let kept = kept(&[
            (1, "A", "greedy"),
            (1, "A", "sampled"),
            (2, "A", "greedy"),
            (2, "A", "sampled"),
            (2, "B", "greedy"),
            (2, "B", "hot"),
            (2, "C", "greedy"),
            (2, "C", "hot"),
        ]);
        assert_eq!(compared(&kept), [("B", 2), ("C", 2)]);
        assert_eq!(over_time(&kept), [("A", vec!["greedy", "sampled"], 2)]);
    }

    #[test]
    fn strategies_that_are_compared_at_every_step_are_shown_both_ways() {
        let step = |step| [(step, "A", "x"), (step, "A", "y"), (step, "B", "x"), (step, "B", "y")];
        let kept = kept(&[step(1), step(2)].concat());
        assert_eq!(compared(&kept), [("A", 2), ("B", 2)]);
        assert_eq!(over_time(&kept), [("A", vec!["x", "y"], 2), ("B", vec!["x", "y"], 2)]);
    }

    #[test]
    fn what_cannot_be_compared_is_in_a_timeline() {
        let kept = kept(&[(1, "B", "x"), (2, "A", "x"), (2, "A", "y"), (2, "A", "y")]);
        assert!(compared(&kept).is_empty());
        assert_eq!(over_time(&kept), [("B", vec!["x"], 1), ("A", vec!["x", "y"], 1)]);
        assert_eq!(timelines(&kept)[1].rows[0].1[1].len(), 2);
    }

    #[test]
    fn no_samples_are_no_groups() {
        assert!(compared(&Kept::default()).is_empty());
        assert!(over_time(&Kept::default()).is_empty());
    }
}
