//! Axes: where a value lies, and where its numbers stand.

/// Something that is measured, from its lowest to its highest value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    /// What it is called.
    pub(crate) name: String,
    /// Lowest value.
    pub(crate) low: f64,
    /// Highest value, above the lowest.
    pub(crate) high: f64,
    /// How values lie between them.
    pub(crate) scale: Scale,
}

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Evenly.
    Linear,
    /// Their logarithms evenly; all are above 0.
    Logarithmic,
    /// Whole numbers, each with an equal share of the axis.
    Integer,
}

/// A place with a number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// Where it is, 0 to 1.
    pub(crate) share: f64,
    /// The number.
    pub(crate) label: String,
}

impl Axis {
    /// Where a value lies: 0 at the low end, 1 at the high one.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0),
            Scale::Logarithmic => (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln()),
            Scale::Integer => (value - self.low + 0.5) / (self.high - self.low + 1.0),
        };
        if share.is_finite() { share } else { 0.0 }
    }

    /// How long the axis is, in the units of standard deviations along it: of the value, or of its logarithm.
    pub(crate) fn length(&self) -> f64 {
        match self.scale {
            Scale::Linear => self.high - self.low,
            Scale::Logarithmic => self.high.ln() - self.low.ln(),
            Scale::Integer => self.high - self.low + 1.0,
        }
    }

    /// Round numbers to read values off, as many as asked for or fewer, at least one.
    pub(crate) fn ticks(&self, most: usize) -> Vec<Tick> {
        let most = most.max(1);
        let ticks = match self.scale {
            Scale::Linear => self.linear_ticks(most, 0.0),
            Scale::Integer => self.linear_ticks(most, 1.0),
            Scale::Logarithmic => self.logarithmic_ticks(most),
        };
        if ticks.is_empty() {
            return vec![Tick { share: self.share(self.low), label: label(self.low, self.high - self.low) }];
        }
        ticks
    }

    fn linear_ticks(&self, most: usize, least_step: f64) -> Vec<Tick> {
        let span = self.high - self.low;
        if !span.is_finite() {
            return Vec::new();
        }
        let step = round_step(span / most as f64, least_step);
        let (first, last) = ((self.low / step).ceil(), (self.high / step + 1e-9).floor());
        // Beyond 2^53 steps from zero a number is as good as its neighbours.
        if last - first > 2.0 * most as f64 || first.abs() > 9e15 {
            return Vec::new();
        }
        let count = (last - first) as usize + 1;
        (0..count)
            .map(|index| {
                let value = (first + index as f64) * step;
                Tick { share: self.share(value), label: label(value, step) }
            })
            .collect()
    }

    /// Powers of ten, and 2 and 5 between them where they are few.
    fn logarithmic_ticks(&self, most: usize) -> Vec<Tick> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let within = |&value: &f64| value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9);
        let values = |mantissas: &'static [f64], every: i32| -> Vec<f64> {
            (first..=last)
                .filter(|power| power.rem_euclid(every) == 0)
                .flat_map(|power| mantissas.iter().map(move |mantissa| mantissa * 10_f64.powi(power)))
                .filter(within)
                .collect()
        };
        let finer = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0]].map(|mantissas| values(mantissas, 1));
        let coarser = (1..=(last - first).max(1)).map(|every| values(&[1.0], every));
        let fitting = finer.into_iter().chain(coarser).find(|values| values.len() <= most);
        let found = fitting.unwrap_or_default();
        if found.len() < 2 {
            // Less than a decade: as on an even axis.
            let even = Axis { scale: Scale::Linear, ..self.clone() };
            let ticks = even.linear_ticks(most.min(4), 0.0);
            let value = |tick: &Tick| self.low + tick.share * (self.high - self.low);
            return ticks.into_iter().map(|tick| Tick { share: self.share(value(&tick)), ..tick }).collect();
        }
        found.iter().map(|&value| Tick { share: self.share(value), label: power_label(value) }).collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below.
fn round_step(least: f64, floor: f64) -> f64 {
    let least = least.max(floor).max(f64::MIN_POSITIVE);
    let power = 10_f64.powi(least.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0].map(|mantissa| mantissa * power).into_iter();
    step.clone().find(|&step| step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

/// A number with the decimals that its step asks for.
fn label(value: f64, step: f64) -> String {
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    let decimals = (-step.log10().floor()).clamp(0.0, 400.0) as usize;
    let written = if value == 0.0 && decimals > 5 {
        "0".to_owned()
    } else if value.abs() >= 1e6 || decimals > 5 {
        // As many digits as tell it from the next one.
        let digits = (value.abs().log10().floor() - step.log10().floor()).clamp(0.0, 15.0) as usize;
        trimmed(&format!("{value:.digits$e}"))
    } else {
        format!("{value:.decimals$}")
    };
    written.replace('-', "−")
}

fn power_label(value: f64) -> String {
    let written = if (1e-4..1e6).contains(&value) {
        let decimals = (-value.log10().floor()).max(0.0) as usize;
        format!("{value:.decimals$}")
    } else {
        trimmed(&format!("{value:.1e}"))
    };
    written.replace('-', "−")
}

/// Without the zeros at the end of a mantissa.
fn trimmed(written: &str) -> String {
    match written.split_once('e') {
        Some((mantissa, power)) if mantissa.contains('.') => {
            format!("{}e{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, scale: Scale) -> Axis {
        Axis { name: String::new(), low, high, scale }
    }

    #[test]
    fn ticks_are_round_numbers_in_the_units_of_the_axis() {
        for (low, high, scale, most, expected) in [
            (0.0, 3.0, Scale::Linear, 6, "0.0 0.5 1.0 1.5 2.0 2.5 3.0"),
            (0.0, 1.0, Scale::Linear, 5, "0.0 0.2 0.4 0.6 0.8 1.0"),
            (-150.0, 350.0, Scale::Linear, 5, "−100 0 100 200 300"),
            (0.0, 2e-9, Scale::Linear, 4, "0 5e−10 1e−9 1.5e−9 2e−9"),
            (1e9, 1e9 + 1.0, Scale::Linear, 2, "1e9 1.0000000005e9 1.000000001e9"),
            (1.0, 5.0, Scale::Integer, 10, "1 2 3 4 5"),
            (0.0, 1.0, Scale::Integer, 10, "0 1"),
            (0.0, 100.0, Scale::Integer, 5, "0 20 40 60 80 100"),
            (1e-4, 1.0, Scale::Logarithmic, 6, "0.0001 0.001 0.01 0.1 1"),
            (1e-4, 1.0, Scale::Logarithmic, 3, "0.0001 0.01 1"),
            (1e-9, 1e9, Scale::Logarithmic, 4, "1e−5 1 100000"),
            (1.0, 100.0, Scale::Logarithmic, 8, "1 2 5 10 20 50 100"),
            (20.0, 40.0, Scale::Logarithmic, 4, "20 25 30 35 40"),
        ] {
            let axis = axis(low, high, scale);
            let ticks = axis.ticks(most);
            let labels: Vec<&str> = ticks.iter().map(|tick| tick.label.as_str()).collect();
            assert_eq!(labels.join(" "), expected);
            assert!(ticks.iter().all(|tick| (-1e-6..=1.000_001).contains(&tick.share)), "{ticks:?}");
        }
    }

    #[test]
    fn no_axis_is_too_large_or_small() {
        let bounds = [f64::MIN_POSITIVE, 1e-300, 1e-5, 1.0, 1e5, 1e15, 9e15, 1e300, f64::MAX];
        for scale in [Scale::Linear, Scale::Logarithmic, Scale::Integer] {
            for (index, &low) in bounds.iter().enumerate() {
                for &high in &bounds[index + 1..] {
                    for (low, high) in [(low, high), (-high, low), (-high, -low)] {
                        if scale == Scale::Logarithmic && low <= 0.0 {
                            continue;
                        }
                        let axis = axis(low, high, scale);
                        let ticks = axis.ticks(5);
                        assert!((1..=11).contains(&ticks.len()), "{axis:?} {ticks:?}");
                        for value in [low, high, f64::midpoint(low, high)] {
                            let share = axis.share(value);
                            assert!((-1e-9..=1.0 + 1e-9).contains(&share), "{axis:?} {value} {share}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn values_lie_where_their_scale_puts_them() {
        for (low, high, scale, value, expected) in [
            (0.0, 4.0, Scale::Linear, 1.0, 0.25),
            (1e-4, 1.0, Scale::Logarithmic, 1e-2, 0.5),
            (1.0, 4.0, Scale::Integer, 1.0, 0.125),
            (1.0, 4.0, Scale::Integer, 4.0, 0.875),
        ] {
            assert!((axis(low, high, scale).share(value) - expected).abs() < 1e-12);
        }
    }
}
