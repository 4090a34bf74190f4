//! The steps against libtorch's own operations.
#![allow(clippy::unwrap_used)]

use super::*;

const KINDS: [(Kind, f64); 2] = [(Kind::Float, 1e-5), (Kind::BFloat16, 1e-5)];

/// In [−√2, √2], in no rhythm; `pace` makes them others.
fn numbers(shape: &[i64], pace: f64) -> Tensor {
    let many = shape.iter().product::<i64>();
    let phases = Tensor::arange(many, (Kind::Double, Device::Cpu)).square() * pace + 1.0;
    (phases.sin().view(shape) * 2f64.sqrt()).to_kind(Kind::Float)
}

fn slice(tensor: &Tensor) -> Vec<f32> {
    tensor.to_kind(Kind::Float).flatten(0, -1).try_into().unwrap()
}

fn assert_close(ours: &[f32], theirs: &Tensor, tolerance: f64) {
    let theirs = slice(theirs);
    let largest = theirs.iter().fold(0f32, |most, x| most.max(x.abs()));
    let epsilon = tolerance as f32 * largest.max(1.0);
    approx::assert_abs_diff_eq!(ours, theirs.as_slice(), epsilon = epsilon);
}

#[test]
fn a_layer_is_libtorchs_in_any_shape() {
    for (kind, tolerance) in KINDS {
        for (n, inputs, outputs) in
            [(1, 7, 5), (1, 128, 384), (3, 33, 17), (5, 128, 50), (64, 64, 130), (9, 1, 1)]
        {
            let (x, w, b) = (
                numbers(&[n, inputs], 0.7),
                numbers(&[outputs, inputs], 0.9),
                numbers(&[outputs], 0.3),
            );
            let (w, b) = (w.to_kind(kind), b.to_kind(kind));
            let exact = |t: &Tensor| t.to_kind(Kind::Double);
            for bias in [None, Some(&b)] {
                let theirs = exact(&x).linear(&exact(&w), bias.map(exact).as_ref());
                let mut ours = vec![f32::NAN; (n * outputs) as usize];
                Layer::of(&w, bias).unwrap().apply(&slice(&x), &mut ours).unwrap();
                assert_close(&ours, &theirs, tolerance);
            }
        }
    }
}

#[test]
fn a_row_is_the_same_to_the_bit_among_others() {
    for (kind, _) in KINDS {
        let (x, w) = (slice(&numbers(&[6, 77], 0.7)), numbers(&[45, 77], 0.9).to_kind(kind));
        let layer = Layer::of(&w, None).unwrap();
        let mut together = vec![0.0; 6 * 45];
        layer.apply(&x, &mut together).unwrap();
        for (x, row) in x.chunks_exact(77).zip(together.chunks_exact(45)) {
            let mut alone = vec![0.0; 45];
            layer.apply(x, &mut alone).unwrap();
            assert_eq!(alone, row);
        }
    }
}

#[test]
fn norms_are_libtorchs() {
    for (kind, tolerance) in KINDS {
        for c in [1i64, 6, 16, 50, 128] {
            let (x, more) = (numbers(&[3, c], 0.7), numbers(&[3, c], 0.9));
            let (w, b) = (numbers(&[c], 0.4).to_kind(kind), numbers(&[c], 0.3).to_kind(kind));
            let (exact, sum) =
                ([&w, &b].map(|t| t.to_kind(Kind::Double)), (&x + &more).to_kind(Kind::Double));
            let scale = (sum.square().mean_dim(-1, true, None::<Kind>) + 1e-3).rsqrt();
            let theirs = [
                sum.layer_norm([c], Some(&exact[0]), Some(&exact[1]), 1e-3, false),
                &sum * scale * &exact[0],
            ];
            for (bias, theirs) in [Some(&b), None].into_iter().zip(&theirs) {
                let (mut from, mut ours) = (slice(&x), vec![f32::NAN; 3 * c as usize]);
                StepNorm::of(&w, bias, 1e-3).unwrap().apply(
                    &mut from,
                    Some(&slice(&more)),
                    &mut ours,
                );
                assert_close(&ours, theirs, 10.0 * tolerance);
                assert_close(&from, &sum, tolerance);
            }
        }
    }
}

#[test]
fn activations_are_libtorchs() {
    let (x, up) = (numbers(&[501], 0.7) * 9.0, numbers(&[501], 0.2));
    for (act, theirs) in [
        (Act::Relu, x.relu()),
        (Act::Relu2, x.relu().square()),
        (Act::Gelu, x.gelu("none")),
        (Act::GeluTanh, x.gelu("tanh")),
        (Act::Silu, x.silu()),
    ] {
        let mut ours = slice(&x);
        act.apply(&mut ours, None);
        assert_close(&ours, &theirs, 1e-6);
        let mut ours = slice(&x);
        act.apply(&mut ours, Some(&slice(&up)));
        assert_close(&ours, &(theirs * &up), 1e-6);
    }
    let mut broken = [f32::NAN; 5];
    for act in [Act::Relu, Act::Gelu, Act::GeluTanh, Act::Silu] {
        act.apply(&mut broken, None);
        assert!(broken.iter().all(|x| x.is_nan()), "{act:?}");
    }
}

#[test]
fn pairs_turn_by_their_angles() {
    let angles = [0.3f32, 1.1, 2.5];
    let mut x: Vec<f32> = (1..=12).map(|i| i as f32).collect();
    let before = x.clone();
    rotate(&mut x, &angles.map(f32::cos), &angles.map(f32::sin));
    for head in [0, 6] {
        for (j, angle) in angles.iter().enumerate() {
            let (a, b) = (before[head + j], before[head + 3 + j]);
            approx::assert_abs_diff_eq!(
                x[head + j],
                a * angle.cos() - b * angle.sin(),
                epsilon = 1e-5
            );
            approx::assert_abs_diff_eq!(
                x[head + 3 + j],
                b * angle.cos() + a * angle.sin(),
                epsilon = 1e-5
            );
        }
    }
}

/// A cache with `held` tokens of numbers, and those: (2, K, held, D).
fn filled(shape: CacheShape, held: usize, pace: f64) -> (Cache, Tensor) {
    let numbers = numbers(&[2, shape.heads as i64, held as i64, shape.size as i64], pace);
    let mut cache = Cache::new(shape);
    cache.grow(1, 0);
    for place in 0..held {
        if place == cache.capacity() {
            cache.grow(2 * place, place);
        }
        let at = |part: i64| slice(&numbers.get(part).select(1, place as i64));
        cache.keep(shape.layers - 1, place, &at(0), &at(1));
    }
    (cache, numbers)
}

#[test]
fn attention_is_libtorchs_over_what_is_seen() {
    for (half, heads, size) in
        [(false, 2, 32), (true, 2, 32), (false, 1, 6), (true, 4, 40), (false, 3, 64)]
    {
        let shape = CacheShape { layers: 2, heads, size, half };
        let (short, long) = (filled(shape, 5, 0.31), filled(shape, 70, 0.17));
        let seen = [(0, 0..1), (1, 0..70), (0, 2..5), (1, 7..40)]
            .map(|(cache, places)| Seen { cache, places });
        let q = numbers(&[4, 2 * heads as i64, size as i64], 0.7);
        let mut ours = vec![f32::NAN; q.numel()];
        let kept =
            [&short.1, &long.1].map(|t| t.to_kind(if half { Kind::BFloat16 } else { Kind::Float }));
        attend(1, &slice(&q), &[short.0, long.0], &seen, &mut ours, &mut Room::default()).unwrap();
        for (i, (ours, Seen { cache, places })) in
            ours.chunks_exact(2 * heads * size).zip(&seen).enumerate()
        {
            let part = |part| {
                let all = kept[*cache].get(part).to_kind(Kind::Float);
                let seen = all.narrow(1, places.start as i64, places.len() as i64);
                seen.repeat_interleave_self_int(2, 0, None)
            };
            let scores = q.get(i as i64).unsqueeze(1).matmul(&part(0).transpose(1, 2))
                / (size as f64).sqrt();
            assert_close(
                ours,
                &scores.softmax(-1, Kind::Double).to_kind(Kind::Float).matmul(&part(1)),
                1e-5,
            );
        }
    }
}

#[test]
fn a_cache_moves_grows_and_is_copied() {
    let shape = CacheShape { layers: 2, heads: 3, size: 4, half: false };
    let (mut cache, _) = filled(shape, 6, 0.31);
    let (mut copy, q) = (Cache::new(shape), slice(&numbers(&[1, 3, 4], 0.7)));
    let answer = |cache: &Cache, places: Range<usize>| {
        let mut y = vec![0.0; 12];
        let mut other = Cache::new(shape);
        other.copy_from(cache, places.end);
        attend(1, &q, &[other], &[Seen { cache: 0, places }], &mut y, &mut Room::default())
            .unwrap();
        y
    };
    let before = answer(&cache, 2..6);
    copy.copy_from(&cache, 6);
    assert_eq!(answer(&copy, 2..6), before);
    cache.drop_first(2, 6);
    assert_eq!(answer(&cache, 0..4), before);
    cache.grow(40, 4);
    assert_eq!((answer(&cache, 0..4), cache.capacity()), (before, 40));
}

#[test]
fn other_tensors_are_refused() {
    let x = numbers(&[4, 6], 0.7);
    let said = |tensor: &Tensor| Weights::of(tensor).unwrap_err().to_string();
    assert!(said(&x.transpose(0, 1)).contains("take a contiguous matrix"));
    assert!(said(&x.to_kind(Kind::Double)).contains("Double [4, 6]"));
    assert!(said(&x.view([2, 2, 6])).contains("[2, 2, 6]"));
    assert!(Layer::of(&x, Some(&numbers(&[5], 0.1))).is_err());
    assert!(Layer::of(&x, Some(&numbers(&[4], 0.1).to_kind(Kind::BFloat16))).is_err());
}
