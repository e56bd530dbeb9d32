//! Numbers of steps as people write them.

/// Reads `20M`, `1.5M`, `500k`, `20_000`.
pub(crate) fn read(text: &str) -> Result<u64, String> {
    let wrong = || "write a whole number above 0, such as 500k, 20M or 1_000_000".to_owned();
    let (digits, factor) = match text.trim().as_bytes().last() {
        Some(b'k' | b'K') => (&text.trim()[..text.trim().len() - 1], 1e3),
        Some(b'm' | b'M') => (&text.trim()[..text.trim().len() - 1], 1e6),
        _ => (text.trim(), 1.0),
    };
    let number: f64 = digits.replace('_', "").parse().map_err(|_| wrong())?;
    let number = (number * factor).round();
    if (1.0..=1e15).contains(&number) { Ok(number as u64) } else { Err(wrong()) }
}

/// Writes `20.0M`, `512k`, `900`.
pub(crate) fn written(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{:.1}M", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read() {
        for (text, expected) in
            [("20M", 20_000_000), ("1.5m", 1_500_000), ("500k", 500_000), ("1_000", 1000), (" 7 ", 7)]
        {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for wrong in ["", "M", "0", "-5", "many", "1e99", "NaN", "5G", "0.2"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn counts_are_written_in_short() {
        for (count, expected) in [(950, "950"), (16_384, "16k"), (507_904, "507k"), (20_004_864, "20.0M")] {
            assert_eq!(written(count), expected);
        }
    }
}
