//! The lanes on x86-64: two registers of AVX2, or one of AVX-512.
#![allow(unsafe_code)] // Calls of vector instructions; each type below proves that the machine has its own.

use std::{arch::x86_64::*, f64::consts::LOG2_E};

use super::{
    Kernel, LANES, Simd,
    exp::{LEAST, LN_2, ROUNDER, TAYLOR},
};

/// AVX2 and FMA exist here: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avx2(());

/// AVX-512 F exists here: only [`Avx512::detect`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Avx512(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        there.then_some(Self(()))
    }

    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        fn compiled<K: Kernel>(kernel: K, simd: Avx2) -> K::Output {
            kernel.run(simd)
        }
        // SAFETY: `self` proves that AVX2 and FMA exist; every such machine has the bit counting ones.
        unsafe { compiled(kernel, self) }
    }
}

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && Avx2::detect().is_some()).then_some(Self(()))
    }

    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[target_feature(enable = "avx512f,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
        fn compiled<K: Kernel>(kernel: K, simd: Avx512) -> K::Output {
            kernel.run(simd)
        }
        // SAFETY: `self` proves that AVX-512 F, AVX2 and FMA exist.
        unsafe { compiled(kernel, self) }
    }
}

/// An expression of vector intrinsics whose instructions `self` proves to exist.
macro_rules! proven {
    ($e:expr) => {
        // SAFETY: the instructions exist, for `self` does; pointers come from arrays of sixteen lanes.
        unsafe { $e }
    };
}

impl Simd for Avx512 {
    type F = __m512;
    type M = __mmask16;
    type D = [__m512d; 2];

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::F {
        proven!(_mm512_loadu_ps(from.as_ptr()))
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32; LANES]) {
        proven!(_mm512_storeu_ps(to.as_mut_ptr(), x));
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        proven!(_mm512_set1_ps(x))
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        proven!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_max_ps(a, b))
    }

    #[inline(always)]
    fn clamp_exponent(self, x: Self::F) -> Self::F {
        self.max(x, self.splat(-200.0))
    }

    #[inline(always)]
    fn round(self, x: Self::F) -> Self::F {
        proven!(_mm512_roundscale_ps::<_MM_FROUND_TO_NEAREST_INT>(x))
    }

    #[inline(always)]
    fn scale(self, x: Self::F, n: Self::F) -> Self::F {
        proven!(_mm512_scalef_ps(x, n))
    }

    #[inline(always)]
    fn ge(self, a: Self::F, b: Self::F) -> Self::M {
        proven!(_mm512_cmp_ps_mask::<_CMP_GE_OQ>(a, b))
    }

    #[inline(always)]
    fn and(self, a: Self::M, b: Self::M) -> Self::M {
        a & b
    }

    #[inline(always)]
    fn bits(self, m: Self::M) -> u32 {
        u32::from(m)
    }

    #[inline(always)]
    fn add_where(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_mask_add_ps(a, m, a, b))
    }

    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        proven!(_mm512_reduce_add_ps(x))
    }

    #[inline(always)]
    fn greatest(self, x: Self::F) -> f32 {
        proven!(_mm512_reduce_max_ps(x))
    }

    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        proven!(_mm512_mask_blend_ps(m, b, a))
    }

    #[inline(always)]
    fn zero_f64(self) -> Self::D {
        proven!([_mm512_setzero_pd(); 2])
    }

    #[inline(always)]
    fn add_deviations(self, x: Self::F, centre: f64, sums: &mut Self::D, squares: &mut Self::D) {
        proven!({
            let centre = _mm512_set1_pd(centre);
            let high = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(x));
            let halves = [_mm512_castps512_ps256(x), _mm256_castpd_ps(high)];
            for i in 0..2 {
                let d = _mm512_sub_pd(_mm512_cvtps_pd(halves[i]), centre);
                sums[i] = _mm512_add_pd(sums[i], d);
                squares[i] = _mm512_fmadd_pd(d, d, squares[i]);
            }
        });
    }

    #[inline(always)]
    fn sum_f64(self, x: Self::D) -> f64 {
        proven!(_mm512_reduce_add_pd(_mm512_add_pd(x[0], x[1])))
    }

    #[inline(always)]
    fn exp_f64(self, x: &mut [f64; LANES]) {
        for x in x.as_chunks_mut::<8>().0 {
            proven!({
                let least = _mm512_set1_pd(LEAST);
                let given = _mm512_loadu_pd(x.as_ptr());
                let normal = _mm512_cmp_pd_mask::<_CMP_GE_OQ>(given, least);
                let given = _mm512_max_pd(given, least);
                let n = _mm512_mul_pd(given, _mm512_set1_pd(LOG2_E));
                let n = _mm512_roundscale_pd::<_MM_FROUND_TO_NEAREST_INT>(n);
                let f = _mm512_fnmadd_pd(n, _mm512_set1_pd(LN_2[0]), given);
                let f = _mm512_fnmadd_pd(n, _mm512_set1_pd(LN_2[1]), f);
                let mut y = _mm512_set1_pd(TAYLOR[13]);
                for &coefficient in TAYLOR[..13].iter().rev() {
                    y = _mm512_fmadd_pd(y, f, _mm512_set1_pd(coefficient));
                }
                _mm512_storeu_pd(x.as_mut_ptr(), _mm512_maskz_scalef_pd(normal, y, n));
            });
        }
    }
}

impl Simd for Avx2 {
    type F = [__m256; 2];
    type M = [__m256; 2];
    type D = [__m256d; 4];

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::F {
        let (halves, _) = from.as_chunks::<8>();
        proven!([_mm256_loadu_ps(halves[0].as_ptr()), _mm256_loadu_ps(halves[1].as_ptr())])
    }

    #[inline(always)]
    fn store(self, x: Self::F, to: &mut [f32; LANES]) {
        let (halves, _) = to.as_chunks_mut::<8>();
        proven!({
            _mm256_storeu_ps(halves[0].as_mut_ptr(), x[0]);
            _mm256_storeu_ps(halves[1].as_mut_ptr(), x[1]);
        });
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Self::F {
        proven!([_mm256_set1_ps(x); 2])
    }

    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        proven!([_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        proven!([_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        proven!([_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        proven!([_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])])
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        proven!([_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn clamp_exponent(self, x: Self::F) -> Self::F {
        self.max(x, self.splat(-126.0))
    }

    #[inline(always)]
    fn round(self, x: Self::F) -> Self::F {
        const MODE: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        proven!([_mm256_round_ps::<MODE>(x[0]), _mm256_round_ps::<MODE>(x[1])])
    }

    #[inline(always)]
    fn scale(self, x: Self::F, n: Self::F) -> Self::F {
        [scale(x[0], n[0]), scale(x[1], n[1])]
    }

    #[inline(always)]
    fn ge(self, a: Self::F, b: Self::F) -> Self::M {
        proven!([_mm256_cmp_ps::<_CMP_GE_OQ>(a[0], b[0]), _mm256_cmp_ps::<_CMP_GE_OQ>(a[1], b[1])])
    }

    #[inline(always)]
    fn and(self, a: Self::M, b: Self::M) -> Self::M {
        proven!([_mm256_and_ps(a[0], b[0]), _mm256_and_ps(a[1], b[1])])
    }

    #[inline(always)]
    fn bits(self, m: Self::M) -> u32 {
        let [low, high] = proven!([_mm256_movemask_ps(m[0]), _mm256_movemask_ps(m[1])]);
        (low | high << 8) as u32
    }

    #[inline(always)]
    fn add_where(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        self.add(a, self.and(b, m))
    }

    #[inline(always)]
    fn sum(self, x: Self::F) -> f32 {
        let mut lanes = [0.0; LANES];
        self.store(x, &mut lanes);
        for width in [8, 4, 2, 1] {
            for i in 0..width {
                lanes[i] += lanes[i + width];
            }
        }
        lanes[0]
    }

    #[inline(always)]
    fn select(self, m: Self::M, a: Self::F, b: Self::F) -> Self::F {
        proven!([_mm256_blendv_ps(b[0], a[0], m[0]), _mm256_blendv_ps(b[1], a[1], m[1])])
    }

    #[inline(always)]
    fn zero_f64(self) -> Self::D {
        proven!([_mm256_setzero_pd(); 4])
    }

    #[inline(always)]
    fn add_deviations(self, x: Self::F, centre: f64, sums: &mut Self::D, squares: &mut Self::D) {
        proven!({
            let centre = _mm256_set1_pd(centre);
            let quarters = [
                _mm256_castps256_ps128(x[0]),
                _mm256_extractf128_ps::<1>(x[0]),
                _mm256_castps256_ps128(x[1]),
                _mm256_extractf128_ps::<1>(x[1]),
            ];
            for i in 0..4 {
                let d = _mm256_sub_pd(_mm256_cvtps_pd(quarters[i]), centre);
                sums[i] = _mm256_add_pd(sums[i], d);
                squares[i] = _mm256_fmadd_pd(d, d, squares[i]);
            }
        });
    }

    #[inline(always)]
    fn sum_f64(self, x: Self::D) -> f64 {
        let mut lanes = [0.0; 4];
        proven!({
            let sum = _mm256_add_pd(_mm256_add_pd(x[0], x[1]), _mm256_add_pd(x[2], x[3]));
            _mm256_storeu_pd(lanes.as_mut_ptr(), sum);
        });
        (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
    }

    #[inline(always)]
    fn exp_f64(self, x: &mut [f64; LANES]) {
        for x in x.as_chunks_mut::<4>().0 {
            proven!({
                let (least, rounder) = (_mm256_set1_pd(LEAST), _mm256_set1_pd(ROUNDER));
                let given = _mm256_loadu_pd(x.as_ptr());
                let normal = _mm256_cmp_pd::<_CMP_GE_OQ>(given, least);
                let given = _mm256_max_pd(given, least);
                let shifted = _mm256_fmadd_pd(given, _mm256_set1_pd(LOG2_E), rounder);
                let n = _mm256_sub_pd(shifted, rounder);
                let f = _mm256_fnmadd_pd(n, _mm256_set1_pd(LN_2[0]), given);
                let f = _mm256_fnmadd_pd(n, _mm256_set1_pd(LN_2[1]), f);
                let mut y = _mm256_set1_pd(TAYLOR[13]);
                for &coefficient in TAYLOR[..13].iter().rev() {
                    y = _mm256_fmadd_pd(y, f, _mm256_set1_pd(coefficient));
                }
                let exponent = _mm256_slli_epi64::<52>(_mm256_castpd_si256(shifted));
                let y = _mm256_add_epi64(_mm256_castpd_si256(y), exponent);
                _mm256_storeu_pd(x.as_mut_ptr(), _mm256_and_pd(_mm256_castsi256_pd(y), normal));
            });
        }
    }
}

/// x·2ⁿ by adding n to the exponent.
#[inline(always)]
fn scale(x: __m256, n: __m256) -> __m256 {
    // SAFETY: only called by methods of `Avx2`, which proves that the instructions exist.
    unsafe {
        let exponent = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(n));
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), exponent))
    }
}
