//! An axis: from values to places, with round ticks.

/// A linear map from values to places in the drawing.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    values: (f64, f64),
    places: (f64, f64),
    /// Distance of the ticks: 1, 2 or 5 times a power of ten.
    tick_step: f64,
}

impl Axis {
    /// An axis of steps: whole ticks, and from 0 if the run begins near it.
    pub(crate) fn of_steps(steps: impl Iterator<Item = u64>, places: (f64, f64)) -> Self {
        let (first, last) = range(steps.map(|step| step as f64)).unwrap_or((0.0, 1.0));
        let first = if first <= 0.1 * last { 0.0 } else { first };
        let (first, last) = if first < last { (first, last) } else { (first - 1.0, last + 1.0) };
        let margin = 0.015 * (last - first);
        let step = tick_step(last - first, 10.0).max(1.0);
        Self { values: (first - margin, last + margin), places, tick_step: step }
    }

    /// An axis of losses, or of another quantity: with a margin on both sides, but none below 0 that no value needs.
    pub(crate) fn of_values(losses: impl Iterator<Item = f64>, places: (f64, f64)) -> Self {
        let (low, high) = range(losses).unwrap_or((0.0, 1.0));
        let largest = low.abs().max(high.abs());
        // Closer than this, f64 cannot tell the ticks apart.
        let is_flat = high - low <= (1e-9 * largest).max(1e-290);
        let around = if largest > 1e-290 { largest } else { 1.0 };
        let spread = if is_flat { 0.1 * around } else { 0.05 * (high - low) };
        let bottom = if low >= 0.0 { (low - spread).max(0.0) } else { low - spread };
        let values = (bottom, high + spread);
        Self { values, places, tick_step: tick_step(values.1 - values.0, 6.0) }
    }

    /// The values at the axis's ends.
    pub(crate) fn ends(&self) -> (f64, f64) {
        self.values
    }

    /// Where `value` lies in the drawing.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let share = (value - self.values.0) / (self.values.1 - self.values.0);
        self.places.0 + share * (self.places.1 - self.places.0)
    }

    /// The round values on the axis, each with its label.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = (f64, String)> + '_ {
        // A sliver of slack, for a tick that rounding puts just outside.
        let first = (self.values.0 / self.tick_step - 1e-9).ceil() as i64;
        let last = (self.values.1 / self.tick_step + 1e-9).floor() as i64;
        (first..=last).map(|i| {
            let value = i as f64 * self.tick_step;
            (value, self.label(value))
        })
    }

    fn label(&self, value: f64) -> String {
        let largest = self.values.0.abs().max(self.values.1.abs());
        if largest >= 1e9 || self.tick_step < 1e-6 {
            return short_power(value).replace('-', "−");
        }
        let decimals = (-self.tick_step.log10().floor()).max(0.0) as usize;
        grouped(&format!("{value:.decimals$}"))
    }
}

/// A number with its power of ten, without the digits that rounding left behind.
fn short_power(value: f64) -> String {
    let rounded = format!("{value:.6e}");
    rounded.parse().map_or(rounded, |rounded: f64| format!("{rounded:e}"))
}

/// Whether a value has a place on an axis; past 1e100, sums and spans would overflow.
pub(crate) fn is_drawable(value: f64) -> bool {
    value.abs() < 1e100
}

/// A count with commas between its thousands.
pub(crate) fn count(number: u64) -> String {
    grouped(&number.to_string())
}

/// Commas between the thousands, and a true minus sign.
pub(crate) fn grouped(number: &str) -> String {
    let (whole, decimals) = number.split_at(number.find('.').unwrap_or(number.len()));
    let digits = whole.trim_start_matches('-');
    let sign = if digits.len() < whole.len() { "−" } else { "" };
    let comma = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    let with_commas: String = digits
        .chars()
        .enumerate()
        .flat_map(|(place, digit)| comma(place).then_some(',').into_iter().chain([digit]))
        .collect();
    format!("{sign}{with_commas}{decimals}")
}

/// The least and the greatest; `None` for no values.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The least 1, 2 or 5 times a power of ten that cuts `span` into at most `count` parts.
fn tick_step(span: f64, count: f64) -> f64 {
    let least = span / count;
    let power = 10f64.powf(least.log10().floor());
    let multiple = [1.0, 2.0, 5.0].into_iter().find(|multiple| multiple * power >= least);
    multiple.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        axis.ticks().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    fn steps(steps: &[u64]) -> String {
        labels(&Axis::of_steps(steps.iter().copied(), (0.0, 100.0)))
    }

    fn losses(losses: &[f64]) -> String {
        labels(&Axis::of_values(losses.iter().copied(), (100.0, 0.0)))
    }

    #[test]
    fn steps_have_whole_ticks() {
        assert_eq!(steps(&[]), "0 1");
        assert_eq!(steps(&[1]), "0 1 2");
        assert_eq!(steps(&[1, 3]), "1 2 3");
        assert_eq!(steps(&[1, 50]), "0 5 10 15 20 25 30 35 40 45 50");
        assert_eq!(steps(&[1, 2_000]), "0 200 400 600 800 1,000 1,200 1,400 1,600 1,800 2,000");
        assert_eq!(steps(&[900, 1_000]), "900 910 920 930 940 950 960 970 980 990 1,000");
        assert_eq!(steps(&[1, 4_000_000_000]).split(' ').count(), 9);
    }

    #[test]
    fn losses_have_round_ticks() {
        assert_eq!(losses(&[]), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(losses(&[3.4, 7.6]), "4 5 6 7");
        assert_eq!(losses(&[2.0, 2.0]), "1.8 1.9 2.0 2.1 2.2");
        assert_eq!(losses(&[0.001, 0.001]), "0.00090 0.00095 0.00100 0.00105 0.00110");
        assert_eq!(losses(&[0.0, 0.0]), "0.00 0.02 0.04 0.06 0.08 0.10");
        assert_eq!(losses(&[-1.0, 1.0]), "−1.0 −0.5 0.0 0.5 1.0");
        assert_eq!(losses(&[0.0, 20_000.0]), "0 5,000 10,000 15,000 20,000");
        assert_eq!(losses(&[0.0, 1e-6]), "0e0 2e−7 4e−7 6e−7 8e−7 1e−6");
        assert_eq!(losses(&[0.0, 5e20]), "0e0 1e20 2e20 3e20 4e20 5e20");
    }

    #[test]
    fn no_data_is_too_odd_for_an_axis() {
        for odd in [
            [1e99, -1e99],
            [1e-280, 0.0],
            [1e-300, 0.0],
            [5e-324, 0.0],
            [2.0, 2.0 + 1e-15],
            [7e15, 7e15 + 1.0],
        ] {
            let axis = Axis::of_values(odd.into_iter(), (100.0, 0.0));
            assert!((2..=12).contains(&axis.ticks().count()), "{odd:?}");
            assert!(odd.iter().all(|&loss| (0.0..=100.0).contains(&axis.place(loss))), "{odd:?}");
        }
        let axis = Axis::of_steps([u64::MAX, 0].into_iter(), (0.0, 100.0));
        assert!((2..=12).contains(&axis.ticks().count()));
    }

    #[test]
    fn values_have_their_places() {
        let axis = Axis::of_values([1.0, 2.0].into_iter(), (110.0, 0.0));
        assert!((axis.place(1.0) - 105.0).abs() < 1e-9);
        assert!((axis.place(2.0) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn thousands_are_grouped() {
        let numbers = [0, 999, 1_000, 12_345, 1_234_567].map(count);
        assert_eq!(numbers, ["0", "999", "1,000", "12,345", "1,234,567"]);
        assert_eq!(grouped("-1234.50"), "−1,234.50");
    }
}
