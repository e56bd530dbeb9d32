//! Sine and cosine with the bits of glibc's `sinf` and `cosf` as they are without fused multiply-add.
//!
//! The trajectories of the reference were made with those functions, and a correctly rounded sine differs from them in
//! the last bit often enough to send a walker elsewhere. The method is that of Arm's optimized routines (MIT licence), which
//! glibc adopted in 2.28: the argument is reduced to [-π/4, π/4] by multiples of π/2 in `f64`, and minimax
//! polynomials in `f64` are rounded to `f32` once, at the end. The coefficients are theirs. One thing differs: the sine of
//! -0 is +0 here, which no later number but a zero's sign tells.

pub(super) const QUARTERS_PER_RADIAN: f64 = f64::from_bits(0x4164_5F30_6DC9_C883); // 2/π · 2²⁴
pub(super) const QUARTER: f64 = core::f64::consts::FRAC_PI_2;

/// Coefficients of cos x ≈ 1 + c₁x² + c₂x⁴ + c₃x⁶ + c₄x⁸.
pub(super) const COSINE: [f64; 4] = [
    f64::from_bits(0xBFDF_FFFF_FD0C_621C),
    f64::from_bits(0x3FA5_5553_E106_8F19),
    f64::from_bits(0xBF56_C087_E89A_359D),
    f64::from_bits(0x3EF9_9343_027B_F8C3),
];
/// Coefficients of sin x ≈ x + s₁x³ + s₂x⁵ + s₃x⁷.
pub(super) const SINE: [f64; 3] = [
    f64::from_bits(0xBFC5_5554_5995_A603),
    f64::from_bits(0x3F81_1076_0523_0BC4),
    f64::from_bits(0xBF29_94EB_3774_CF24),
];

/// Magnitudes below this many radians are reduced by one multiplication; greater ones need more bits of 4/π.
pub(super) const FAST_BELOW: f32 = 120.0;

/// Sine and cosine of an angle in radians; NaN for what is not finite.
#[inline(always)]
pub(crate) fn sin_cos(angle: f32) -> (f32, f32) {
    if angle.abs() < FAST_BELOW {
        let (rest, quarters) = reduce(f64::from(angle));
        evaluate(rest, quarters)
    } else {
        sin_cos_of_large(angle)
    }
}

/// The rest of an angle within half a quarter turn of zero, and the quarter turns taken from it.
#[inline(always)]
fn reduce(angle: f64) -> (f64, i32) {
    let quarters = ((angle * QUARTERS_PER_RADIAN) as i32 + 0x80_0000) >> 24;
    (angle - f64::from(quarters) * QUARTER, quarters)
}

#[inline(always)]
fn evaluate(rest: f64, quarters: i32) -> (f32, f32) {
    let square = rest * rest;
    // In the second and third quarter the rest changes its sign, in the third and fourth the cosine's coefficients do.
    let odd = if quarters & 3 == 1 || quarters & 3 == 2 { -rest } else { rest };
    let sine = {
        let cube = odd * square;
        let tail = SINE[1] + square * SINE[2];
        let seventh = cube * square;
        (odd + cube * SINE[0]) + seventh * tail
    };
    let cosine = {
        let fourth = square * square;
        let tail = COSINE[2] + square * COSINE[3];
        let head = 1.0 + square * COSINE[0];
        let sixth = fourth * square;
        (head + fourth * COSINE[1]) + sixth * tail
    };
    let cosine = if quarters & 2 == 0 { cosine } else { -cosine };
    if quarters & 1 == 0 { (sine as f32, cosine as f32) } else { (cosine as f32, sine as f32) }
}

/// Angles of 120 radians and more: the product with 4/π in 96 bits, of which the two highest are the quarter turns.
#[cold]
fn sin_cos_of_large(angle: f32) -> (f32, f32) {
    if !angle.is_finite() {
        return (f32::NAN, f32::NAN);
    }
    /// Bits of 4/π from the one of weight 2 on, eight at a step.
    const FOUR_OVER_PI: [u32; 24] = [
        0x0000_00A2,
        0x0000_A2F9,
        0x00A2_F983,
        0xA2F9_836E,
        0xF983_6E4E,
        0x836E_4E44,
        0x6E4E_4415,
        0x4E44_1529,
        0x4415_29FC,
        0x1529_FC27,
        0x29FC_2757,
        0xFC27_57D1,
        0x2757_D1F5,
        0x57D1_F534,
        0xD1F5_34DD,
        0xF534_DDC0,
        0x34DD_C0DB,
        0xDDC0_DB62,
        0xC0DB_6295,
        0xDB62_9599,
        0x6295_993C,
        0x9599_3C43,
        0x993C_4390,
        0x3C43_9041,
    ];
    const TURNS_TO_RADIANS: f64 = f64::from_bits(0x3C19_21FB_5444_2D18); // π · 2⁻⁶³
    let bits = angle.to_bits();
    let start = (bits >> 26 & 15) as usize;
    let mantissa = ((bits & 0xFF_FFFF) | 0x80_0000) << (bits >> 23 & 7);
    let high = u64::from(mantissa.wrapping_mul(FOUR_OVER_PI[start])) << 32;
    let middle = u64::from(mantissa) * u64::from(FOUR_OVER_PI[start + 4]);
    let low = u64::from(mantissa) * u64::from(FOUR_OVER_PI[start + 8]);
    let product = (low >> 32 | high).wrapping_add(middle);
    let quarters = product.wrapping_add(1 << 61) >> 62;
    let rest = product.wrapping_sub(quarters << 62) as i64 as f64 * TURNS_TO_RADIANS;
    let quarters = quarters as i32;
    // The magnitude was reduced; the sine of a negative angle is minus that of the magnitude.
    let (sine, cosine) = evaluate(rest, quarters);
    if angle < 0.0 { (-sine, cosine) } else { (sine, cosine) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::oracle::floats_between;
    use core::f32::consts::FRAC_PI_2;
    use proptest::prelude::*;

    /// The method's greatest error is 0.56 units of the last place, so it is at most one float off the exact value, rounded.
    fn assert_near_the_exact(angle: f32) {
        let (sin, cos) = sin_cos(angle);
        let (exact_sin, exact_cos) = f64::from(angle).sin_cos();
        assert!(floats_between(sin, exact_sin as f32) <= 1, "sine of {angle}: {sin}, not {exact_sin}");
        assert!(floats_between(cos, exact_cos as f32) <= 1, "cosine of {angle}: {cos}, not {exact_cos}");
    }

    proptest! {
        #[test]
        fn sine_and_cosine_are_at_most_one_float_off(
            angle in prop_oneof![-1.0..1.0_f32, -7.0..7.0_f32, -130.0..130.0_f32, -1e6..1e6_f32],
            of_any_size in prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO,
        ) {
            assert_near_the_exact(angle);
            assert_near_the_exact(of_any_size);
        }

        #[test]
        fn a_negative_angle_turns_the_sine_and_keeps_the_cosine(angle in prop::num::f32::NORMAL) {
            let ((sin, cos), (sin_back, cos_back)) = (sin_cos(angle), sin_cos(-angle));
            prop_assert_eq!((-sin).to_bits(), sin_back.to_bits());
            prop_assert_eq!(cos.to_bits(), cos_back.to_bits());
        }
    }

    #[test]
    fn quarters_and_the_bounds_between_the_methods_are_no_seams() {
        let eighths = (1..=200_i16)
            .flat_map(|eighth| [eighth, -eighth])
            .map(|eighth| f32::from(eighth) * (FRAC_PI_2 / 2.0));
        for bound in eighths.chain([FAST_BELOW, -FAST_BELOW]) {
            for step in -3..=3 {
                assert_near_the_exact(f32::from_bits(bound.to_bits().wrapping_add_signed(step)));
            }
        }
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
        assert_eq!(sin_cos(-0.0), (0.0, 1.0));
    }

    /// glibc 2.36's `sinf` and `cosf`, fused multiply-add switched off: bits of the angle, the sine and the cosine.
    #[test]
    fn results_are_those_of_glibc() {
        let golden = [
            // At least one of the two is not rounded correctly.
            (0xBE6C_125F, 0xBE69_FC77, 0x3F79_3A24),
            (0x3E6C_645A, 0x3E6A_4C46, 0x3F79_3574),
            (0x3CF5_11C0, 0x3CF5_0865, 0x3F7F_E2AD),
            (0xBF9A_CB32, 0xBF6F_74EC, 0x3EB5_119A),
            (0xBF80_8F51, 0xBF58_04FC, 0x3F09_5FB8),
            (0x3FB5_D6A6, 0x3F7D_1E4E, 0x3E19_35D1),
            (0xBFFF_E68F, 0xBF68_DCDF, 0xBED4_B4A5),
            (0xC0B3_9D83, 0x3F1F_039D, 0x3F48_A014),
            (0xC05B_21FC, 0x3E8E_A73E, 0xBF75_DCE0),
            (0xC18C_8F1E, 0x3F75_3A68, 0x3E92_F536),
            (0x42A2_1B2B, 0xBF16_7A94, 0x3F4F_1AA9),
            (0xC256_9D72, 0x3E7A_0BDE, 0xBF78_4020),
            (0x4315_60DD, 0xBF7D_0536, 0x3E1B_C77D),
            (0xC2F0_8D06, 0xBF47_B852, 0x3F20_2652),
            (0x4325_4880, 0x3F70_83F7, 0xBEAF_5DAC),
            (0x4CF5_6081, 0xBE9E_998D, 0x3F73_687C),
            (0xD236_ACE8, 0x3EAA_3B57, 0xBF71_6F96),
            (0xE3BA_95AD, 0xBE32_8A82, 0xBF7C_1429),
            (0x6A1D_818D, 0x3E61_6919, 0x3F79_B87A),
            // With fused multiply-add one of the two differs.
            (0x4255_B0A9, 0xBC7D_08A8, 0xBF7F_F82F),
            (0xC1BC_76D9, 0x3F7F_FF80, 0xBB80_3F6A),
            (0xC2CF_5854, 0xB82E_E64F, 0xBF80_0000),
            (0xC2A3_5C07, 0x3ADA_A3B5, 0x3F7F_FFE9),
            (0x42D8_D23E, 0x3F7F_EA63, 0xBCD2_5EA7),
        ];
        for (bits, expected_sin, expected_cos) in golden {
            let angle = f32::from_bits(bits);
            let (sin, cos) = sin_cos(angle);
            assert_eq!((sin.to_bits(), cos.to_bits()), (expected_sin, expected_cos), "at {angle}");
        }
    }

    #[test]
    fn what_is_not_finite_has_neither_sine_nor_cosine() {
        for angle in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (sin, cos) = sin_cos(angle);
            assert!(sin.is_nan() && cos.is_nan());
        }
    }
}
