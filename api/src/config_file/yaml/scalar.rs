//! Plain words by the core schema of YAML 1.2.

use std::str::FromStr as _;

use serde_json::{Number, Value};

/// A plain scalar by the core schema of YAML 1.2; none if it is a number that JSON does not have.
pub(super) fn plain(text: String) -> Option<Value> {
    Some(match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        other => {
            let unsigned = other.trim_start_matches(['-', '+']);
            if matches!(unsigned, ".inf" | ".Inf" | ".INF")
                || matches!(other, ".nan" | ".NaN" | ".NAN")
            {
                return None;
            }
            match number(other) {
                Some(number) => Value::Number(number),
                None => Value::String(text),
            }
        }
    })
}

/// A number by the core schema. Its digits are kept as they are wherever JSON would write them so, too.
fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let plain = digits.chars().all(|c| c.is_digit(radix));
            let value = u64::from_str_radix(digits, radix).ok().filter(|_| plain);
            return value.map(Number::from);
        }
    }
    let (sign, rest) = match text.split_at(1) {
        ("-", rest) => ("-", rest),
        ("+", rest) => ("", rest),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty());
    if !some || !digits(whole) || !digits(fraction.unwrap_or_default()) {
        return None;
    }
    let exponent_digits = exponent.trim_start_matches(['e', 'E']);
    let exponent_digits = exponent_digits
        .strip_prefix(['-', '+'])
        .unwrap_or(exponent_digits);
    if !exponent.is_empty() && (exponent_digits.is_empty() || !digits(exponent_digits)) {
        return None;
    }
    // As JSON writes it: a digit before the point and one after it, and no zeros in front.
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = match fraction {
        None | Some("") => String::new(),
        Some(fraction) => format!(".{fraction}"),
    };
    Number::from_str(&format!("{sign}{whole}{fraction}{exponent}")).ok()
}
