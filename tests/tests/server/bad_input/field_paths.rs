//! Checks that the path of a field violation leads to a field of the request's message.

use magister_proto::v1::FILE_DESCRIPTOR_SET;
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};

/// Says what is wrong with a path such as `curriculum.space.dimensions[2].continuous.high` in a message of
/// `magister.v1`.
pub(crate) fn check(message: &str, path: &str) -> Result<(), String> {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the descriptors were compiled");
    let mut place = pool.get_message_by_name(&format!("magister.v1.{message}"));
    let mut rest = path;
    while !rest.is_empty() {
        let Some(here) = place.take() else {
            return Err(format!("{path}: nothing can follow before {rest:?}"));
        };
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (indices, after) = take_index(after).ok_or_else(|| format!("{path}: brackets do not match"))?;
        place = step(&here, name, indices).map_err(|problem| format!("{path}: {problem}"))?;
        rest = match after.strip_prefix('.') {
            Some("") => return Err(format!("{path}: it ends in a dot")),
            Some(next) => next,
            None if after.is_empty() => "",
            None => return Err(format!("{path}: {after:?} is no field")),
        };
    }
    if path.is_empty() { Err("the path is empty".to_owned()) } else { Ok(()) }
}

/// Whether an index or a quoted key follows, and what comes after it.
fn take_index(text: &str) -> Option<(bool, &str)> {
    let Some(inner) = text.strip_prefix('[') else { return Some((false, text)) };
    if let Some(quoted) = inner.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.char_indices().find(|&(_, letter)| {
            let closes = letter == '"' && !escaped;
            escaped = letter == '\\' && !escaped;
            closes
        })?;
        return Some((true, quoted[end.0 + 1..].strip_prefix(']')?));
    }
    let (digits, after) = inner.split_once(']')?;
    digits.parse::<usize>().ok()?;
    Some((true, after))
}

/// The message behind a field, if it is one. A oneof may be named where none of its cases was given.
fn step(here: &MessageDescriptor, name: &str, indexed: bool) -> Result<Option<MessageDescriptor>, String> {
    if here.oneofs().any(|oneof| oneof.name() == name) && !indexed {
        return Ok(None);
    }
    let Some(field) = here.get_field_by_name(name) else {
        return Err(format!("{} has no field {name:?}", here.full_name()));
    };
    if indexed && field.cardinality() != prost_reflect::Cardinality::Repeated {
        return Err(format!("{name} has no elements"));
    }
    Ok(match field.kind() {
        Kind::Message(entry) if entry.is_map_entry() => match entry.map_entry_value_field().kind() {
            Kind::Message(value) => Some(value),
            _ => None,
        },
        Kind::Message(message) => Some(message),
        _ => None,
    })
}

#[test]
fn paths_are_told_from_nonsense() {
    for path in [
        "curriculum.space.dimensions[2].continuous.high",
        "curriculum.space.dimensions[0].kind",
        "curriculum.teacher.alp_gmm.initial.mean.values[\"a \\\"b\\\"].c\"].numbers.values[3]",
        "request_id",
    ] {
        check("CreateCurriculumRequest", path).unwrap();
    }
    for path in
        ["", "space", "curriculum.", "curriculum.seed.low", "request_id[0]", "curriculum[", "curriculum.size"]
    {
        assert!(check("CreateCurriculumRequest", path).is_err(), "{path:?}");
    }
}
