//! The edge: generated messages in and out, and nothing of them beyond it.
//!
//! Reading checks everything that can be checked without the curriculum's owner and says which field to mend;
//! writing never fails.

pub(crate) mod curriculum;
pub(crate) mod distribution;
pub(crate) mod names;
pub(crate) mod space;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod teacher;

use std::{str::FromStr, time::Duration};

use crate::{
    clock::UnixMillis,
    error::{Invalid, ServiceError, Violation},
    owner::RequestKey,
};

/// Longest name of a student, worker or request, in bytes.
const MAX_LABEL_BYTES: usize = 128;
/// Bounds of a lease.
pub(crate) const LEASE_MS: std::ops::RangeInclusive<u64> = 1000..=30 * 24 * 3600 * 1000;
/// Longest time between two messages of a stream that anybody may ask for.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);

pub(crate) fn timestamp(at_ms: UnixMillis) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: (at_ms / 1000) as i64, nanos: (at_ms % 1000) as i32 * 1_000_000 }
}

pub(crate) fn duration(ms: u64) -> prost_types::Duration {
    prost_types::Duration { seconds: (ms / 1000) as i64, nanos: (ms % 1000) as i32 * 1_000_000 }
}

/// Checks a lease: whole milliseconds from one second to thirty days.
pub(crate) fn lease_ms(field: &str, lease: prost_types::Duration) -> Result<u64, Violation> {
    whole_ms(lease)
        .filter(|ms| LEASE_MS.contains(ms))
        .ok_or_else(|| Violation::new(field, "must lie between 1 s and 30 days"))
}

/// Checks an interval: up to one hour.
pub(crate) fn interval(field: &str, interval: prost_types::Duration) -> Result<Duration, Violation> {
    whole_ms(interval)
        .map(Duration::from_millis)
        .filter(|&interval| interval <= LONGEST_INTERVAL)
        .ok_or_else(|| Violation::new(field, "must lie between 0 s and 1 hour"))
}

/// A duration's whole milliseconds; `None` for what is negative or no duration.
fn whole_ms(duration: prost_types::Duration) -> Option<u64> {
    // A duration's nanoseconds make less than a second.
    let nanos = u64::try_from(duration.nanos).ok().filter(|&nanos| nanos < 1_000_000_000)?;
    u64::try_from(duration.seconds).ok()?.checked_mul(1000)?.checked_add(nanos / 1_000_000)
}

/// Checks the length of a student's, worker's or request's name.
pub(crate) fn label(field: &str, text: String) -> Result<std::sync::Arc<str>, Violation> {
    if text.len() > MAX_LABEL_BYTES {
        return Err(Violation::new(
            field,
            format!("has {} bytes and may have {MAX_LABEL_BYTES}", text.len()),
        ));
    }
    Ok(text.into())
}

/// Checks the size of a page, where 0 is the default.
pub(crate) fn page_size(given: i32, (default, most): (usize, usize)) -> Result<usize, ServiceError> {
    match usize::try_from(given) {
        Ok(0) => Ok(default),
        Ok(size) if size <= most => Ok(size),
        _ => {
            let problem = format!("is {given}; it must lie between 0 and {most}");
            Err(ServiceError::invalid(Invalid::Request, "page_size", problem))
        }
    }
}

/// Takes what follows `prefix` in a page token; `None` for the first page.
pub(crate) fn page_token<T: FromStr>(prefix: &str, token: &str) -> Result<Option<T>, ServiceError> {
    if token.is_empty() {
        return Ok(None);
    }
    let place = token.strip_prefix(prefix).and_then(|place| place.parse().ok());
    place.map(Some).ok_or_else(|| {
        let problem = "was not given out by this call: pass next_page_token as it came";
        ServiceError::invalid(Invalid::PageToken, "page_token", problem)
    })
}

/// Takes the request id out of a request, and the fingerprint of what is left.
///
/// `names` are the resource names in it, of which the curriculum's part is left out: a copy of the curriculum under
/// another name answers the same request as the original does.
pub(crate) fn take_request_key<T: prost::Message>(
    request: &mut T,
    id: impl Fn(&mut T) -> &mut String,
    names: impl Fn(&mut T) -> Vec<&mut String>,
) -> Result<Option<RequestKey>, ServiceError> {
    let id = std::mem::take(id(request));
    if id.is_empty() {
        return Ok(None);
    }
    let id = label("request_id", id).map_err(ServiceError::request)?;
    let within = |name: &mut String| {
        let within = names::within_curriculum(name).to_owned();
        std::mem::replace(name, within)
    };
    let whole: Vec<String> = names(request).into_iter().map(within).collect();
    let fingerprint = fingerprint(request);
    for (name, whole) in names(request).into_iter().zip(whole) {
        *name = whole;
    }
    Ok(Some(RequestKey { id, fingerprint }))
}

/// A stable hash (FNV-1a, 64 bits) of a request's other fields, to tell a retry from a clash.
pub(crate) fn fingerprint(message: &impl prost::Message) -> u64 {
    fingerprint_after(0xcbf2_9ce4_8422_2325, message)
}

/// The same of a message that follows others with this fingerprint.
pub(crate) fn fingerprint_after(before: u64, message: &impl prost::Message) -> u64 {
    message
        .encode_to_vec()
        .iter()
        .fold(before, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
