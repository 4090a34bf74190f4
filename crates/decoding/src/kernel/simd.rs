//! Sixteen scores at a time, on whatever the machine has.

#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};
use super::{LANES, exp::exp, portable::Portable};

/// The operations on sixteen `f32` lanes that the passes are written in.
///
/// A value of an implementing type is the proof that its instructions exist on this machine, so the
/// operations themselves are safe. All are `#[inline(always)]`, which is what lets [`Isa::run`] compile
/// a whole pass for one instruction set.
pub(crate) trait Simd: Copy {
    /// Sixteen lanes.
    type F: Copy;
    /// Sixteen truth values.
    type M: Copy;
    /// Sixteen lanes of f64.
    type D: Copy;

    fn load(self, from: &[f32; LANES]) -> Self::F;
    fn store(self, x: Self::F, to: &mut [f32; LANES]);
    fn splat(self, x: f32) -> Self::F;
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// a·b + c, fused where the machine can.
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The greater of two numbers; where one is NaN, either.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// x, or what [`scale`](Self::scale) can still take where x is below that (−126, or less).
    fn clamp_exponent(self, x: Self::F) -> Self::F;
    /// To the nearest integer, for numbers that [`clamp_exponent`](Self::clamp_exponent) gives.
    fn round(self, x: Self::F) -> Self::F;
    /// x·2ⁿ for such an integer n.
    fn scale(self, x: Self::F, n: Self::F) -> Self::F;
    fn ge(self, a: Self::F, b: Self::F) -> Self::M;
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    /// Bit j tells of lane j.
    fn bits(self, m: Self::M) -> u32;
    /// a + b where `m` holds, a elsewhere (whatever b is there, NaN included).
    fn add_where(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F;
    fn sum(self, x: Self::F) -> f32;
    /// a where `m` holds, b elsewhere.
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F;
    fn zero_f64(self) -> Self::D;
    /// Adds d = x − `centre` to `sums` and d² to `squares`.
    fn add_deviations(self, x: Self::F, centre: f64, sums: &mut Self::D, squares: &mut Self::D);
    fn sum_f64(self, x: Self::D) -> f64;

    #[inline(always)]
    fn any_ge(self, a: &[f32; LANES], threshold: f32) -> bool {
        self.bits(self.ge(self.load(a), self.splat(threshold))) != 0
    }

    /// The greatest lane; NaN lanes count as −∞ or not at all.
    #[inline(always)]
    fn greatest(self, x: Self::F) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(x, &mut lanes);
        // In halves, so that the comparisons need not wait for each other.
        for width in [8, 4, 2, 1] {
            for i in 0..width {
                lanes[i] = if lanes[i + width] > lanes[i] { lanes[i + width] } else { lanes[i] };
            }
        }
        lanes[0]
    }

    /// The least lane.
    #[inline(always)]
    fn least(self, x: Self::F) -> f32 {
        -self.greatest(self.sub(self.splat(0.0), x))
    }

    /// eˣ of each for x ≤ 0 in f64, to about an ulp; 0 where that is below the least normal number.
    #[inline(always)]
    fn exp_f64(self, x: &mut [f64; LANES]) {
        for x in x {
            *x = exp(*x);
        }
    }

    /// 2ˣ for x ≤ 0, to about an ulp: a polynomial on [−½, ½], scaled. Below 2⁻¹²⁵ it is anything
    /// below that; x may be −∞.
    #[inline(always)]
    fn exp2(self, x: Self::F) -> Self::F {
        let x = self.clamp_exponent(x);
        let n = self.round(x);
        let f = self.sub(x, n);
        let mut y = self.splat(EXP2[6]);
        for &coefficient in EXP2[..6].iter().rev() {
            y = self.mul_add(y, f, self.splat(coefficient));
        }
        self.scale(y, n)
    }
}

/// 2ᶠ ≈ Σ cᵢ fⁱ, the minimax polynomial in relative error on [−½, ½] (2·10⁻⁹), found by Remez exchange.
const EXP2: [f32; 7] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_46,
    0.055_503_286,
    0.009_618_489,
    0.001_339_993_1,
    0.000_153_458_21,
];

/// A pass, as data: what [`Isa::run`] compiles for an instruction set and runs.
pub(crate) trait Kernel {
    type Output;
    /// To be marked `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// The instruction set that the passes over a row run on.
///
/// All give the same results but for the last bits of a mass. [`Isa::detect`] finds the best; tests and
/// benchmarks force others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
}

impl Isa {
    /// What the compiler makes for any machine of the target.
    pub const PORTABLE: Self = Self(Level::Portable);

    /// The best that this machine has.
    #[must_use]
    pub fn detect() -> Self {
        Self::avx512().or_else(Self::avx2).unwrap_or(Self::PORTABLE)
    }

    /// AVX2 with FMA, where the machine has it.
    #[must_use]
    pub fn avx2() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return Avx2::detect().map(|token| Self(Level::Avx2(token)));
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// AVX-512 F, where the machine has it.
    #[must_use]
    pub fn avx512() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        return Avx512::detect().map(|token| Self(Level::Avx512(token)));
        #[cfg(not(target_arch = "x86_64"))]
        None
    }

    /// All that this machine has, the portable one first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        [Some(Self::PORTABLE), Self::avx2(), Self::avx512()].into_iter().flatten().collect()
    }

    /// `portable`, `avx2` or `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) => "avx512",
        }
    }

    /// Runs a pass, compiled for this instruction set.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Level::Portable => kernel.run(Portable),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(token) => token.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(token) => token.run(kernel),
        }
    }
}
