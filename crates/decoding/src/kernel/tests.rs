//! Every pass on every instruction set against a plain loop.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::uniform;

/// Lengths around whole vectors, words and blocks; few of them under Miri.
fn lens() -> Vec<usize> {
    if cfg!(miri) {
        return vec![15, 257];
    }
    let edges = [0usize, 16, 64, 256, 512, 16_384];
    let mut lens: Vec<usize> =
        edges.iter().flat_map(|&edge| [edge.saturating_sub(1), edge, edge + 1]).collect();
    lens.dedup();
    lens
}

/// Scores between -8 and 0, a quarter of them ties, some masked.
fn row(len: usize) -> Vec<f32> {
    let score = |i: usize| match uniform(1, len as u64, i as u64) {
        u if u < 0.1 => f32::NEG_INFINITY,
        u if u < 0.3 => -1.5,
        u => -8.0 * (1.0 - u) as f32,
    };
    (0..len).map(score).collect()
}

fn maxima(isa: Isa, row: &[f32]) -> Maxima {
    let mut maxima = Maxima::default();
    isa.run(Survey { row, maxima: &mut maxima });
    maxima
}

fn each(f: impl Fn(Isa, &[f32])) {
    for len in lens() {
        let row = row(len);
        Isa::available().into_iter().for_each(|isa| f(isa, &row));
    }
}

fn near(ours: f64, theirs: f64, share: f64) -> bool {
    (ours - theirs).abs() <= share * theirs.abs()
}

#[test]
fn a_survey_finds_the_maxima_of_lanes_and_row() {
    each(|isa, row| {
        let mut maxima = Maxima::default();
        let found = isa.run(Survey { row, maxima: &mut maxima });
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        assert_eq!((found.max, found.suspect), (max, false), "{} on {}", row.len(), isa.name());
        assert_eq!(isa.run(MaxPass(row)), max);
        let greatest = |start: usize, end: usize, step: usize| {
            let scores = row.iter().take(end).skip(start).step_by(step);
            scores.copied().fold(f32::NEG_INFINITY, f32::max)
        };
        for (b, lanes) in maxima.blocks.iter().enumerate() {
            for (lane, &max) in lanes.iter().enumerate() {
                let start = b * BLOCK;
                assert_eq!(max, greatest(start + lane, start + BLOCK, LANES), "{b} {lane}");
            }
        }
        let grouped = if maxima.blocks.len() < GROUPS { 0 } else { GROUPS };
        for (g, lanes) in maxima.groups[..grouped].iter().enumerate() {
            for (lane, &max) in lanes.iter().enumerate() {
                let blocks = maxima.blocks.iter().skip(g).step_by(GROUPS).map(|lanes| lanes[lane]);
                assert_eq!(max, blocks.fold(f32::NEG_INFINITY, f32::max), "{g} {lane}");
            }
        }
    });
}

#[test]
fn a_survey_suspects_a_nan_wherever_it_stands() {
    each(|isa, row| {
        let step = if cfg!(miri) { 97 } else { 1 + row.len() / 300 };
        for place in (0..row.len()).step_by(step).chain(row.len().checked_sub(1)) {
            for background in [None, Some(f32::MAX), Some(f32::NEG_INFINITY)] {
                let mut row = background.map_or(row.to_vec(), |x| vec![x; row.len()]);
                row[place] = f32::NAN;
                let found = isa.run(Survey { row: &row, maxima: &mut Maxima::default() });
                assert!(found.suspect, "{place} of {} on {}", row.len(), isa.name());
            }
        }
    });
}

#[test]
fn scores_are_collected_first_found_and_counted() {
    each(|isa, row| {
        let maxima = &maxima(isa, row);
        for lowest in [f32::MIN, -4.0, -1.5, (-1.5f32).next_up(), -0.01, 0.5] {
            let expected: Vec<u32> =
                (0..row.len() as u32).filter(|&id| row[id as usize] >= lowest).collect();
            let mut out = vec![7];
            isa.run(Collect { row, maxima, lowest, out: &mut out });
            assert_eq!(out.split_off(1), expected, "{lowest} on {}", isa.name());
            let first = isa.run(First { row, maxima: &maxima.blocks, score: lowest });
            assert_eq!(first, expected.first().map(|&id| id as usize));
            let lane = |&id: &u32| (id as usize / BLOCK, id as usize % LANES);
            let lanes: std::collections::BTreeSet<_> = expected.iter().map(lane).collect();
            assert_eq!(isa.run(Reaching { maxima: &maxima.blocks, lowest }), lanes.len());
        }
    });
}

#[test]
fn the_bound_of_the_kth_score_is_below_it_and_not_far() {
    each(|isa, row| {
        let maxima = maxima(isa, row);
        let mut sorted: Vec<f32> = row.iter().copied().filter(|x| x.is_finite()).collect();
        sorted.sort_by(|a, b| b.total_cmp(a));
        for k in [1, 2, 15, 16, 17, 50, 300, row.len()]
            .into_iter()
            .filter(|k| (1..=row.len()).contains(k))
        {
            let bound = lower_bound(isa, row, &maxima, k, &mut Vec::new());
            let kth = sorted.get(k - 1).copied().unwrap_or(f32::NEG_INFINITY);
            assert!(bound <= kth, "{bound} above {kth}, {k} of {} on {}", row.len(), isa.name());
            if 64 * k < row.len() {
                let reaching = sorted.iter().filter(|x| **x >= bound).count();
                let ties = sorted.iter().filter(|x| **x == kth).count();
                assert!(reaching <= 3 * k + ties, "{reaching} for {k} of {}", row.len());
            }
        }
    });
}

#[test]
fn ordered_integers_order_as_the_scores_do() {
    let scores = [f32::MIN, -1.0, -1e-40, 0.0, 1e-40, 1.0, f32::MAX, f32::INFINITY];
    assert!(scores.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    assert!(scores.iter().all(|&x| unordered(ordered(x)) == x));
    assert_eq!(ordered(-0.0), ordered(0.0));
}

/// Pieces of a row: whole, cut at awkward places, with a gap, with a ceiling, empty.
fn pieces(len: usize) -> Vec<Vec<Piece>> {
    let piece = |from: usize, to: usize, lowest, highest| Piece {
        ids: from.min(len)..to.min(len),
        lowest,
        highest,
    };
    vec![
        vec![piece(0, len, f32::MIN, f32::MAX)],
        vec![piece(0, len, -1.5, -0.5)],
        vec![
            piece(0, 3, -4.0, f32::MAX),
            piece(3, 255, -1.5, -1.5),
            piece(255, len, -1.5f32.next_up(), -0.1),
        ],
        vec![
            piece(5, 7, f32::MIN, f32::MAX),
            piece(20, 300, -3.0, f32::MAX),
            piece(301, 513, -2.0, -1.0),
        ],
        vec![piece(256, 512, f32::MIN, -2.0)],
        vec![piece(0, len, f32::INFINITY, f32::MAX)],
        vec![piece(0, len, -1.0, -2.0)],
    ]
}

fn inside(pieces: &[Piece], id: usize, x: f32) -> bool {
    let inside = |p: &Piece| p.ids.contains(&id) && (p.lowest..=p.highest).contains(&x);
    pieces.iter().any(inside)
}

const TILTS: [Tilt; 3] = [
    Tilt { reference: 0.0, scale: std::f32::consts::LOG2_E },
    Tilt { reference: -0.25, scale: 0.3 },
    Tilt { reference: 0.0, scale: 9.0 },
];

fn pieces_and_tilts(len: usize) -> impl Iterator<Item = (Vec<Piece>, Tilt)> {
    let tilts = if cfg!(miri) { &TILTS[..1] } else { &TILTS };
    pieces(len).into_iter().flat_map(|pieces| tilts.iter().map(move |&tilt| (pieces.clone(), tilt)))
}

/// The mass of a candidate and its logarithm to base 2.
fn mass(tilt: Tilt, x: f32) -> (f64, f64) {
    let t = (f64::from(x) - f64::from(tilt.reference)) * f64::from(tilt.scale);
    (t.exp2(), t)
}

#[test]
fn masses_are_summed_over_pieces() {
    each(|isa, row| {
        let maxima = &*maxima(isa, row).blocks;
        for (pieces, tilt) in pieces_and_tilts(row.len()) {
            let pieces = &pieces;
            let mut sums = vec![-1.0; maxima.len()];
            let (total, moment) =
                isa.run(Masses::<true> { row, maxima, pieces, tilt, sums: &mut sums });
            let mut plain = vec![-1.0; maxima.len()];
            let without = isa.run(Masses::<false> { row, maxima, pieces, tilt, sums: &mut plain });
            assert_eq!((total, 0.0, &sums), (without.0, without.1, &plain), "on {}", isa.name());
            let (mut theirs, mut their_moment) = (vec![0.0; maxima.len()], 0.0);
            for (id, &x) in row.iter().enumerate().filter(|(id, x)| inside(pieces, *id, **x)) {
                let (mass, t) = mass(tilt, x);
                theirs[id / BLOCK] += mass;
                their_moment += mass * t;
            }
            assert!(near(total, theirs.iter().sum(), 1e-5), "{pieces:?} on {}", isa.name());
            assert!(near(moment, their_moment, 1e-5), "{moment} {their_moment} on {}", isa.name());
            check_sums(&sums, &theirs, pieces);
        }
    });
}

/// What the draws' doubt (10⁻⁵) leaves room for, on rows as wide and flat or steep as they come.
#[test]
fn masses_and_moments_of_whole_rows_are_right_to_a_ten_millionth() {
    let len = if cfg!(miri) { 300 } else { 100_000 };
    for (isa, width) in
        Isa::available().into_iter().flat_map(|isa| [1e-3, 5.0, 30.0].map(|w| (isa, w)))
    {
        let row: Vec<f32> = (0..len).map(|i| -(width * uniform(2, 0, i)) as f32).collect();
        let mut sums = vec![0.0; row.len().div_ceil(BLOCK)];
        let pieces = &[Piece { ids: 0..row.len(), lowest: f32::MIN, highest: f32::MAX }];
        let (maxima, tilt) = (&*maxima(isa, &row).blocks, TILTS[0]);
        let (total, moment) =
            isa.run(Masses::<true> { row: &row, maxima, pieces, tilt, sums: &mut sums });
        let masses =
            || row.iter().map(|&x| f64::from(x) * std::f64::consts::LOG2_E).map(|t| (t.exp2(), t));
        let theirs = masses().map(|(mass, _)| mass).sum();
        let their_moment = masses().map(|(mass, t)| mass * t).sum();
        let errors = (total / theirs - 1.0, moment / their_moment - 1.0);
        assert!(near(total, theirs, 1e-7), "{errors:?} for {width} on {}", isa.name());
        assert!(near(moment, their_moment, 1e-7), "{errors:?} for {width} on {}", isa.name());
    }
}

/// Blocks that no piece reaches are left as they were.
fn check_sums(ours: &[f32], theirs: &[f64], pieces: &[Piece]) {
    let (first, last) = (pieces.first().unwrap(), pieces.last().unwrap());
    let reached = first.ids.start / BLOCK..last.ids.end.div_ceil(BLOCK);
    for (b, (&ours, &theirs)) in ours.iter().zip(theirs).enumerate() {
        let expected = if reached.contains(&b) { theirs } else { -1.0 };
        assert!(near(f64::from(ours), expected, 1e-5), "block {b}: {ours} {expected}");
    }
}

#[test]
fn exact_sums_are_those_of_plain_loops() {
    each(|isa, row| {
        for (pieces, tilt) in pieces_and_tilts(row.len()) {
            let inverse_temperature = f64::from(tilt.scale) / std::f64::consts::LOG2_E;
            let (max, pieces) = (tilt.reference, &pieces);
            let (mass, moment) = isa.run(ExactSums { row, pieces, max, inverse_temperature });
            let candidates = row.iter().enumerate().filter(|(id, x)| inside(pieces, *id, **x));
            let (mut their_mass, mut their_moment) = (0.0, 0.0);
            for (_, &x) in candidates {
                let relative = (f64::from(x) - f64::from(max)) * inverse_temperature;
                their_mass += relative.exp();
                their_moment += if relative.exp() > 0.0 { relative.exp() * relative } else { 0.0 };
            }
            assert!(near(mass, their_mass, 1e-13), "{mass} {their_mass} on {}", isa.name());
            assert!(near(moment, their_moment, 1e-12), "{moment} {their_moment} {}", isa.name());
        }
    });
}

#[test]
fn the_masses_of_a_block_are_those_of_its_candidates() {
    each(|isa, row| {
        for (pieces, tilt) in pieces_and_tilts(row.len()) {
            for (block, scores) in row.chunks(BLOCK).enumerate() {
                let mut out = [-1.0; BLOCK];
                isa.run(BlockMasses { row, block, pieces: &pieces, tilt, out: &mut out });
                for (i, &ours) in out.iter().enumerate() {
                    let candidate = |x: &&f32| inside(&pieces, block * BLOCK + i, **x);
                    let theirs = scores.get(i).filter(candidate).map_or(0.0, |&x| mass(tilt, x).0);
                    assert!(near(f64::from(ours), theirs, 1e-5), "{i} of {block}: {ours} {theirs}");
                }
            }
        }
    });
}

#[test]
fn moments_count_and_spread() {
    each(|isa, row| {
        for pieces in pieces(row.len()) {
            let spread = isa.run(Moments { row, pieces: &pieces, centre: -0.125 });
            let scores = row.iter().enumerate().filter(|(id, x)| inside(&pieces, *id, **x));
            let scores: Vec<f64> = scores.map(|(_, &x)| f64::from(x)).collect();
            assert_eq!(spread.count(), scores.len(), "{pieces:?} of {}", row.len());
            if !scores.is_empty() {
                let mean = scores.iter().sum::<f64>() / scores.len() as f64;
                let squares = scores.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
                let theirs = (squares / scores.len() as f64).sqrt();
                assert!((spread.deviation() - theirs).abs() < 1e-7, "{theirs} on {}", isa.name());
            }
        }
    });
}

#[test]
fn lists_are_weighed_in_f64_and_rows_summed() {
    each(|isa, row| {
        let ids: Vec<u32> = (0..row.len() as u32).rev().filter(|id| id % 3 != 1).collect();
        let mut out = vec![];
        isa.run(Weigh { row, ids: &ids, max: 0.5, inverse_temperature: 1.7, out: &mut out });
        for (&id, &ours) in ids.iter().zip(&out) {
            let theirs = ((f64::from(row[id as usize]) - 0.5) * 1.7).exp();
            assert!(near(ours, theirs, 1e-14), "{ours} {theirs} on {}", isa.name());
        }
        let mut in_f32 = row.to_vec();
        isa.run(ExpInF32(&mut in_f32));
        for (&x, ours) in row.iter().zip(in_f32) {
            assert_eq!(ours, f64::from(x).exp() as f32, "{x} on {}", isa.name());
        }
        let theirs: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        let ours = isa.run(ExpSum { row, max: 0.0 });
        assert!(near(ours, theirs, 1e-6) || theirs == 0.0 && ours < 1e-30, "{ours} {theirs}");
    });
}

/// 2ˣ of sixteen lanes.
struct Exp2([f32; LANES]);

impl Kernel for Exp2 {
    type Output = [f32; LANES];

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        s.store(s.exp2(s.load(&self.0)), &mut out);
        out
    }
}

/// The greatest relative error of 2ˣ over [-125, 0], and where it is.
fn worst_exp2(isa: Isa) -> (f64, f32) {
    let step = if cfg!(miri) { 0.37 } else { 1.9e-5 };
    let count = (125.0 / step) as usize / LANES * LANES;
    let mut worst = (0.0, 0.0);
    for start in (0..count).step_by(LANES) {
        let x: [f32; LANES] = std::array::from_fn(|i| -((start + i) as f32 * step));
        for (x, y) in x.into_iter().zip(isa.run(Exp2(x))) {
            let theirs = f64::from(x).exp2();
            let error = (f64::from(y) - theirs).abs() / theirs;
            worst = if error > worst.0 { (error, x) } else { worst };
        }
    }
    worst
}

/// Measured: 1.00e-7 without fused operations, 7.97e-8 with them.
#[test]
fn exp2_is_right_to_about_an_ulp() {
    for isa in Isa::available() {
        let (worst, x) = worst_exp2(isa);
        assert!(worst < 1.1e-7, "{worst:e} at {x} on {}", isa.name());
    }
}

#[test]
fn exp2_ends_well() {
    for isa in Isa::available() {
        for x in [-126.0, -140.0, -1e4, -1e30, f32::MIN, f32::NEG_INFINITY] {
            let y = isa.run(Exp2([x; LANES]))[0];
            assert!((0.0..=1.2e-38).contains(&y), "{y:e} at {x} on {}", isa.name());
        }
        assert_eq!(isa.run(Exp2([0.0; LANES])), [1.0; LANES]);
        assert_eq!(isa.run(Exp2([-0.0; LANES])), [1.0; LANES]);
        assert_eq!(isa.run(Exp2([-3.0; LANES])), [0.125; LANES]);
    }
}
