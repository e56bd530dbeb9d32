//! Exponential, logarithm and normal deviates with the same bits on every machine.
//!
//! The standard library leaves `exp` and `ln` to the platform, whose versions differ in the last bit (glibc
//! alone picks among several by processor). These routines use nothing but the exactly rounded operations `+
//! − × ÷ √` and integer arithmetic on the bits, in a fixed order, and have no branch, so that the compiler
//! can run them over lanes.
//!
//! The idea and the coefficients are those of FreeBSD's msun (`e_exp.c`, `e_log.c`, Sun Microsystems 1993),
//! which the `libm` crate follows too: reduce by powers of two, then a minimax polynomial. The tests compare
//! with `libm`.

use rand::Rng;

/// Adding and subtracting it rounds a number of magnitude below 2⁵¹ to the nearest integer.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the high one has trailing zeros, so that its product with an exponent is exact.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Returns eˣ for x in [−708, 709]; at most 1 unit in the last place from the true value.
///
/// Outside that range the result is meaningless (not an error): callers clamp.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUNDER;
    let exponent = shifted - ROUNDER;
    let high = x - exponent * LN_2_HIGH;
    let low = exponent * LN_2_LOW;
    let r = high - low;
    let rr = r * r;
    let c = r - rr
        * (0.166_666_666_666_666_02
            + rr * (-0.002_777_777_777_701_559_3
                + rr * (6.613_756_321_437_934e-5
                    + rr * (-1.653_390_220_546_525_2e-6 + rr * 4.138_136_797_057_238_5e-8))));
    let mantissa = 1.0 + (r * c / (2.0 - c) - low + high);
    // The low bits of `shifted` hold the integer; moved to the exponent field they scale by a power of two.
    f64::from_bits(mantissa.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// Returns ln x for positive normal x; at most 1 unit in the last place from the true value.
///
/// For zero, negative, subnormal and infinite x the result is meaningless (not an error).
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    /// The bits of √½: the mantissa is taken from [√½, √2).
    const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    let bits = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    // An integer below 2¹² written into the mantissa of 2⁵² is that integer as a float.
    let exponent = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + SQRT_HALF) - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
    let odd = z
        * (0.666_666_666_666_673_5
            + w * (0.285_714_287_436_623_9 + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86)));
    s * (half_square + even + odd) + exponent * LN_2_LOW - half_square + f + exponent * LN_2_HIGH
}

/// Draws a number uniformly from [0, 1), a multiple of 2⁻⁵³.
pub(super) fn uniform(rng: &mut dyn Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// Fills `out` with independent standard normal deviates.
///
/// Marsaglia's polar method, in pairs; an odd last one drops its partner, so that no state outlives the call.
/// (rand_distr's normal is not used: its `exp` and `ln` are the platform's as soon as any crate of the build
/// turns on `num-traits/std`, and ndarray does.)
pub(crate) fn fill_standard_normal(out: &mut [f64], rng: &mut dyn Rng) {
    for pair in out.chunks_mut(2) {
        let (u, v, square) = loop {
            let u = 2.0 * uniform(rng) - 1.0;
            let v = 2.0 * uniform(rng) - 1.0;
            let square = u * u + v * v;
            if square > 0.0 && square < 1.0 {
                break (u, v, square);
            }
        };
        let scale = (-2.0 * ln(square) / square).sqrt();
        pair[0] = u * scale;
        if let Some(second) = pair.get_mut(1) {
            *second = v * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn units_apart(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    fn exp_is_within_two_units_of_libm() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for i in 0..400_000 {
            let x = match i % 3 {
                0 => 1416.0 * uniform(&mut rng) - 708.0,
                1 => -300.0 * uniform(&mut rng),
                _ => 2.0 * uniform(&mut rng) - 1.0,
            };
            assert!(units_apart(exp(x), libm::exp(x)) <= 2, "exp({x:e})");
        }
        for x in [0.0, -0.0, 1.0, -1.0, -708.0, 709.0, -300.0, 1e-300, -1e-17] {
            assert!(units_apart(exp(x), libm::exp(x)) <= 2, "exp({x:e})");
        }
        assert_eq!(exp(0.0).to_bits(), 1f64.to_bits());
    }

    #[test]
    fn ln_is_within_two_units_of_libm() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for i in 0..400_000 {
            let x = match i % 3 {
                0 => libm::exp(1400.0 * uniform(&mut rng) - 700.0),
                1 => 1.0 + 10.0 * uniform(&mut rng),
                _ => 0.5 + uniform(&mut rng),
            };
            assert!(units_apart(ln(x), libm::log(x)) <= 2, "ln({x:e})");
        }
        for x in [f64::MIN_POSITIVE, 0.5, 2.0, 1e308, 1.0 + f64::EPSILON, 1.0 - f64::EPSILON] {
            assert!(units_apart(ln(x), libm::log(x)) <= 2, "ln({x:e})");
        }
        assert_eq!(ln(1.0).to_bits(), 0);
    }

    #[test]
    fn known_bits_do_not_change() {
        // Equal on every machine and in every build: a change here changes every curriculum.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut hash = 0u64;
        for _ in 0..10_000 {
            let x = uniform(&mut rng);
            for bits in [exp(-300.0 * x).to_bits(), ln(1.0 + 9.0 * x).to_bits()] {
                hash = hash.wrapping_mul(0x0100_0000_01b3) ^ bits;
            }
        }
        assert_eq!(hash, 0x908a_dad9_d243_57d9, "{hash:#x}");
    }

    #[test]
    fn normal_deviates_have_the_moments_of_the_standard_normal() {
        let mut deviates = vec![0.0; 200_001];
        fill_standard_normal(&mut deviates, &mut ChaCha8Rng::seed_from_u64(4));
        let n = deviates.len() as f64;
        let moment = |power| deviates.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / n;
        assert!(moment(1).abs() < 0.01);
        assert!((moment(2) - 1.0).abs() < 0.02);
        assert!(moment(3).abs() < 0.05);
        assert!((moment(4) - 3.0).abs() < 0.1);
    }
}
