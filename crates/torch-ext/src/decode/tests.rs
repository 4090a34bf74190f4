//! The steps against libtorch's own operations.
#![allow(clippy::unwrap_used)]

use super::*;

/// Of the weights; what rounds them is done before.
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
        let half = kind == Kind::BFloat16;
        for (n, inputs, outputs) in [
            (1, 7, 5),
            (1, 128, 384),
            (3, 33, 17),
            (5, 128, 50),
            (64, 64, 130),
            (9, 1, 1),
            (13, 20, 200),
            (1, 3, 129),
        ] {
            let x = numbers(&[n, inputs], 0.7);
            let (w, b) = (numbers(&[outputs, inputs], 0.9), numbers(&[outputs], 0.3));
            let exact = |t: &Tensor| t.to_kind(Kind::Double);
            for bias in [None, Some(&b)] {
                let rounded = exact(&w.to_kind(kind));
                let theirs = exact(&x).linear(&rounded, bias.map(exact).as_ref());
                let mut ours = vec![f32::NAN; (n * outputs) as usize];
                Layer::of(&[(&w, bias)], half).unwrap().apply(&slice(&x), &mut ours).unwrap();
                assert_close(&ours, &theirs, tolerance);
            }
        }
    }
}

#[test]
fn layers_are_stacked() {
    let (a, b, x) = (numbers(&[70, 12], 0.9), numbers(&[31, 12], 0.4), numbers(&[2, 12], 0.7));
    let bias = numbers(&[31], 0.2);
    let mut ours = vec![f32::NAN; 2 * 101];
    let stacked = Layer::of(&[(&a, None), (&b, Some(&bias))], false).unwrap();
    stacked.apply(&slice(&x), &mut ours).unwrap();
    let parts = [x.linear(&a, None::<Tensor>), x.linear(&b, Some(&bias))];
    assert_close(&ours, &Tensor::cat(&parts, 1), 1e-5);
    assert_eq!(stacked.outputs(), 101);
    assert!(Layer::of(&[(&a, None), (&x.view([3, 8]), None)], false).is_err());
}

#[test]
fn a_row_is_the_same_to_the_bit_among_others() {
    for (kind, _) in KINDS {
        let (x, w) = (slice(&numbers(&[17, 77], 0.7)), numbers(&[145, 77], 0.9));
        let layer = Layer::of(&[(&w, None)], kind == Kind::BFloat16).unwrap();
        for n in 1..=17 {
            let mut together = vec![0.0; n * 145];
            layer.apply(&x[..n * 77], &mut together).unwrap();
            for (x, row) in x.chunks_exact(77).zip(together.chunks_exact(145)) {
                let mut alone = vec![0.0; 145];
                layer.apply(x, &mut alone).unwrap();
                assert_eq!(alone, row);
            }
        }
    }
}

#[test]
fn norms_are_libtorchs() {
    for c in [1i64, 6, 16, 50, 128] {
        let (x, more) = (numbers(&[3, c], 0.7), numbers(&[3, c], 0.9));
        let (w, b) = (numbers(&[c], 0.4), numbers(&[c], 0.3));
        let (exact, sum) =
            ([&w, &b].map(|t| t.to_kind(Kind::Double)), (&x + &more).to_kind(Kind::Double));
        let scale = (sum.square().mean_dim(-1, true, None::<Kind>) + 1e-3).rsqrt();
        let whole = sum.layer_norm([c], Some(&exact[0]), Some(&exact[1]), 1e-3, false);
        for (bias, theirs) in [(Some(&b), whole), (None, &sum * scale * &exact[0])] {
            let (mut from, mut ours) = (slice(&x), vec![f32::NAN; 3 * c as usize]);
            let norm = StepNorm::of(&w, bias, 1e-3).unwrap();
            norm.apply(&mut from, Some(&slice(&more)), &mut ours);
            assert_close(&ours, &theirs, 1e-4);
            assert_close(&from, &sum, 1e-5);
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
        let mut ours = vec![f32::NAN; 501];
        act.apply(&slice(&x), None, &mut ours);
        assert_close(&ours, &theirs, 1e-6);
        act.apply(&slice(&x), Some(&slice(&up)), &mut ours);
        assert_close(&ours, &(theirs * &up), 1e-6);
    }
    for act in [Act::Relu, Act::Gelu, Act::GeluTanh, Act::Silu] {
        let mut broken = [0.0; 5];
        act.apply(&[f32::NAN; 5], None, &mut broken);
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

const HEADS: usize = 2; // of queries, for each of keys

/// New tokens' queries, keys and values: (N, (H + 2 K) D).
fn rows(shape: CacheShape, n: usize, pace: f64) -> Tensor {
    numbers(&[n as i64, ((HEADS + 2) * shape.heads * shape.size) as i64], pace)
}

/// Reads tokens, each of which sees the last `window` places, in some caches.
fn read(qkv: &Tensor, seen: &[Seen], caches: &mut [Cache]) -> Vec<f32> {
    let shape = caches[0].shape;
    let mut y = vec![f32::NAN; seen.len() * HEADS * shape.heads * shape.size];
    attend(shape.layers - 1, &slice(qkv), caches, seen, &mut y, &mut Room::default()).unwrap();
    y
}

fn seen(cache: usize, tokens: Range<usize>, window: usize) -> Vec<Seen> {
    let places = |token: usize| (token + 1).saturating_sub(window)..token + 1;
    tokens.map(|token| Seen { cache, places: places(token) }).collect()
}

/// The same of whole sequences by libtorch: (N, H D).
fn attended(qkv: &Tensor, shape: CacheShape, window: usize) -> Tensor {
    let (n, d, k) = (qkv.size()[0], shape.size as i64, shape.heads as i64);
    let part = |from: i64, heads: i64| {
        qkv.narrow(1, from * d, heads * d).view([n, heads, d]).transpose(0, 1)
    };
    let h = HEADS as i64 * k;
    let kept = |from: i64| {
        let kind = if shape.half { Kind::BFloat16 } else { Kind::Float };
        let rounded = part(from, k).to_kind(kind).to_kind(Kind::Float);
        rounded.repeat_interleave_self_int(HEADS as i64, 0, None)
    };
    let scores = part(0, h).matmul(&kept(h).transpose(1, 2)) / (d as f64).sqrt();
    let ones = Tensor::ones([n, n], (Kind::Float, Device::Cpu));
    let hidden = ones.triu(1) + ones.tril(-(window as i64));
    let scores = scores.masked_fill(&hidden.to_kind(Kind::Bool), f64::NEG_INFINITY);
    scores.softmax(-1, Kind::Float).matmul(&kept(h + k)).transpose(0, 1).reshape([n, h * d])
}

fn grown(shape: CacheShape, capacity: usize) -> Cache {
    let mut cache = Cache::new(shape);
    cache.grow(capacity, 0).unwrap();
    cache
}

#[test]
fn attention_is_libtorchs_over_what_is_seen() {
    for (half, heads, size) in
        [(false, 2, 32), (true, 2, 32), (false, 1, 6), (true, 4, 40), (true, 1, 7), (false, 3, 64)]
    {
        let shape = CacheShape { layers: 2, heads, size, half };
        for window in [7, 100] {
            let (short, long) = (rows(shape, 9, 0.31), rows(shape, 70, 0.17));
            let mut caches = [grown(shape, 9), grown(shape, 80)];
            // long alone in two pieces, then the rest of it among short's
            read(&long.narrow(0, 0, 40), &seen(1, 0..40, window), &mut caches);
            let both = Tensor::cat(&[short.shallow_clone(), long.narrow(0, 40, 30)], 0);
            let places = [seen(0, 0..9, window), seen(1, 40..70, window)].concat();
            let ours = read(&both, &places, &mut caches);
            let theirs =
                [attended(&short, shape, window), attended(&long, shape, window).narrow(0, 40, 30)];
            assert_close(&ours, &Tensor::cat(&theirs, 0), 1e-5);
        }
    }
}

#[test]
fn a_cache_moves_grows_and_is_copied() {
    let shape = CacheShape { layers: 2, heads: 3, size: 4, half: false };
    let (mut cache, mut copy) = (grown(shape, 6), Cache::new(shape));
    let (kept, next) = (rows(shape, 5, 0.31), rows(shape, 1, 0.7));
    read(&kept, &seen(0, 0..5, 9), std::slice::from_mut(&mut cache));
    // The next token sees the last three of those that are kept, and itself.
    let answer = |cache: &Cache, held: usize| {
        let mut other = grown(shape, held + 1);
        other.copy_from(cache, held).unwrap();
        let new = [Seen { cache: 0, places: held - 3..held + 1 }];
        read(&next, &new, &mut [other])
    };
    let before = answer(&cache, 5);
    copy.copy_from(&cache, 5).unwrap();
    assert_eq!(answer(&copy, 5), before);
    cache.drop_first(2, 5);
    assert_eq!(answer(&cache, 3), before);
    cache.grow(40, 3).unwrap();
    assert_eq!((answer(&cache, 3), cache.capacity()), (before, 40));
}

#[test]
fn other_tensors_are_refused() {
    let x = numbers(&[4, 6], 0.7);
    let said = |tensor: &Tensor| Table::of(tensor).unwrap_err().to_string();
    assert!(said(&x.transpose(0, 1)).contains("take a contiguous matrix"));
    assert!(said(&x.to_kind(Kind::Double)).contains("Double [4, 6]"));
    assert!(said(&x.view([2, 2, 6])).contains("[2, 2, 6]"));
    assert!(Layer::of(&[(&x, Some(&numbers(&[5], 0.1)))], false).is_err());
    assert!(StepNorm::of(&numbers(&[4], 0.1), Some(&numbers(&[5], 0.1)), 1e-5).is_err());
}
