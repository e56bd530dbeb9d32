//! Which known name somebody may have meant.

/// Similarity below which a name was not meant.
const LIKELY: f64 = 0.7;

/// The known name that is nearest to a mistyped one, if any is near.
pub(crate) fn nearest<'a>(mistyped: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    several(mistyped, known, 1).pop()
}

/// Up to `most` known names, the nearest first.
pub(crate) fn several<'a>(
    mistyped: &str,
    known: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let similarity = |name: &str| strsim::jaro_winkler(&mistyped.to_lowercase(), &name.to_lowercase());
    let mut likely: Vec<(f64, &str)> = known
        .into_iter()
        .map(|name| (similarity(name), name))
        .filter(|&(similarity, _)| similarity > LIKELY)
        .collect();
    likely.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    likely.truncate(most);
    likely.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_near_and_other_words_are_not() {
        let known = ["walker", "walker-2", "hexagon"];
        for (mistyped, expected) in [
            ("wlaker", &["walker", "walker-2"][..]),
            ("Walker", &["walker", "walker-2"]),
            ("hexgon", &["hexagon"]),
            ("stumps", &[]),
        ] {
            assert_eq!(several(mistyped, known, 3), expected, "{mistyped}");
        }
        assert_eq!(nearest("wlaker", known), Some("walker"));
    }
}
