//! The samples of a run, thinned to as many steps as a page can hold.

use crate::Sample;

/// Steps at most.
const MOST_STEPS: usize = 60;
/// Samples of one step at most.
const MOST_AT_A_STEP: usize = 100;

/// The samples so far: every n-th step that has any, and the newest.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) moments: Vec<Moment>,
    /// Steps that have samples, and samples of a step that there was no room for.
    pub(super) steps: usize,
    pub(super) left_out: usize,
    stride: usize,
}

/// The samples of one step.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) step: u64,
    pub(super) samples: Vec<Sample>,
    /// Its place among all steps that have samples.
    place: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self { moments: Vec::new(), steps: 0, left_out: 0, stride: 1 }
    }
}

impl Kept {
    /// A sample that is there already, drawn twice in the same way, counts once.
    pub(super) fn push(&mut self, sample: Sample) {
        if self.moments.last().is_none_or(|last| last.step != sample.step) {
            self.begin(sample.step);
        }
        match self.moments.last_mut() {
            Some(last) if last.samples.contains(&sample) => {}
            Some(last) if last.samples.len() < MOST_AT_A_STEP => last.samples.push(sample),
            _ => self.left_out += 1,
        }
    }

    fn begin(&mut self, step: u64) {
        // The one before was the newest, which needs no place of its own.
        self.thin();
        if self.moments.len() == MOST_STEPS {
            self.stride *= 2;
            self.thin();
        }
        self.moments.push(Moment { step, samples: Vec::new(), place: self.steps });
        self.steps += 1;
    }

    fn thin(&mut self) {
        self.moments.retain(|moment| moment.place.is_multiple_of(self.stride));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(steps: u64, each: u64) -> Kept {
        let mut kept = Kept::default();
        for step in 1..=steps {
            let sample = |seed| Sample { step, seed, ..Sample::default() };
            (0..each).for_each(|seed| kept.push(sample(seed)));
        }
        kept
    }

    fn steps(kept: &Kept) -> Vec<u64> {
        kept.moments.iter().map(|moment| moment.step).collect()
    }

    #[test]
    fn few_steps_are_all_kept() {
        assert!(steps(&kept(60, 2)).into_iter().eq(1..=60));
        assert!(kept(60, 2).moments.iter().all(|moment| moment.samples.len() == 2));
    }

    #[test]
    fn of_many_the_first_and_the_newest_stay_and_the_rest_is_even() {
        for count in [61, 100, 1_000, 4_321] {
            let (kept, steps) = (kept(count, 1), steps(&kept(count, 1)));
            assert!((20..=MOST_STEPS).contains(&steps.len()), "{steps:?}");
            assert_eq!((steps.first(), steps.last()), (Some(&1), Some(&count)));
            let gaps: Vec<u64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps[..gaps.len() - 1].iter().all(|gap| *gap == gaps[0]), "{gaps:?}");
            assert_eq!(kept.steps as u64, count);
        }
    }

    #[test]
    fn a_step_has_room_for_so_many() {
        let kept = kept(1, 250);
        assert_eq!((kept.moments[0].samples.len(), kept.left_out), (100, 150));
    }

    #[test]
    fn the_same_sample_counts_once() {
        let mut kept = kept(1, 2);
        kept.push(Sample { step: 1, seed: 1, ..Sample::default() });
        assert_eq!((kept.moments[0].samples.len(), kept.left_out), (2, 0));
    }
}
