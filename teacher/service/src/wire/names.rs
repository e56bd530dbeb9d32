//! Resource names: `curricula/{curriculum}` and what is numbered within it, `tasks/{number}` and
//! `evaluations/{round}`.

use crate::error::{Invalid, ServiceError};

/// Longest id of a curriculum.
const MAX_ID_BYTES: usize = 63;

/// Checks the id of a curriculum.
pub(crate) fn curriculum_id<'a>(field: &str, id: &'a str) -> Result<&'a str, ServiceError> {
    let problem = match id.as_bytes() {
        [] => "is empty; give 1 to 63 characters of a-z, A-Z, 0-9, -, _, .".to_owned(),
        bytes if bytes.len() > MAX_ID_BYTES => format!("is longer than {MAX_ID_BYTES} characters"),
        [first, ..] if !first.is_ascii_alphanumeric() => format!("{id:?} must begin with a letter or digit"),
        bytes if !bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte)) => {
            format!("{id:?} may hold only a-z, A-Z, 0-9, -, _ and .")
        }
        _ => return Ok(id),
    };
    Err(ServiceError::invalid(Invalid::Name, field, problem))
}

/// Takes the id from `curricula/{curriculum}`.
pub(crate) fn curriculum<'a>(field: &str, name: &'a str) -> Result<&'a str, ServiceError> {
    let Some(id) = name.strip_prefix("curricula/") else {
        let problem = format!("{name:?} is not of the form curricula/{{curriculum}}");
        return Err(ServiceError::invalid(Invalid::Name, field, problem));
    };
    curriculum_id(field, id)
}

/// What follows `curricula/{curriculum}`; a name of another form is returned whole.
pub(crate) fn within_curriculum(name: &str) -> &str {
    name.strip_prefix("curricula/").map_or(name, |rest| rest.find('/').map_or("", |end| &rest[end..]))
}

/// Takes the id and the number from `curricula/{curriculum}/tasks/{number}`.
pub(crate) fn task<'a>(field: &str, name: &'a str) -> Result<(&'a str, u64), ServiceError> {
    numbered(field, name, "tasks", "number")
}

/// Takes the id and the round from `curricula/{curriculum}/evaluations/{round}`.
pub(crate) fn evaluation<'a>(field: &str, name: &'a str) -> Result<(&'a str, u64), ServiceError> {
    numbered(field, name, "evaluations", "round")
}

fn numbered<'a>(
    field: &str,
    name: &'a str,
    collection: &str,
    what: &str,
) -> Result<(&'a str, u64), ServiceError> {
    let parts = name.strip_prefix("curricula/").and_then(|rest| rest.split_once(&format!("/{collection}/")));
    let number = parts.and_then(|(_, digits)| {
        // No sign, no leading zero: a thing has one name.
        let plain = digits.starts_with(|first: char| ('1'..='9').contains(&first));
        plain.then(|| digits.parse().ok()).flatten()
    });
    match (parts, number) {
        (Some((id, _)), Some(number)) => Ok((curriculum_id(field, id)?, number)),
        _ => {
            let problem =
                format!("{name:?} is not of the form curricula/{{curriculum}}/{collection}/{{{what}}}");
            Err(ServiceError::invalid(Invalid::Name, field, problem))
        }
    }
}

/// `curricula/{curriculum}`.
pub(crate) fn of_curriculum(id: &str) -> String {
    format!("curricula/{id}")
}

/// `curricula/{curriculum}/tasks/{number}`.
pub(crate) fn of_task(id: &str, number: u64) -> String {
    format!("curricula/{id}/tasks/{number}")
}

/// `curricula/{curriculum}/evaluations/{round}`.
pub(crate) fn of_evaluation(id: &str, round: u64) -> String {
    format!("curricula/{id}/evaluations/{round}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(curriculum("name", "curricula/walker-1.b_2").unwrap(), "walker-1.b_2");
        assert_eq!(task("name", "curricula/a/tasks/18446744073709551615").unwrap(), ("a", u64::MAX));
        for name in ["", "a", "curricula/", "curricula/-a", "curricula/a/b", "curricula/ä", "Curricula/a"] {
            assert!(curriculum("name", name).is_err(), "{name:?}");
        }
        let long = format!("curricula/{}", "a".repeat(64));
        assert!(curriculum("name", &long).is_err());
        for name in [
            "curricula/a",
            "curricula/a/tasks/",
            "curricula/a/tasks/0",
            "curricula/a/tasks/01",
            "curricula/a/tasks/+1",
            "curricula/a/tasks/18446744073709551616",
            "curricula/a/b/tasks/1",
        ] {
            assert!(task("name", name).is_err(), "{name:?}");
        }
    }
}
