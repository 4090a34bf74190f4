//! Numbers as people read them.

use crate::axis::grouped;

/// A number in four significant digits; words for one that is not finite.
pub(super) fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "not finite".to_owned();
    }
    let power = value.abs().max(f64::MIN_POSITIVE).log10().floor();
    if value != 0.0 && !(-5.0..9.0).contains(&power) {
        return format!("{value:.2e}").replace('-', "−");
    }
    let decimals = (3.0 - power).clamp(0.0, 8.0) as usize;
    let text = format!("{value:.decimals$}");
    // A small number is often a round setting: 0.001 rather than 0.001000.
    grouped(if value.abs() < 0.1 { trimmed(&text) } else { &text })
}

/// A time such as `2 min 35 s`, from seconds.
pub(super) fn duration(seconds: f64) -> String {
    if !(0.0..1e12).contains(&seconds) {
        return "unknown".to_owned();
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", grouped(&(whole / 3_600).to_string()), whole / 60 % 60),
    }
}

fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let cases = [
            (0.0, "0"),
            (3.543_308, "3.543"),
            (0.001, "0.001"),
            (12_345.6, "12,346"),
            (2.0, "2.000"),
            (-250.0, "−250.0"),
            (3e-9, "3.00e−9"),
            (1e300, "1.00e300"),
            (5e-324, "4.94e−324"),
            (f64::NAN, "not finite"),
            (f64::NEG_INFINITY, "not finite"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
    }

    #[test]
    fn times_have_two_units() {
        let texts = [0.0, 35.24, 59.99, 155.4, 7_261.0, 3.6e7, f64::NAN, -1.0].map(duration);
        let expected =
            ["0.0 s", "35.2 s", "1 min 0 s", "2 min 35 s", "2 h 1 min", "10,000 h 0 min"];
        assert_eq!(texts[..6], expected);
        assert_eq!(texts[6..], ["unknown", "unknown"]);
    }
}
