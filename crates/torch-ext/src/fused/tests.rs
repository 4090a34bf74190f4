//! The fused operations against libtorch's own.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use super::*;

thread_local! {
    static MADE: Cell<u32> = const { Cell::new(0) };
}

/// In [−√2, √2], in no rhythm and other ones each time, but the same in each run.
fn numbers(shape: &[i64]) -> Tensor {
    let many = shape.iter().product::<i64>();
    let pace = 0.7 + 0.1 * f64::from(MADE.replace(MADE.get() + 1));
    let phases = Tensor::arange(many, (Kind::Double, Device::Cpu)).square() * pace + 1.0;
    let numbers = phases.sin().view(shape) * 2f64.sqrt();
    numbers.to_kind(Kind::Float).set_requires_grad(true)
}

fn far(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

/// How far they are apart, against the largest number.
fn off(ours: &Tensor, theirs: &Tensor) -> f64 {
    far(ours, theirs) / theirs.abs().max().double_value(&[]).max(1e-3)
}

/// The gradients of Σ w · y by `inputs`, for weights w that tell elements apart.
fn gradients(y: &Tensor, inputs: &[&Tensor]) -> Vec<Tensor> {
    // In no rhythm, so that sums of many do not cancel out.
    let w = Tensor::arange(y.numel() as i64, (Kind::Float, Device::Cpu)).square().sin().view_as(y);
    Tensor::run_backward(&[(y * w).sum(Kind::Float)], inputs, true, false)
}

#[test]
fn without_dropout_they_are_the_plain_operations() {
    let (x, r) = (numbers(&[7, 33]), numbers(&[7, 33]));
    let pairs = [
        (dropout_add(&x, &r, 0.0).unwrap(), &x + &r),
        (relu_dropout(&x, false, 0.0).unwrap(), x.relu() + 0.0 * &r),
    ];
    for (ours, theirs) in pairs {
        assert_eq!(far(&ours, &theirs), 0.0);
        for (a, b) in gradients(&ours, &[&x]).iter().zip(gradients(&theirs, &[&x])) {
            assert_eq!(far(a, &b), 0.0);
        }
    }
}

#[test]
fn a_share_is_dropped_and_the_rest_makes_up_for_it() {
    let x = Tensor::ones([1000, 1000], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let zero = x.zeros_like();
    for p in [0.1, 0.5, 0.9] {
        for y in [dropout_add(&x, &zero, p).unwrap(), relu_dropout(&x, false, p).unwrap()] {
            let dropped = y.eq(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            let tolerance = 5.0 * (p * (1.0 - p) / 1e6).sqrt(); // five standard errors
            assert!((dropped - p).abs() < tolerance, "{p}: {dropped}");
            let kept = y.max().double_value(&[]);
            assert!((kept - 1.0 / (1.0 - p)).abs() < 1e-6);
            // The gradient is dropped where the value was.
            let g = Tensor::run_backward(&[y.sum(Kind::Float)], &[&x], true, false).remove(0);
            assert_eq!(far(&g, &y), 0.0);
            // No row, no column and no neighbour has more of it than chance: of 2,000 binomial sums one is 7
            // deviations off once in ten million times, and 5.5 once in five thousand.
            let mask = y.eq(0.0).to_kind(Kind::Double) - p;
            let worst =
                |sums: Tensor| sums.abs().max().double_value(&[]) / (1000.0 * p * (1.0 - p)).sqrt();
            let (rows, columns) =
                (mask.sum_dim_intlist(0i64, false, None), mask.sum_dim_intlist(1i64, false, None));
            assert!(worst(rows) < 7.0 && worst(columns) < 7.0);
            for lag in [1, 2, 16, 1000] {
                let flat = mask.flatten(0, 1);
                let n = flat.size()[0] - lag;
                let product = (flat.narrow(0, 0, n) * flat.narrow(0, lag, n)).mean(Kind::Double);
                assert!(product.double_value(&[]).abs() < 5.0 * p * (1.0 - p) / 1e3, "{p}, {lag}");
            }
        }
    }
}

#[test]
fn each_call_drops_something_else() {
    let x = Tensor::ones([4096], (Kind::Float, Device::Cpu));
    let [first, second] = [(); 2].map(|()| relu_dropout(&x, false, 0.5).unwrap());
    assert!(far(&first, &second) > 0.0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let x = numbers(&[2, 3]);
    for p in [-0.1, 1.0, f64::NAN] {
        assert!(relu_dropout(&x, false, p).unwrap_err().to_string().contains("in [0, 1)"));
    }
    let refused = |result: Result<Tensor>| result.unwrap_err().to_string();
    assert!(refused(dropout_add(&x, &numbers(&[3, 2]), 0.0)).contains("shape"));
    assert!(refused(causal_attention(&numbers(&[1, 2, 7]), 1, 0.0)).contains("(B, T, 3C)"));
    let (weight, bias) = (numbers(&[4, 3]), numbers(&[4]));
    let loss = |target: i64| {
        linear_cross_entropy(&x, (&weight, &bias), &Tensor::from_slice(&[1, target]), 0, 1.0)
    };
    assert!(refused(loss(4)).contains("not one of 4 tokens"));
    assert!(refused(loss(-1)).contains("not one of 4 tokens"));
    let read =
        |id: i64| embedding(&Tensor::from_slice(&[id]).view([1, 1]), &weight, &weight, Kind::Float);
    assert!(refused(read(4)).contains("token 4 has no vector"));
    assert!(refused(read(-1)).contains("token -1 has no vector"));
    let ids = Tensor::zeros([2, 3, 5], (Kind::Int64, Device::Cpu));
    assert!(refused(embedding(&ids, &weight, &weight, Kind::Float)).contains("ids are (B, T)"));
    let norm = Norm { weight: &bias, bias: &bias, eps: 1e-5 };
    assert!(refused(layer_norm(&x, norm)).contains("a norm of 3"));
    assert!(refused(linear(&x, &numbers(&[4, 2]), &bias)).contains("shape"));
    let (x, weight) = (x.to_kind(Kind::BFloat16), weight.to_kind(Kind::BFloat16));
    assert!(refused(linear(&x, &weight, &bias)).contains("weights are f32"));
    let targets = Tensor::from_slice(&[1i64, 2]);
    let loss = linear_cross_entropy(&x, (&weight, &bias), &targets, 0, 1.0);
    assert!(refused(loss).contains("weights are f32"));
}

/// The way of other devices, on doubles: what a batch gives, whose targets are no matrix of their own.
#[test]
fn other_types_take_part_of_a_matrix() {
    let numbers = |shape: &[i64]| Tensor::randn(shape, (Kind::Double, Device::Cpu));
    let ids = Tensor::arange(12, (Kind::Int64, Device::Cpu)).view([3, 4]).remainder(5);
    let (x, weight, bias) = (numbers(&[3, 3, 8]), numbers(&[5, 8]), numbers(&[5]));
    let loss = |x: &Tensor, weight: &Tensor, bias: &Tensor| {
        let targets = ids.narrow(1, 1, 3);
        linear_cross_entropy(x, (weight, bias), &targets, 0, 0.5).unwrap().double_value(&[])
    };
    let [a, b, c] = [&x, &weight, &bias].map(|x| x.to_kind(Kind::Float));
    assert!((loss(&x, &weight, &bias) - loss(&a, &b, &c)).abs() < 1e-5);
    let wide = numbers(&[2, 5, 48]);
    let qkv = wide.narrow(1, 1, 4);
    let plain = causal_attention(&qkv, 2, 0.0).unwrap();
    let fused = causal_attention(&qkv.to_kind(Kind::Float), 2, 0.0).unwrap();
    assert!(far(&plain, &fused.to_kind(Kind::Double)) < 1e-5);
}

#[test]
fn other_types_go_the_plain_way() {
    let x = Tensor::ones([4, 4], (Kind::Double, Device::Cpu));
    assert_eq!(dropout_add(&x, &x, 0.0).unwrap().double_value(&[0, 0]), 2.0);
    assert_eq!(relu_dropout(&x, false, 0.0).unwrap().kind(), Kind::Double);
}

#[test]
fn not_a_number_stays_one() {
    let x = Tensor::from_slice(&[f32::NAN, 1.0]);
    assert!(relu_dropout(&x, false, 0.0).unwrap().double_value(&[0]).is_nan());
    assert!(dropout_add(&x, &x, 0.0).unwrap().double_value(&[0]).is_nan());
}

/// Both types, and how far each may be off.
const KINDS: [(Kind, f64); 2] = [(Kind::Float, 2e-5), (Kind::BFloat16, 3e-2)];

/// Whether what `ours` makes of `inputs`, of the kind that is asked for, is what `theirs` makes of them in f32; the
/// gradients, too. Errors are measured against the largest number.
fn agree(
    inputs: &[Tensor],
    ours: impl Fn(&[Tensor], Kind) -> Tensor,
    theirs: impl Fn(&[Tensor]) -> Tensor,
) {
    let all: Vec<&Tensor> = inputs.iter().collect();
    let exact = theirs(inputs);
    for (kind, tolerance) in KINDS {
        let y = ours(inputs, kind).to_kind(Kind::Float);
        assert!(off(&y, &exact) < tolerance, "{kind:?}: {}", off(&y, &exact));
        let pairs = gradients(&y, &all).into_iter().zip(gradients(&exact, &all));
        for (i, (a, b)) in pairs.enumerate() {
            assert!(off(&a, &b) < tolerance, "{kind:?}, gradient {i}: {}", off(&a, &b));
        }
    }
}

#[test]
fn a_linear_layer_is_libtorchs() {
    for shape in [[1, 1, 16], [3, 31, 16], [2, 5, 48], [20, 100, 16]] {
        let inputs = [numbers(&shape), numbers(&[23, shape[2]]), numbers(&[23])];
        let theirs = |x: &[Tensor]| x[0].linear(&x[1], Some(&x[2]));
        agree(&inputs, |x, kind| linear(&x[0].to_kind(kind), &x[1], &x[2]).unwrap(), theirs);
    }
}

#[test]
fn a_norm_is_libtorchs() {
    for shape in [[1, 1, 16], [3, 31, 128], [2, 5, 13], [2, 5, 50], [8, 64, 128]] {
        let c = shape[2];
        let inputs = [numbers(&shape), numbers(&shape), numbers(&[c]), numbers(&[c])];
        let norm = |x: &[Tensor]| x[0].layer_norm([c], Some(&x[2]), Some(&x[3]), 1e-5, false);
        fn weights(x: &[Tensor]) -> Norm<'_> {
            Norm { weight: &x[2], bias: &x[3], eps: 1e-5 }
        }
        let alone = |x: &[Tensor]| norm(x) + 0.0 * &x[1];
        let ours =
            |x: &[Tensor], kind| layer_norm(&x[0].to_kind(kind), weights(x)).unwrap() + 0.0 * &x[1];
        agree(&inputs, ours, alone);
        let added =
            |x: &[Tensor]| (&x[0] + &x[1]).layer_norm([c], Some(&x[2]), Some(&x[3]), 1e-5, false);
        let ours = |x: &[Tensor], kind: Kind| {
            let [a, b] = [&x[0], &x[1]].map(|x| x.to_kind(kind));
            dropout_add_norm(&a, &b, 0.0, weights(x)).unwrap()
        };
        agree(&inputs, ours, added);
    }
}

/// What was dropped shows in the gradients: those of x are the residual's, but for what was dropped.
#[test]
fn a_norm_drops_and_its_gradient_knows_it() {
    let p = 0.4;
    let [x, residual, weight, bias] = [[8, 64].as_slice(), &[8, 64], &[64], &[64]].map(numbers);
    let all = [&x, &residual, &weight, &bias];
    for (kind, tolerance) in KINDS {
        let norm = Norm { weight: &weight, bias: &bias, eps: 1e-5 };
        let [a, b] = [&x, &residual].map(|x| x.to_kind(kind));
        let ours = dropout_add_norm(&a, &b, p, norm).unwrap().to_kind(Kind::Float);
        let slopes = gradients(&ours, &all);
        let kept = slopes[0].ne(0.0).to_kind(Kind::Float) / (1.0 - p);
        let sum = &residual + &x * &kept;
        let theirs = sum.layer_norm([64], Some(&weight), Some(&bias), 1e-5, false);
        assert!(off(&ours, &theirs) < tolerance, "{kind:?}");
        for (a, b) in slopes.iter().zip(gradients(&theirs, &all)) {
            assert!(off(a, &b) < tolerance, "{kind:?}");
        }
    }
}

/// Causal attention written out, (B, T, 3C) → (B, T, C); `kept` multiplies the weights.
fn attention_written_out(qkv: &Tensor, heads: i64, kept: Option<&Tensor>) -> Tensor {
    let (b, t, c) = qkv.size3().unwrap();
    let split = qkv.view([b, t, 3, heads, c / 3 / heads]).permute([2, 0, 3, 1, 4]);
    let [q, k, v] = [0, 1, 2].map(|i| split.select(0, i));
    let future = Tensor::ones([t, t], (Kind::Bool, Device::Cpu)).triu(1);
    let scores = q.matmul(&k.transpose(2, 3)) / ((c / 3 / heads) as f64).sqrt();
    let weights = scores.masked_fill(&future, f64::NEG_INFINITY).softmax(-1, Kind::Float);
    let weights = kept.map_or_else(|| weights.shallow_clone(), |kept| &weights * kept);
    weights.matmul(&v).transpose(1, 2).flatten(2, 3)
}

#[test]
fn attention_is_what_the_paper_says() {
    for (b, t, heads, d) in [
        (1, 1, 1, 1),
        (2, 31, 4, 32),
        (1, 32, 2, 16),
        (2, 33, 1, 8),
        (2, 45, 3, 13),
        (1, 100, 2, 20),
        (9, 31, 4, 32),
    ] {
        let inputs = [numbers(&[b, t, 3 * heads * d])];
        let ours = |x: &[Tensor], kind| causal_attention(&x[0].to_kind(kind), heads, 0.0).unwrap();
        agree(&inputs, ours, |x| attention_written_out(&x[0], heads, None));
    }
}

/// Values that are unit vectors show the weights, and so what was dropped.
#[test]
fn attention_drops_and_its_gradient_knows_it() {
    let (t, p) = (40, 0.3);
    let qkv = Tensor::randn([2, t, 3 * t], (Kind::Float, Device::Cpu));
    qkv.narrow(2, 2 * t, t).copy_(&Tensor::eye(t, (Kind::Float, Device::Cpu)));
    let qkv = qkv.set_requires_grad(true);
    let seen = Tensor::ones([2, t, t], (Kind::Bool, Device::Cpu)).tril(0);
    for (kind, tolerance) in KINDS {
        let ours = causal_attention(&qkv.to_kind(kind), 1, p).unwrap().to_kind(Kind::Float);
        let kept = (ours.ne(0.0).to_kind(Kind::Float) / (1.0 - p)).view([2, 1, t, t]);
        let theirs = attention_written_out(&qkv, 1, Some(&kept));
        let dropped = kept.view([2, t, t]).masked_select(&seen).eq(0.0);
        let share = dropped.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / 1640.0).sqrt());
        assert!(off(&ours, &theirs) < tolerance, "{kind:?}");
        let [a, b] = [ours, theirs].map(|y| gradients(&y, &[&qkv]).remove(0));
        assert!(off(&a, &b) < tolerance, "{kind:?}");
    }
}

/// Chunks, padding and both types.
#[test]
fn the_cross_entropy_is_libtorchs() {
    for (n, v) in [(1, 3), (70, 50), (2_500, 19)] {
        let inputs = [numbers(&[n, 16]), numbers(&[v, 16]), numbers(&[v])];
        let targets = Tensor::arange(n, (Kind::Int64, Device::Cpu)).remainder(v);
        let ours = |x: &[Tensor], kind| {
            linear_cross_entropy(&x[0].to_kind(kind), (&x[1], &x[2]), &targets, 2, 0.25).unwrap()
        };
        let theirs = |x: &[Tensor]| {
            let logits = x[0].linear(&x[1], Some(&x[2]));
            0.25 * logits.cross_entropy_loss(&targets, None::<Tensor>, Reduction::Sum, 2, 0.0)
        };
        agree(&inputs, |x, kind| 3.0 * ours(x, kind), |x| 3.0 * theirs(x));
    }
}

#[test]
fn padding_alone_costs_nothing() {
    let inputs = [numbers(&[2, 3]), numbers(&[5, 3]), numbers(&[5])];
    let loss = linear_cross_entropy(
        &inputs[0],
        (&inputs[1], &inputs[2]),
        &Tensor::from_slice(&[4i64, 4]),
        4,
        1.0,
    )
    .unwrap();
    assert_eq!(loss.double_value(&[]), 0.0);
    for g in gradients(&loss, &inputs.iter().collect::<Vec<_>>()) {
        assert_eq!(g.abs().max().double_value(&[]), 0.0);
    }
}

#[test]
fn embeddings_are_libtorchs() {
    for (b, t) in [(2, 3), (60, 30)] {
        let ids = Tensor::arange(b * t, (Kind::Int64, Device::Cpu)).square().remainder(5);
        let ids = ids.view([b, t]);
        let inputs = [numbers(&[5, 37]), numbers(&[t + 1, 37])];
        let theirs =
            |x: &[Tensor]| Tensor::embedding(&x[0], &ids, -1, false, false) + x[1].narrow(0, 0, t);
        agree(&inputs, |x, kind| embedding(&ids, &x[0], &x[1], kind).unwrap(), theirs);
    }
}

#[test]
fn a_squared_relu_is_the_square_of_one() {
    let inputs = [numbers(&[7, 33])];
    let theirs = |x: &[Tensor]| x[0].relu().square();
    agree(&inputs, |x, kind| relu_dropout(&x[0].to_kind(kind), true, 0.0).unwrap(), theirs);
}

/// What is left, and its gradient, are those of the elements that were not dropped.
#[test]
fn a_squared_relu_drops_and_its_gradient_knows_it() {
    let p = 0.4;
    for (kind, tolerance) in KINDS {
        let x = numbers(&[7, 33]);
        let ours = relu_dropout(&x.to_kind(kind), true, p).unwrap().to_kind(Kind::Float);
        let theirs = x.relu().square() * ours.ne(0.0).to_kind(Kind::Float) / (1.0 - p);
        let [a, b] = [&ours, &theirs].map(|y| gradients(y, &[&x]).remove(0));
        for (ours, theirs) in [(ours, theirs), (a, b)] {
            assert!(off(&ours, &theirs) < tolerance, "{kind:?}");
        }
    }
}

#[test]
fn not_a_number_is_not_lost_on_the_way() {
    let x = Tensor::from_slice(&[f32::NAN; 48]).view([1, 1, 48]).set_requires_grad(true);
    let weight = numbers(&[48, 48]);
    let bias = numbers(&[48]);
    for (kind, _) in KINDS {
        let x = x.to_kind(kind);
        let target = Tensor::from_slice(&[1i64]);
        let norm = Norm { weight: &bias, bias: &bias, eps: 1e-5 };
        for y in [
            linear(&x, &weight, &bias).unwrap(),
            layer_norm(&x, norm).unwrap(),
            causal_attention(&x, 2, 0.0).unwrap(),
            linear_cross_entropy(&x, (&weight, &bias), &target, 0, 1.0).unwrap(),
        ] {
            assert!(y.to_kind(Kind::Float).max().double_value(&[]).is_nan());
        }
    }
}
