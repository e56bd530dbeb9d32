//! The hyperbolic tangent of many numbers at once.

/// Beyond this the tangent is 1 to the last bit of an `f32`.
const SATURATED: f32 = 7.905_311;

/// Replaces each number by its hyperbolic tangent, to within 5e-7.
///
/// A rational approximation, odd polynomial over even one, without branches, so that the compiler makes it a few instructions for
/// several numbers at once; the coefficients are those of the Eigen library (`generic_fast_tanh_float`).
pub(super) fn tanh(values: &mut [f32]) {
    for value in values {
        *value = one(*value);
    }
}

#[inline(always)]
fn one(value: f32) -> f32 {
    let x = value.clamp(-SATURATED, SATURATED);
    let square = x * x;
    let mut above = -2.760_768_5e-16;
    for coefficient in
        [2.000_188e-13, -8.604_672e-11, 5.122_297_1e-8, 1.485_722_4e-5, 6.372_619_3e-4, 4.893_524_6e-3]
    {
        above = above * square + coefficient;
    }
    let mut below = 1.198_258_4e-6;
    for coefficient in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3] {
        below = below * square + coefficient;
    }
    x * above / below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hyperbolic_tangent() {
        let mut worst = 0.0_f64;
        for step in -120_000..=120_000 {
            let value = step as f32 * 1e-4;
            worst = worst.max((f64::from(one(value)) - f64::from(value).tanh()).abs());
        }
        assert!(worst < 5e-7, "{worst}");
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let mut values = [f32::NAN, 0.0, f32::INFINITY, f32::NEG_INFINITY];
        tanh(&mut values);
        assert!(values[0].is_nan());
        assert!(values[1].abs() < f32::MIN_POSITIVE);
        assert!((values[2] - 1.0).abs() < 1e-6 && (values[3] + 1.0).abs() < 1e-6, "{values:?}");
    }
}
