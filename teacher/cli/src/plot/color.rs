//! Colours: a scale that is read without telling red from green, and what surrounds the data.

use std::fmt::Write;

use super::svg::{Ink, Medium};

/// Viridis by Stéfan van der Walt and Nathaniel Smith (CC0), at nine places from dark to bright; straight lines between them
/// are off by less than 2 %.
const VIRIDIS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];
/// Colours that are told apart without telling red from green (after Okabe and Ito, "Color Universal Design", 2008); yellow and black
/// would be lost on white or black.
const SERIES: [[u8; 3]; 7] = [
    [0, 114, 178],
    [213, 94, 0],
    [0, 158, 115],
    [204, 121, 167],
    [230, 159, 0],
    [86, 180, 233],
    [128, 128, 138],
];
/// Colours of the scale that are told apart.
const STEPS: usize = 32;
/// How far towards the bright end the scale goes on white: beyond, it could not be seen.
const BRIGHTEST_ON_WHITE: f64 = 0.94;
/// Where it begins on black.
const DARKEST_ON_BLACK: f64 = 0.2;

/// From where to where values have colours; those beyond have the ends'.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Range {
    /// From 0 to where nearly all of the values lie, and all of `whole`.
    pub(crate) fn from_zero(
        values: impl IntoIterator<Item = f64>,
        whole: impl IntoIterator<Item = f64>,
    ) -> Self {
        /// Share of the values that have a colour of their own: one that stands out must not pale the others.
        const NEARLY_ALL: f64 = 0.98;
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let place = (NEARLY_ALL * values.len() as f64) as usize;
        let most = values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(0.0);
        let high = whole.into_iter().filter(|value| value.is_finite()).fold(most, f64::max);
        Self { low: 0.0, high: if high > 0.0 { high } else { 1.0 } }
    }

    /// From the least to the greatest value.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|value| value.is_finite());
        let ends = finite.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        match ends {
            None => Self { low: 0.0, high: 1.0 },
            // One value alone is in the middle.
            Some((low, high)) if low >= high => {
                let around = low.abs().max(1.0) / 2.0;
                Self { low: low - around, high: high + around }
            }
            Some((low, high)) => Self { low, high },
        }
    }

    /// Where a value is, 0 to 1.
    pub(crate) fn share(self, value: f64) -> f64 {
        // Halves, so that the ends of all numbers have a finite distance.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// The style sheet that gives a page's drawings their colours: on white, and on black for those who prefer it and don't print.
pub(crate) fn page_colors() -> String {
    let rules = |ground: Ground| {
        let mut rules = String::new();
        for (name, ink) in NAMED {
            let _ = write!(rules, "--{name}:{};", hex(color(ink, ground)));
        }
        for step in 0..STEPS {
            let _ = write!(rules, "--s{step}:{};", hex(scale(share_of(step), ground)));
        }
        for (index, series) in SERIES.into_iter().enumerate() {
            let _ = write!(rules, "--c{index}:{};", hex(series));
        }
        rules
    };
    format!(
        ":root{{color-scheme:light dark;{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        rules(Ground::White),
        rules(Ground::Black)
    )
}

/// A colour as an attribute's value.
pub(crate) fn attribute(ink: Ink, medium: Medium) -> String {
    match (medium, ink) {
        (Medium::Page, Ink::Scale(share)) => format!("var(--s{})", step_of(share)),
        (Medium::Page, Ink::Series(index)) => format!("var(--c{})", index % SERIES.len()),
        (Medium::Page, ink) => {
            let (name, _) = NAMED
                .iter()
                .find(|(_, named)| *named == ink)
                .expect("all but the scale and the series have names");
            format!("var(--{name})")
        }
        (Medium::File | Medium::Pixels, ink) => hex(color(ink, Ground::White)),
    }
}

/// What lies behind a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ground {
    White,
    Black,
}

const NAMED: [(&str, Ink); 6] = [
    ("text", Ink::Text),
    ("label", Ink::Label),
    ("line", Ink::Line),
    ("grid", Ink::Grid),
    ("paper", Ink::Paper),
    ("absent", Ink::Absent),
];

fn color(ink: Ink, ground: Ground) -> [u8; 3] {
    match (ink, ground) {
        (Ink::Text, Ground::White) => [28, 28, 33],
        (Ink::Text, Ground::Black) => [236, 236, 240],
        (Ink::Label, Ground::White) => [84, 84, 94],
        (Ink::Label, Ground::Black) => [176, 176, 188],
        (Ink::Line, Ground::White) => [120, 120, 130],
        (Ink::Line, Ground::Black) => [130, 130, 142],
        (Ink::Grid, Ground::White) => [228, 228, 234],
        (Ink::Grid, Ground::Black) => [52, 52, 60],
        (Ink::Paper, Ground::White) => [255, 255, 255],
        (Ink::Paper, Ground::Black) => [24, 24, 28],
        (Ink::Absent, Ground::White) => [190, 190, 198],
        (Ink::Absent, Ground::Black) => [92, 92, 102],
        (Ink::Scale(share), ground) => scale(share_of(step_of(share)), ground),
        (Ink::Series(index), _) => SERIES[index % SERIES.len()],
    }
}

/// On white what is most is darkest, on black brightest: what matters stands out on both.
fn scale(share: f64, ground: Ground) -> [u8; 3] {
    match ground {
        Ground::White => viridis((1.0 - share) * BRIGHTEST_ON_WHITE),
        Ground::Black => viridis(DARKEST_ON_BLACK + share * (1.0 - DARKEST_ON_BLACK)),
    }
}

fn viridis(share: f64) -> [u8; 3] {
    let place = share.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let index = (place as usize).min(VIRIDIS.len() - 2);
    let rest = place - index as f64;
    let mixed = |channel: usize| {
        let (low, high) = (f64::from(VIRIDIS[index][channel]), f64::from(VIRIDIS[index + 1][channel]));
        (low + rest * (high - low)).round() as u8
    };
    [mixed(0), mixed(1), mixed(2)]
}

fn step_of(share: f64) -> usize {
    ((share.clamp(0.0, 1.0) * (STEPS - 1) as f64).round() as usize).min(STEPS - 1)
}

fn share_of(step: usize) -> f64 {
    step as f64 / (STEPS - 1) as f64
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact results are expected where numbers are compared")]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_is_darker_on_white_and_brighter_on_black() {
        let brightness = |color: [u8; 3]| {
            0.2126 * f64::from(color[0]) + 0.7152 * f64::from(color[1]) + 0.0722 * f64::from(color[2])
        };
        for step in 1..STEPS {
            let (before, after) = (share_of(step - 1), share_of(step));
            let on = |ground, share| brightness(scale(share, ground));
            assert!(on(Ground::White, after) < on(Ground::White, before), "{step}");
            assert!(on(Ground::Black, after) > on(Ground::Black, before), "{step}");
        }
    }

    #[test]
    fn ranges_hold_what_they_are_made_of() {
        for (range, expected) in [
            (Range::from_zero([], []), (0.0, 1.0)),
            (Range::from_zero([0.0, 0.0], [0.0]), (0.0, 1.0)),
            (Range::from_zero([0.1, 0.2, f64::NAN], [0.3]), (0.0, 0.3)),
            (Range::from_zero((1..=1000).map(f64::from), []), (0.0, 981.0)),
            (Range::around([]), (0.0, 1.0)),
            (Range::around([3.0]), (1.5, 4.5)),
            (Range::around([3.0, -1.0]), (-1.0, 3.0)),
        ] {
            assert_eq!((range.low, range.high), expected);
        }
        let whole = Range { low: f64::MIN, high: f64::MAX };
        assert_eq!((whole.share(f64::MIN), whole.share(0.0), whole.share(f64::MAX)), (0.0, 0.5, 1.0));
        assert_eq!(whole.share(f64::NAN), 0.0);
    }

    #[test]
    fn a_page_has_every_colour_twice() {
        let style = page_colors();
        for name in ["--text:", "--paper:", "--s0:", "--s31:", "--c0:", "--c6:"] {
            assert_eq!(style.matches(name).count(), 2, "{name} {style}");
        }
    }
}
