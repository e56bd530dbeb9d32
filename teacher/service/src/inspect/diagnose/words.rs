//! Figures in sentences.

/// A whole number, in groups of three.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share in per cent; what is not all is never told as all, nor what is something as nothing.
pub(super) fn percent(part: usize, whole: usize) -> String {
    let share = (100.0 * part as f64 / whole.max(1) as f64).round() as u64;
    let told = match share {
        0 if part > 0 => 1,
        100 if part < whole => 99,
        share => share,
    };
    format!("{told} %")
}

/// A number with about four digits.
pub(super) fn number(number: f64) -> String {
    let size = number.abs();
    if size > 0.0 && !(1e-3..1e6).contains(&size) {
        return format!("{number:.2e}");
    }
    let decimals = if size >= 1000.0 {
        0
    } else if size >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{number:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A length of time in its largest unit that is full at least twice.
pub(super) fn length(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_true() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        let shares = [(0, 500), (1, 500), (465, 500), (499, 500), (500, 500), (0, 0)];
        assert_eq!(
            shares.map(|(part, whole)| percent(part, whole)),
            ["0 %", "1 %", "93 %", "99 %", "100 %", "0 %"]
        );
        let numbers = [0.0, -0.0, -150.0, 350.0, 0.1 + 0.2, 1.5, 12345.6, -2e-9, 3e20, 0.00004];
        assert_eq!(
            numbers.map(number),
            ["0", "0", "-150", "350", "0.3", "1.5", "12346", "-2.00e-9", "3.00e20", "4.00e-5"]
        );
        let lengths = [999, 40_000, 119_999, 120_000, 7_200_000, 172_800_000];
        assert_eq!(lengths.map(length), ["0 s", "40 s", "119 s", "2 min", "2 h", "2 days"]);
    }
}
