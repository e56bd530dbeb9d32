//! Sixteen lanes in a register of AVX-512. Its masks are registers of their own, and choosing by one costs nothing.

use crate::physics::lanes::{Lanes, Mask};
use crate::physics::trigonometry::{self, COSINE, FAST_BELOW, QUARTER, QUARTERS_PER_RADIAN, SINE};
use core::arch::x86_64::*;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Sixteen numbers in a register.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

/// Sixteen truth values, a bit for each.
#[derive(Clone, Copy)]
pub(crate) struct Avx512Mask(__mmask16);

macro_rules! lanewise {
    ($operation:ident, $method:ident, $instruction:ident) => {
        impl $operation for Avx512 {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $instruction(self.0, other.0) })
            }
        }
    };
}

lanewise!(Add, add, _mm512_add_ps);
lanewise!(Sub, sub, _mm512_sub_ps);
lanewise!(Mul, mul, _mm512_mul_ps);
lanewise!(Div, div, _mm512_div_ps);

impl Neg for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { flip(self.0, _mm512_set1_epi32(i32::MIN)) })
    }
}

impl Lanes for Avx512 {
    type Mask = Avx512Mask;
    const COUNT: usize = 16;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn lane(self, index: usize) -> f32 {
        as_array(self.0)[index]
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: f32) {
        as_array_mut(&mut self.0)[index] = value;
    }

    #[inline(always)]
    fn less(self, other: Self) -> Avx512Mask {
        // SAFETY: see the module.
        Avx512Mask(unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.0, other.0) })
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> Avx512Mask {
        // SAFETY: see the module.
        Avx512Mask(unsafe { _mm512_cmp_ps_mask::<_CMP_LE_OQ>(self.0, other.0) })
    }

    #[inline(always)]
    fn same(self, other: Self) -> Avx512Mask {
        // SAFETY: see the module.
        Avx512Mask(unsafe {
            _mm512_cmpeq_epi32_mask(_mm512_castps_si512(self.0), _mm512_castps_si512(other.0))
        })
    }

    #[inline(always)]
    fn select(mask: Avx512Mask, yes: Self, no: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm512_mask_blend_ps(mask.0, no.0, yes.0) })
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        // SAFETY: see the module. The instruction gives its second operand for equal and for incomparable lanes.
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // SAFETY: see the module. The instruction gives its second operand for equal and for incomparable lanes.
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm512_sqrt_ps(self.0) })
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        // SAFETY: see the module.
        unsafe {
            let magnitude = _mm512_abs_ps(self.0);
            if _mm512_cmp_ps_mask::<_CMP_LT_OQ>(magnitude, _mm512_set1_ps(FAST_BELOW)) != u16::MAX {
                return sin_cos_by_lane(self);
            }
            let (low_sin, low_cos) = sin_cos_of_eight(_mm512_castps512_ps256(self.0));
            let high = _mm512_castpd_ps(_mm512_shuffle_f64x2::<0b11_10_11_10>(
                _mm512_castps_pd(self.0),
                _mm512_castps_pd(self.0),
            ));
            let (high_sin, high_cos) = sin_cos_of_eight(_mm512_castps512_ps256(high));
            (Self(joined(low_sin, high_sin)), Self(joined(low_cos, high_cos)))
        }
    }
}

/// Flips bits of floats.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn flip(floats: __m512, bits: __m512i) -> __m512 {
    // SAFETY: see above.
    unsafe { _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(floats), bits)) }
}

/// Two halves as a register.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn joined(low: __m256, high: __m256) -> __m512 {
    // SAFETY: see above.
    unsafe {
        _mm512_castpd_ps(_mm512_insertf64x4::<1>(
            _mm512_castps_pd(_mm512_castps256_ps512(low)),
            _mm256_castps_pd(high),
        ))
    }
}

/// Sines and cosines of eight angles below the fast bound, as [`trigonometry::sin_cos`] computes them.
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
unsafe fn sin_cos_of_eight(angles: __m256) -> (__m256, __m256) {
    // SAFETY: see above.
    unsafe {
        let angle = _mm512_cvtps_pd(angles);
        let scaled = _mm512_cvttpd_epi32(_mm512_mul_pd(angle, _mm512_set1_pd(QUARTERS_PER_RADIAN)));
        let quarters = _mm256_srai_epi32::<24>(_mm256_add_epi32(scaled, _mm256_set1_epi32(0x80_0000)));
        let rest = _mm512_sub_pd(angle, _mm512_mul_pd(_mm512_cvtepi32_pd(quarters), _mm512_set1_pd(QUARTER)));

        let quarters = _mm512_cvtepi32_epi64(quarters);
        let (one, two) = (_mm512_set1_epi64(1), _mm512_set1_epi64(2));
        let sign_of_sine = _mm512_slli_epi64::<62>(_mm512_and_si512(_mm512_add_epi64(quarters, one), two));
        let sign_of_cosine = _mm512_slli_epi64::<62>(_mm512_and_si512(quarters, two));
        let swap = _mm512_test_epi64_mask(quarters, one);
        let signed = |value, sign| _mm512_castsi512_pd(_mm512_xor_si512(_mm512_castpd_si512(value), sign));

        let square = _mm512_mul_pd(rest, rest);
        let odd = signed(rest, sign_of_sine);
        let cube = _mm512_mul_pd(odd, square);
        let tail = _mm512_add_pd(_mm512_set1_pd(SINE[1]), _mm512_mul_pd(square, _mm512_set1_pd(SINE[2])));
        let head = _mm512_add_pd(odd, _mm512_mul_pd(cube, _mm512_set1_pd(SINE[0])));
        let sine = _mm512_add_pd(head, _mm512_mul_pd(_mm512_mul_pd(cube, square), tail));

        let fourth = _mm512_mul_pd(square, square);
        let tail = _mm512_add_pd(_mm512_set1_pd(COSINE[2]), _mm512_mul_pd(square, _mm512_set1_pd(COSINE[3])));
        let head = _mm512_add_pd(_mm512_set1_pd(1.0), _mm512_mul_pd(square, _mm512_set1_pd(COSINE[0])));
        let head = _mm512_add_pd(head, _mm512_mul_pd(fourth, _mm512_set1_pd(COSINE[1])));
        let cosine = _mm512_add_pd(head, _mm512_mul_pd(_mm512_mul_pd(fourth, square), tail));
        let cosine = signed(cosine, sign_of_cosine);

        (
            _mm512_cvtpd_ps(_mm512_mask_blend_pd(swap, sine, cosine)),
            _mm512_cvtpd_ps(_mm512_mask_blend_pd(swap, cosine, sine)),
        )
    }
}

#[cold]
fn sin_cos_by_lane(angles: Avx512) -> (Avx512, Avx512) {
    let (mut sin, mut cos) = (angles, angles);
    for lane in 0..16 {
        let both = trigonometry::sin_cos(angles.lane(lane));
        sin.set_lane(lane, both.0);
        cos.set_lane(lane, both.1);
    }
    (sin, cos)
}

impl BitAnd for Avx512Mask {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Avx512Mask {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Not for Avx512Mask {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl Mask for Avx512Mask {
    const COUNT: usize = 16;

    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self(if value { u16::MAX } else { 0 })
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: bool) {
        self.0 = self.0 & !(1 << index) | u16::from(value) << index;
    }

    #[inline(always)]
    fn lane(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    #[inline(always)]
    fn all(self) -> bool {
        self.0 == u16::MAX
    }

    #[inline(always)]
    fn any(self) -> bool {
        self.0 != 0
    }
}

#[inline(always)]
fn as_array(register: __m512) -> [f32; 16] {
    // SAFETY: a register is sixteen floats, and every pattern of bits is one.
    unsafe { core::mem::transmute(register) }
}

#[inline(always)]
fn as_array_mut(register: &mut __m512) -> &mut [f32; 16] {
    // SAFETY: as above; the reference keeps its lifetime and the register is aligned for floats.
    unsafe { &mut *(core::ptr::from_mut(register).cast()) }
}
