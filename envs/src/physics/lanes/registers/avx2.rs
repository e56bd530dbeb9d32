//! Eight lanes in a register of AVX2.

use crate::physics::lanes::{Lanes, Mask};
use crate::physics::trigonometry::{self, COSINE, FAST_BELOW, QUARTER, QUARTERS_PER_RADIAN, SINE};
use core::arch::x86_64::*;
use core::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

/// Eight numbers in a register.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

/// Eight truth values in a register: all bits of a lane or none.
#[derive(Clone, Copy)]
pub(crate) struct Avx2Mask(__m256);

macro_rules! lanewise {
    ($operation:ident, $method:ident, $instruction:ident) => {
        impl $operation for Avx2 {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see the module.
                Self(unsafe { $instruction(self.0, other.0) })
            }
        }
    };
}

lanewise!(Add, add, _mm256_add_ps);
lanewise!(Sub, sub, _mm256_sub_ps);
lanewise!(Mul, mul, _mm256_mul_ps);
lanewise!(Div, div, _mm256_div_ps);

impl Neg for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_xor_ps(self.0, _mm256_set1_ps(-0.0)) })
    }
}

impl Lanes for Avx2 {
    type Mask = Avx2Mask;
    const COUNT: usize = 8;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_set1_ps(value) })
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
    fn less(self, other: Self) -> Avx2Mask {
        // SAFETY: see the module.
        Avx2Mask(unsafe { _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, other.0) })
    }

    #[inline(always)]
    fn at_most(self, other: Self) -> Avx2Mask {
        // SAFETY: see the module.
        Avx2Mask(unsafe { _mm256_cmp_ps::<_CMP_LE_OQ>(self.0, other.0) })
    }

    #[inline(always)]
    fn same(self, other: Self) -> Avx2Mask {
        // SAFETY: see the module.
        Avx2Mask(unsafe {
            let (one, two) = (_mm256_castps_si256(self.0), _mm256_castps_si256(other.0));
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(one, two))
        })
    }

    #[inline(always)]
    fn select(mask: Avx2Mask, yes: Self, no: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_blendv_ps(no.0, yes.0, mask.0) })
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        // SAFETY: see the module. The instruction gives its second operand for equal and for incomparable lanes.
        Self(unsafe { _mm256_min_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // SAFETY: see the module. The instruction gives its second operand for equal and for incomparable lanes.
        Self(unsafe { _mm256_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_sqrt_ps(self.0) })
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        // SAFETY: see the module.
        unsafe {
            let magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0);
            let fast = _mm256_cmp_ps::<_CMP_LT_OQ>(magnitude, _mm256_set1_ps(FAST_BELOW));
            if _mm256_movemask_ps(fast) != 0xFF {
                return sin_cos_by_lane(self);
            }
            let (low_sin, low_cos) = sin_cos_of_four(_mm256_castps256_ps128(self.0));
            let (high_sin, high_cos) = sin_cos_of_four(_mm256_extractf128_ps::<1>(self.0));
            (Self(_mm256_set_m128(high_sin, low_sin)), Self(_mm256_set_m128(high_cos, low_cos)))
        }
    }
}

/// Sines and cosines of four angles below the fast bound, as [`trigonometry::sin_cos`] computes them.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn sin_cos_of_four(angles: __m128) -> (__m128, __m128) {
    // SAFETY: see above.
    unsafe {
        let angle = _mm256_cvtps_pd(angles);
        let scaled = _mm256_cvttpd_epi32(_mm256_mul_pd(angle, _mm256_set1_pd(QUARTERS_PER_RADIAN)));
        let quarters = _mm_srai_epi32::<24>(_mm_add_epi32(scaled, _mm_set1_epi32(0x80_0000)));
        let rest = _mm256_sub_pd(angle, _mm256_mul_pd(_mm256_cvtepi32_pd(quarters), _mm256_set1_pd(QUARTER)));

        let quarters = _mm256_cvtepi32_epi64(quarters);
        let next = _mm256_add_epi64(quarters, _mm256_set1_epi64x(1));
        let two = _mm256_set1_epi64x(2);
        let sign_of_sine = _mm256_castsi256_pd(_mm256_slli_epi64::<62>(_mm256_and_si256(next, two)));
        let sign_of_cosine = _mm256_castsi256_pd(_mm256_slli_epi64::<62>(_mm256_and_si256(quarters, two)));
        let swap = _mm256_castsi256_pd(_mm256_slli_epi64::<63>(quarters));

        let square = _mm256_mul_pd(rest, rest);
        let odd = _mm256_xor_pd(rest, sign_of_sine);
        let cube = _mm256_mul_pd(odd, square);
        let tail = _mm256_add_pd(_mm256_set1_pd(SINE[1]), _mm256_mul_pd(square, _mm256_set1_pd(SINE[2])));
        let head = _mm256_add_pd(odd, _mm256_mul_pd(cube, _mm256_set1_pd(SINE[0])));
        let sine = _mm256_add_pd(head, _mm256_mul_pd(_mm256_mul_pd(cube, square), tail));

        let fourth = _mm256_mul_pd(square, square);
        let tail = _mm256_add_pd(_mm256_set1_pd(COSINE[2]), _mm256_mul_pd(square, _mm256_set1_pd(COSINE[3])));
        let head = _mm256_add_pd(_mm256_set1_pd(1.0), _mm256_mul_pd(square, _mm256_set1_pd(COSINE[0])));
        let head = _mm256_add_pd(head, _mm256_mul_pd(fourth, _mm256_set1_pd(COSINE[1])));
        let cosine = _mm256_add_pd(head, _mm256_mul_pd(_mm256_mul_pd(fourth, square), tail));
        let cosine = _mm256_xor_pd(cosine, sign_of_cosine);

        (
            _mm256_cvtpd_ps(_mm256_blendv_pd(sine, cosine, swap)),
            _mm256_cvtpd_ps(_mm256_blendv_pd(cosine, sine, swap)),
        )
    }
}

#[cold]
fn sin_cos_by_lane(angles: Avx2) -> (Avx2, Avx2) {
    let (mut sin, mut cos) = (angles, angles);
    for lane in 0..8 {
        let both = trigonometry::sin_cos(angles.lane(lane));
        sin.set_lane(lane, both.0);
        cos.set_lane(lane, both.1);
    }
    (sin, cos)
}

impl BitAnd for Avx2Mask {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_and_ps(self.0, other.0) })
    }
}

impl BitOr for Avx2Mask {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_or_ps(self.0, other.0) })
    }
}

impl Not for Avx2Mask {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_xor_ps(self.0, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) })
    }
}

impl Mask for Avx2Mask {
    const COUNT: usize = 8;

    #[inline(always)]
    fn splat(value: bool) -> Self {
        // SAFETY: see the module.
        Self(unsafe { _mm256_castsi256_ps(_mm256_set1_epi32(if value { -1 } else { 0 })) })
    }

    #[inline(always)]
    fn set_lane(&mut self, index: usize, value: bool) {
        as_array_mut(&mut self.0)[index] = f32::from_bits(if value { u32::MAX } else { 0 });
    }

    #[inline(always)]
    fn lane(self, index: usize) -> bool {
        as_array(self.0)[index].to_bits() != 0
    }

    #[inline(always)]
    fn all(self) -> bool {
        // SAFETY: see the module.
        unsafe { _mm256_movemask_ps(self.0) == 0xFF }
    }

    #[inline(always)]
    fn any(self) -> bool {
        // SAFETY: see the module.
        unsafe { _mm256_movemask_ps(self.0) != 0 }
    }
}

#[inline(always)]
fn as_array(register: __m256) -> [f32; 8] {
    // SAFETY: a register is eight floats, and every pattern of bits is one.
    unsafe { core::mem::transmute(register) }
}

#[inline(always)]
fn as_array_mut(register: &mut __m256) -> &mut [f32; 8] {
    // SAFETY: as above; the reference keeps its lifetime and the register is aligned for floats.
    unsafe { &mut *(core::ptr::from_mut(register).cast()) }
}
