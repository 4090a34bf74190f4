//! Muon: momentum, made orthogonal, for the matrices inside a model (Jordan et al., "Muon: an optimizer for hidden
//! layers in neural networks", 2024, kellerjordan.github.io/posts/muon).

use enredo_model::Dtype;
use tch::{Kind, Tensor};

use crate::{Result, error::check};

/// The optimizer's settings; the defaults are the author's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuonConfig {
    /// The learning rate: the spectral norm of an update of a matrix that is not tall.
    pub lr: f64,
    /// How slowly the mean of the gradient moves.
    pub momentum: f64,
    /// The share of each matrix taken off it a step, times the learning rate.
    pub weight_decay: f64,
    /// Newton–Schulz iterations.
    pub iterations: u32,
}

impl Default for MuonConfig {
    fn default() -> Self {
        Self { lr: 0.02, momentum: 0.95, weight_decay: 0.0, iterations: 5 }
    }
}

impl MuonConfig {
    pub(crate) fn validate(&self) -> Result<()> {
        let Self { lr, momentum, weight_decay, iterations } = *self;
        check(lr.is_finite() && lr > 0.0, "muon.lr", lr, "finite and above 0")?;
        check((0.0..1.0).contains(&momentum), "muon.momentum", momentum, "in [0, 1)")?;
        let decayed = weight_decay.is_finite() && weight_decay >= 0.0;
        check(decayed, "muon.weight_decay", weight_decay, "finite and at least 0")?;
        check(iterations > 0, "muon.iterations", iterations.into(), "at least 1")
    }
}

/// The coefficients of the iteration's polynomial: they raise small singular values fast, and leave all between
/// 0.7 and 1.2.
const QUINTIC: (f64, f64, f64) = (3.4445, -4.7750, 2.0315);

/// The optimizer and its state.
#[derive(Debug)]
pub(crate) struct Muon {
    config: MuonConfig,
    kind: Kind,
    groups: Vec<Group>,
}

/// Matrices of one shape, which are worked on together.
#[derive(Debug)]
struct Group {
    /// (R, C)
    shape: (i64, i64),
    /// The parameters, and of how many matrices each is made.
    members: Vec<(usize, Tensor, i64)>,
    /// (N, R, C)
    momentum: Tensor,
}

impl Muon {
    /// For the parameters at `places`, each of which is two-dimensional. The iteration is in `dtype`.
    pub(crate) fn new(
        places: &[usize],
        names: &[String],
        parameters: &[Tensor],
        config: MuonConfig,
        dtype: Dtype,
    ) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for &place in places {
            let parameter = parameters[place].shallow_clone();
            // The three projections are one parameter, and three matrices.
            let is_joint =
                ["in_proj_weight", "c_attn.weight"].map(|end| names[place].ends_with(end));
            let parts = if is_joint.contains(&true) { 3 } else { 1 };
            let (rows, columns) = (parameter.size()[0] / parts, parameter.size()[1]);
            let shape = (rows, columns);
            match groups.iter_mut().find(|group| group.shape == shape) {
                Some(group) => group.members.push((place, parameter, parts)),
                None => {
                    let momentum = Tensor::new();
                    groups.push(Group {
                        shape,
                        members: vec![(place, parameter, parts)],
                        momentum,
                    });
                }
            }
        }
        for group in &mut groups {
            let count = group.members.iter().map(|(_, _, parts)| parts).sum::<i64>();
            let options = (Kind::Float, group.members[0].1.device());
            group.momentum = Tensor::zeros([count, group.shape.0, group.shape.1], options);
        }
        Self { config, kind: dtype.kind(), groups }
    }

    /// The momentum of each parameter, by its place.
    pub(crate) fn momenta(&self) -> Vec<(usize, Tensor)> {
        self.groups.iter().flat_map(Group::momenta).collect()
    }

    /// One update by the gradients of all parameters times `scale`, at `share` of the learning rate.
    pub(crate) fn step(&mut self, gradients: &[Tensor], share: f64, scale: f64) -> Result<()> {
        let config = MuonConfig { lr: self.config.lr * share, ..self.config };
        self.groups.iter_mut().try_for_each(|group| group.step(gradients, scale, config, self.kind))
    }
}

impl Group {
    /// Each member with its part of a tensor (N, R, C), in the member's shape.
    fn parts<'g>(&'g self, all: &'g Tensor) -> impl Iterator<Item = (usize, &'g Tensor, Tensor)> {
        let mut from = 0;
        self.members.iter().map(move |(place, parameter, parts)| {
            let own = all.narrow(0, from, *parts).view_as(parameter);
            from += parts;
            (*place, parameter, own)
        })
    }

    fn momenta(&self) -> Vec<(usize, Tensor)> {
        self.parts(&self.momentum).map(|(place, _, own)| (place, own)).collect()
    }

    fn step(
        &mut self,
        gradients: &[Tensor],
        scale: f64,
        config: MuonConfig,
        kind: Kind,
    ) -> Result<()> {
        let (rows, columns) = self.shape;
        let own =
            |(place, _, _): &(usize, Tensor, i64)| gradients[*place].f_view([-1, rows, columns]);
        let own = self.members.iter().map(own).collect::<Result<Vec<_>, _>>()?;
        let gradient = Tensor::f_cat(&own, 0)?.f_mul_scalar(scale)?;
        let _ = self.momentum.f_lerp_(&gradient, 1.0 - config.momentum)?;
        let ahead = gradient.f_lerp(&self.momentum, config.momentum)?; // Nesterov's
        let update = orthogonal(&ahead.f_to_kind(kind)?, config.iterations)?;
        // An orthogonal matrix that is taller than wide changes each output by less.
        let lr = config.lr * (rows as f64 / columns as f64).max(1.0).sqrt();
        let update = update.f_to_kind(Kind::Float)?.f_mul_scalar(-lr)?.f_contiguous()?;
        let kept = 1.0 - config.lr * config.weight_decay;
        tch::no_grad(|| {
            self.parts(&update).try_for_each(|(_, parameter, own)| {
                let _ = parameter.shallow_clone().f_mul_scalar_(kept)?.f_add_(&own)?;
                Ok(())
            })
        })
    }
}

/// About U Vᵀ of each matrix U Σ Vᵀ of a batch, by a Newton–Schulz iteration: (N, R, C) → (N, R, C).
fn orthogonal(matrices: &Tensor, iterations: u32) -> Result<Tensor> {
    let (_, rows, columns) = matrices.size3()?;
    let is_tall = rows > columns;
    let flat = if is_tall { matrices.f_transpose(1, 2)? } else { matrices.shallow_clone() };
    let norm = flat.f_norm_scalaropt_dim(2.0, [1i64, 2].as_slice(), true)?;
    let (a, b, c) = QUINTIC;
    let mut x = flat.f_div(&norm.f_add_scalar(1e-7)?)?;
    for _ in 0..iterations {
        let square = x.f_bmm(&x.f_transpose(1, 2)?)?;
        let rest = square.f_baddbmm(&square, &square, b, c)?;
        x = x.f_baddbmm(&rest, &x, a, 1.0)?;
    }
    Ok(if is_tall { x.f_transpose(1, 2)? } else { x })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn singular_values_become_about_one() {
        tch::manual_seed(1);
        for shape in [[2, 32, 32], [1, 48, 16], [3, 16, 48]] {
            let random = Tensor::randn(shape, (Kind::Float, Device::Cpu));
            for kind in [Kind::Float, Kind::BFloat16] {
                let made = orthogonal(&random.to_kind(kind), 6).unwrap().to_kind(Kind::Float);
                assert_eq!(made.size(), shape);
                let (_, values, _) = made.svd(true, false);
                let (least, most) =
                    (values.min().double_value(&[]), values.max().double_value(&[]));
                assert!(least > 0.5 && most < 1.3, "{shape:?}, {kind:?}: {least} to {most}");
            }
        }
    }

    /// U Vᵀ points where U Σ Vᵀ points.
    #[test]
    fn the_direction_stays() {
        let random = Tensor::randn([1, 24, 40], (Kind::Float, Device::Cpu));
        let (u, _, v) = random.svd(true, true);
        let exact = u.bmm(&v.transpose(1, 2));
        let made = orthogonal(&random, 5).unwrap();
        let cosine = (&made * &exact).sum(Kind::Float) / made.norm() / exact.norm();
        assert!(cosine.double_value(&[]) > 0.97);
    }

    #[test]
    fn a_gradient_of_zeros_changes_nothing() {
        let zeros = Tensor::zeros([1, 8, 8], (Kind::Float, Device::Cpu));
        assert_eq!(orthogonal(&zeros, 5).unwrap().abs().max().double_value(&[]), 0.0);
    }

    #[test]
    fn the_three_projections_are_updated_one_by_one() {
        tch::manual_seed(2);
        let numbers = |rows| Tensor::randn([rows, 8], (Kind::Float, Device::Cpu));
        let (start, gradient) = (numbers(24), numbers(24));
        let step = |name: &str, parameters: &[Tensor], gradients: &[Tensor]| {
            let names = vec![name.to_owned(); parameters.len()];
            let places: Vec<usize> = (0..parameters.len()).collect();
            let config = MuonConfig::default();
            let mut muon = Muon::new(&places, &names, parameters, config, Dtype::Float32);
            muon.step(gradients, 1.0, 1.0).unwrap();
        };
        let whole = [start.copy()];
        step("self_attn.in_proj_weight", &whole, &[gradient.copy()]);
        let thirds = start.copy().chunk(3, 0);
        step("linear1.weight", &thirds, &gradient.chunk(3, 0));
        let far = (&whole[0] - Tensor::cat(&thirds, 0)).abs().max().double_value(&[]);
        assert!(far < 1e-6, "{far}");
    }
}
