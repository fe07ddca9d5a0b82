//! Rules for single fields, shared by the API, which enforces them, and by forms, which explain them while one types.
//!
//! Each function adds what it finds to a list, so that one answer names every fault.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{FieldError, FieldRule};

/// A single line of text: its length in characters, and no control characters.
pub fn text(faults: &mut Vec<FieldError>, pointer: &str, value: &str, min: usize, max: usize) {
    length(faults, pointer, value, min, max);
    if value.chars().any(char::is_control) {
        faults.push(FieldError::new(pointer, FieldRule::ControlCharacters));
    } else if min > 0 && !value.is_empty() && value.trim().is_empty() {
        faults.push(FieldError::new(pointer, FieldRule::Blank));
    }
}

/// Text of several lines: its length in characters, and no control characters but line breaks and tabs.
pub fn multiline(faults: &mut Vec<FieldError>, pointer: &str, value: &str, max: usize) {
    length(faults, pointer, value, 0, max);
    if value
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        faults.push(FieldError::new(pointer, FieldRule::ControlCharactersInText));
    }
}

/// As [`multiline`], of text that must be there.
pub fn required_multiline(faults: &mut Vec<FieldError>, pointer: &str, value: &str, max: usize) {
    multiline(faults, pointer, value, max);
    if value.trim().is_empty() {
        let rule = if value.is_empty() {
            FieldRule::Required
        } else {
            FieldRule::Blank
        };
        faults.push(FieldError::new(pointer, rule));
    }
}

fn length(faults: &mut Vec<FieldError>, pointer: &str, value: &str, min: usize, max: usize) {
    let actual = value.chars().count();
    if actual < min {
        let rule = if value.is_empty() {
            FieldRule::Required
        } else {
            FieldRule::TooShort { min: count(min) }
        };
        faults.push(FieldError::new(pointer, rule));
    } else if actual > max {
        faults.push(FieldError::new(
            pointer,
            FieldRule::TooLong {
                max: count(max),
                actual: count(actual),
            },
        ));
    }
}

/// A number of things, as it goes over the wire.
fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A number within bounds, both included.
pub fn range<T: PartialOrd + TryInto<i64>>(
    faults: &mut Vec<FieldError>,
    pointer: &str,
    value: T,
    min: T,
    max: T,
) {
    if value < min || value > max {
        faults.push(FieldError::new(
            pointer,
            FieldRule::OutOfRange {
                min: bound(min),
                max: bound(max),
            },
        ));
    }
}

/// As [`range`], for a number that may be missing.
pub fn range_opt<T: PartialOrd + TryInto<i64>>(
    faults: &mut Vec<FieldError>,
    pointer: &str,
    value: Option<T>,
    min: T,
    max: T,
) {
    if let Some(value) = value {
        range(faults, pointer, value, min, max);
    }
}

/// A bound, as it goes over the wire.
fn bound<T: TryInto<i64>>(number: T) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A list with no more than `max` items.
pub fn at_most(faults: &mut Vec<FieldError>, pointer: &str, items: usize, max: usize) {
    if items > max {
        faults.push(FieldError::new(
            pointer,
            FieldRule::TooManyItems {
                max: count(max),
                actual: count(items),
            },
        ));
    }
}

/// The value of an HTTP header: visible ASCII and inner spaces, so that it survives every proxy.
pub fn header_value(faults: &mut Vec<FieldError>, pointer: &str, value: &str) {
    length(faults, pointer, value, 1, 4096);
    if !value.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        faults.push(FieldError::new(pointer, FieldRule::NotPrintableAscii));
    } else if value.trim() != value {
        faults.push(FieldError::new(pointer, FieldRule::OuterSpaces));
    }
}

/// Headers that belong to the connection or to the gateway itself.
const RESERVED_HEADERS: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

/// The name of a header that an instance may send.
pub fn header_name(faults: &mut Vec<FieldError>, pointer: &str, name: &str) {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 100 || !name.bytes().all(token) {
        faults.push(FieldError::new(pointer, FieldRule::HeaderName));
    } else if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        faults.push(FieldError::new(
            pointer,
            FieldRule::HeaderReserved {
                name: name.to_ascii_lowercase(),
            },
        ));
    }
}

/// A path on a host: empty, or `/` and visible ASCII without query and fragment.
pub fn url_path(faults: &mut Vec<FieldError>, pointer: &str, path: &str) {
    if path.is_empty() {
        return;
    }
    if !path.starts_with('/') {
        faults.push(FieldError::new(pointer, FieldRule::PathWithoutSlash));
    } else if path.len() > 255 {
        faults.push(FieldError::new(
            pointer,
            FieldRule::TooLong {
                max: 255,
                actual: count(path.chars().count()),
            },
        ));
    } else if !path
        .bytes()
        .all(|b| matches!(b, 0x21..=0x7e) && !b"?#\\\"<>".contains(&b))
    {
        faults.push(FieldError::new(pointer, FieldRule::PathCharacters));
    } else if path.split('/').any(|part| part == "." || part == "..") {
        faults.push(FieldError::new(pointer, FieldRule::PathClimbs));
    }
}

/// The name of a model group: what callers send as `model`.
pub fn group_name(faults: &mut Vec<FieldError>, pointer: &str, name: &str) {
    let legal =
        |(index, c): (usize, char)| c.is_ascii_alphanumeric() || (index > 0 && "._:/-".contains(c));
    if name.is_empty() || name.len() > 64 || !name.chars().enumerate().all(legal) {
        faults.push(FieldError::new(pointer, FieldRule::GroupName));
    }
}

/// One step of a JSON pointer (RFC 6901).
pub fn pointer_step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Bytes of JSON that parameters of requests may have.
const PARAMETERS_MAX_BYTES: usize = 16 * 1024;

/// Parameters of requests: their size as JSON.
pub fn parameters_size(faults: &mut Vec<FieldError>, pointer: &str, parameters: &impl Serialize) {
    if serde_json::to_vec(parameters).map_or(0, |json| json.len()) > PARAMETERS_MAX_BYTES {
        faults.push(FieldError::new(
            pointer,
            FieldRule::TooLarge {
                max: PARAMETERS_MAX_BYTES as u64,
            },
        ));
    }
}

/// A new password.
pub fn password(faults: &mut Vec<FieldError>, pointer: &str, value: &str) {
    length(faults, pointer, value, 10, 128);
}

/// The name of a user.
pub fn username(faults: &mut Vec<FieldError>, pointer: &str, value: &str) {
    text(faults, pointer, value, 1, 100);
    if value.trim() != value {
        faults.push(FieldError::new(pointer, FieldRule::OuterSpaces));
    }
}

/// Reads a port, with a message that names its bounds.
///
/// # Errors
/// For anything but a whole number from 1 to 65535.
pub fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    let number = i64::deserialize(deserializer)?;
    u16::try_from(number)
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| serde::de::Error::custom(FieldRule::PORT))
}

/// Reads a field of a merge patch for which `null` means something else than leaving the field out.
///
/// # Errors
/// As the field's own type.
pub fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(rule: impl Fn(&mut Vec<FieldError>)) -> usize {
        let mut faults = Vec::new();
        rule(&mut faults);
        faults.len()
    }

    #[test]
    fn group_names_are_what_the_contract_says() {
        for name in ["a", "chat-default", "Qwen/Qwen2.5:7b", "0", &"x".repeat(64)] {
            assert_eq!(faults(|f| group_name(f, "/name", name)), 0, "{name}");
        }
        for name in ["", "-a", "a b", "модель", "a\n", &"x".repeat(65)] {
            assert_eq!(faults(|f| group_name(f, "/name", name)), 1, "{name:?}");
        }
    }

    #[test]
    fn text_counts_characters_and_refuses_control_characters() {
        assert_eq!(faults(|f| text(f, "/n", &"я".repeat(100), 1, 100)), 0);
        assert_eq!(faults(|f| text(f, "/n", &"я".repeat(101), 1, 100)), 1);
        assert_eq!(faults(|f| text(f, "/n", "a\u{7}b", 1, 100)), 1);
        assert_eq!(faults(|f| text(f, "/n", "  ", 1, 100)), 1);
        assert_eq!(faults(|f| text(f, "/n", "", 0, 100)), 0);
    }

    #[test]
    fn header_names_of_the_connection_are_refused() {
        assert_eq!(faults(|f| header_name(f, "/h", "OpenAI-Organization")), 0);
        for name in ["Host", "content-length", "", "a b", "naïve"] {
            assert_eq!(faults(|f| header_name(f, "/h", name)), 1, "{name}");
        }
    }

    #[test]
    fn paths_have_no_query_and_do_not_climb() {
        for path in ["", "/", "/v1", "/openai/deployments/x"] {
            assert_eq!(faults(|f| url_path(f, "/p", path)), 0, "{path}");
        }
        for path in ["v1", "/v1?x=1", "/a/../b", "/a b", "/#"] {
            assert_eq!(faults(|f| url_path(f, "/p", path)), 1, "{path}");
        }
    }
}
