//! Rows of every shape that a filter could stumble over.

use crate::Random;

pub(crate) const CUT: f32 = f32::NEG_INFINITY;

type Shape = fn(&mut Random, usize) -> Vec<f32>;

/// By name; none is all masked.
pub(crate) const SHAPES: [(&str, Shape); 17] = [
    ("gauss", |random, len| fill(len, |_| 3.0 * random.gauss())),
    ("zipf", |random, len| {
        let mut row = fill(len, |i| -1.1 * (i as f32 + 1.0).ln());
        shuffle(random, &mut row);
        row
    }),
    ("flat", |random, len| fill(len, |_| 1e-3 * random.uniform() as f32)),
    ("ascending", |random, len| {
        let mut row = fill(len, |_| 3.0 * random.gauss());
        row.sort_by(f32::total_cmp);
        row
    }),
    ("descending", |random, len| {
        let mut row = fill(len, |_| 3.0 * random.gauss());
        row.sort_by(|a, b| b.total_cmp(a));
        row
    }),
    ("masked", |random, len| {
        let mut row = fill(len, |i| if i % 3 == 1 { 3.0 * random.gauss() } else { CUT });
        row[len - 1] = 0.5;
        row
    }),
    ("one left", |random, len| {
        let mut row = vec![CUT; len];
        row[random.below(len)] = -7.5;
        row
    }),
    ("quantised", |random, len| fill(len, |_| (12.0 * random.gauss()).round() / 4.0)),
    ("three values", |random, len| fill(len, |_| random.of(&[0.0, -1.0, -2.5]))),
    ("two ulps", |random, len| {
        fill(len, |_| random.of(&[1.0, 1.0f32.next_up(), 1.0f32.next_up().next_up()]))
    }),
    ("equal", |_, len| vec![1.5; len]),
    ("zeros", |random, len| fill(len, |_| random.of(&[0.0, -0.0]))),
    ("zeros among others", |random, len| {
        fill(len, |_| random.of(&[0.0, -0.0, 0.5, -0.5, CUT, 0.0]).max(-1e9))
    }),
    ("peaked", |random, len| {
        let mut row = fill(len, |_| random.gauss());
        row[random.below(len)] = 40.0;
        row
    }),
    ("huge", |random, len| {
        fill(len, |_| {
            let gauss = random.gauss();
            random.of(&[1e30, -1e30, f32::MAX, f32::MIN, gauss, 1e30 * gauss])
        })
    }),
    ("a huge one", |random, len| {
        let mut row = fill(len, |_| random.gauss());
        row[random.below(len)] = 1e30;
        row
    }),
    ("denormal", |random, len| fill(len, |_| 1e-40 * random.gauss())),
];

fn fill(len: usize, score: impl FnMut(usize) -> f32) -> Vec<f32> {
    (0..len).map(score).collect()
}

fn shuffle(random: &mut Random, row: &mut [f32]) {
    for i in (1..row.len()).rev() {
        row.swap(i, random.below(i + 1));
    }
}
