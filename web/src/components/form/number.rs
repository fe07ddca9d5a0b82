//! A whole number with a unit, typed as text: a control of the browser's for numbers would throw away what it does not understand.
//!
//! Empty means the default, which stands in the place of the value. A number of small units may be typed in large ones: `decimals` = 3 types 5 for 5000 ms.

use leptos::prelude::*;

use super::field::{Field, described_by, invalid};

/// A number.
#[component]
pub fn NumberField(
    /// Id of the input.
    #[prop(into)]
    id: String,
    /// The label.
    #[prop(into)]
    label: Signal<String>,
    /// What is typed, both ways; [`parse`] reads it.
    value: RwSignal<String>,
    /// What is counted, beside the number.
    #[prop(optional, into)]
    unit: MaybeProp<String>,
    /// What counts while nothing is typed, in small units; without one, the words of `unset`.
    #[prop(optional, into)]
    default: MaybeProp<u64>,
    /// Words in place of a default number, such as "no limit".
    #[prop(optional, into)]
    unset: MaybeProp<String>,
    /// Digits behind the point, each ten small units in one of those that are typed.
    #[prop(optional)]
    decimals: u32,
    /// The rule for the value, before it is broken.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether its label is unseen.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let described = described_by(&id, hint.is_some(), error);
    let placeholder = move || {
        default
            .get()
            .map(|default| format(default, decimals))
            .or_else(|| unset.get())
    };
    view! {
        <Field id=id.clone() label hint error bare>
            <span class="with-unit">
                <input
                    id=id
                    class="input"
                    type="text"
                    inputmode=if decimals == 0 { "numeric" } else { "decimal" }
                    autocomplete="off"
                    placeholder=placeholder
                    aria-invalid=invalid(error)
                    aria-describedby=described
                    prop:value=value
                    on:input:target=move |event| value.set(event.target().value())
                />
                <span class="unit">{move || unit.get()}</span>
            </span>
        </Field>
    }
}

/// Reads a number, in small units. Spaces between digits are for the eye, and a comma is a point.
///
/// # Errors
/// If it is no such number.
pub fn parse(text: &str, decimals: u32) -> Result<Option<u64>, NotANumber> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if c == ',' { '.' } else { c })
        .collect();
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let places = usize::try_from(decimals).unwrap_or(0);
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > places {
        return Err(NotANumber);
    }
    format!("{whole}{part:0<places$}")
        .parse()
        .map(Some)
        .map_err(|_| NotANumber)
}

/// What was typed is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

/// Writes a number of small units as it would be typed.
pub fn format(number: u64, decimals: u32) -> String {
    let one = 10_u64.pow(decimals);
    let places = usize::try_from(decimals).unwrap_or(0);
    let (whole, part) = (number / one, number % one);
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:0>places$}")
        .trim_end_matches('0')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, decimals, number) in [
            ("", 0, None),
            ("  ", 3, None),
            ("8", 0, Some(8)),
            ("1 000\u{a0}000", 0, Some(1_000_000)),
            ("5", 3, Some(5_000)),
            ("0,1", 3, Some(100)),
            ("2.5", 3, Some(2_500)),
            ("0.001", 3, Some(1)),
        ] {
            assert_eq!(parse(text, decimals), Ok(number), "{text:?}");
        }
        for (text, decimals) in [
            ("x", 0),
            ("-1", 0),
            ("1.5", 0),
            ("0.0001", 3),
            (".5", 3),
            ("1e3", 0),
            ("99999999999999999999", 0),
        ] {
            assert_eq!(parse(text, decimals), Err(NotANumber), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        for number in [0, 1, 10, 100, 999, 1_000, 1_500, 60_000, 3_600_000] {
            for decimals in [0, 3] {
                let text = format(number, decimals);
                assert_eq!(parse(&text, decimals), Ok(Some(number)), "{text}");
            }
        }
        assert_eq!(format(2_500, 3), "2.5");
        assert_eq!(format(60_000, 3), "60");
    }
}
