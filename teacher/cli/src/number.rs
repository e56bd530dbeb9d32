//! Numbers as people read them; programs get every digit as JSON.

/// Powers of ten from which on a number is written with an exponent.
const EXPONENTS: std::ops::Range<i32> = -4..7;

/// A number with as many significant digits at the most.
pub(crate) fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let exponent = power_of_ten(value);
    if !EXPONENTS.contains(&exponent) {
        let written = format!("{value:.*e}", (digits - 1).max(0) as usize);
        return match written.split_once('e') {
            Some((mantissa, power)) if mantissa.contains('.') => {
                format!("{}e{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => written,
        };
    }
    let decimals = (digits - 1 - exponent).max(0) as usize;
    let written = format!("{value:.decimals$}");
    if decimals == 0 {
        return written;
    }
    written.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number among others of a range with the same decimals for all: a thousandth of the range or finer.
pub(crate) fn within(value: f64, low: f64, high: f64) -> String {
    let range = high - low;
    let largest = low.abs().max(high.abs());
    if range <= 0.0 || largest >= 1e7 || power_of_ten(range) < EXPONENTS.start {
        return format!("{value:.3e}");
    }
    format!("{value:.*}", (3 - power_of_ten(range)).clamp(0, 6) as usize)
}

fn power_of_ten(value: f64) -> i32 {
    libm::floor(libm::log10(value.abs())) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.123456789, "-0.123457"),
            (123_456.789, "123457"),
            (1_234_567.8, "1234568"),
            (0.5, "0.5"),
            (100.0, "100"),
            (1e-9, "1e-9"),
            (-2.5e12, "-2.5e12"),
        ] {
            assert_eq!(significant(value, 6), expected);
        }
    }

    #[test]
    fn numbers_of_a_range_share_their_decimals() {
        for (value, low, high, expected) in [
            (0.5, 0.0, 1.0, "0.500"),
            (2.95, 0.0, 3.0, "2.950"),
            (99.9, -150.0, 350.0, "99.9"),
            (3.25, 0.0, 5000.0, "3"),
            (0.000_5, 0.0, 0.001, "0.000500"),
            (2e-9, 0.0, 1e-6, "2.000e-9"),
            (5e8, 0.0, 1e9, "5.000e8"),
        ] {
            assert_eq!(within(value, low, high), expected, "{value} in {low} to {high}");
        }
    }
}
