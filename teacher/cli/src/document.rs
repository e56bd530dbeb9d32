//! Files in TOML or JSON that a user writes, with errors that name the mistake and what was probably meant.

use std::{fs, path::Path};

use serde::de::DeserializeOwned;

use crate::{failure::Failure, nearest::nearest};

/// Reads a file as JSON if its name ends in `.json`, else as TOML.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))?;
    let read = if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error: toml::de::Error| error.to_string())
    };
    read.map_err(|problem| {
        let failure = Failure::usage(format!("{}: {}", path.display(), problem.trim_end()));
        match did_you_mean(&problem) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// The nearest of the names that serde expected in the place of an unknown one.
fn did_you_mean(problem: &str) -> Option<String> {
    let start = ["unknown field `", "unknown variant `"].iter().find_map(|start| problem.find(start))?;
    let mut names = problem[start..].split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    let meant = nearest(unknown, names)?;
    Some(format!("did you mean {meant:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_taken_from_the_message() {
        for (problem, expected) in [
            (
                "unknown field `lisen`, expected one of `data`, `listen`, `log`",
                Some("did you mean \"listen\"?"),
            ),
            ("unknown variant `bicc`, expected `bic` or `em` at line 2", Some("did you mean \"bic\"?")),
            ("unknown field `colour`, expected `log`", None),
            ("unknown field `colour`, there are no fields", None),
            ("invalid type: string `a`, expected `b`", None),
        ] {
            assert_eq!(did_you_mean(problem).as_deref(), expected, "{problem}");
        }
    }
}
