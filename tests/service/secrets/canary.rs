//! Canaries: values that stand for secrets, one for each field, and looking for them in every spelling that a program might give them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a hint may show of a secret.
const SHOWN: usize = 4;
/// What URLs leave as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The secrets of one walk.
#[derive(Default)]
pub struct Canaries(Mutex<BTreeMap<String, String>>);

impl Canaries {
    /// The value for a field (`CreateUser.password`, `DATABASE_URL`): another one for each name, the same one each time.
    pub fn of(&self, field: &str) -> String {
        let mut known = self.0.lock().unwrap();
        let number = known.len();
        let fresh = || {
            let name: String = field.chars().filter(char::is_ascii_lowercase).collect();
            // With characters that URLs, JSON and headers spell differently, and an end that hints may show.
            format!(
                "c4nary{number:03}+{name}/~{:08x}-end",
                number * 7_919 + 4_129
            )
        };
        known.entry(field.to_owned()).or_insert_with(fresh).clone()
    }

    /// A secret that was made elsewhere.
    pub fn learn(&self, field: &str, value: &str) {
        let mut known = self.0.lock().unwrap();
        known.insert(field.to_owned(), value.to_owned());
    }

    /// The fields that were asked for.
    pub fn fields(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }

    /// Looks for all of them but `except`, in every spelling, and says what it found.
    #[track_caller]
    pub fn leaks(&self, place: &str, text: &str, except: &[&str]) -> Vec<String> {
        assert!(!text.is_empty(), "there is nothing in {place}");
        let known = self.0.lock().unwrap();
        let sought = known
            .iter()
            .filter(|(field, _)| !except.contains(&field.as_str()));
        let leak = |(field, value): (&String, &String)| {
            let (spelling, at) = found(value, text)?;
            let context = around(text, at);
            Some(format!("{field} is in {place}, {spelling}: …{context}…"))
        };
        sought.filter_map(leak).collect()
    }

    /// Checks that none of them is there.
    #[track_caller]
    pub fn assert_absent(&self, place: &str, text: &str) {
        let leaks = self.leaks(place, text, &[]);
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}

/// The first spelling of a secret that is in a text, and where.
pub fn found(value: &str, text: &str) -> Option<(&'static str, usize)> {
    let kept = value.chars().count() - SHOWN;
    let core: String = value.chars().take(kept).collect();
    let spellings = spellings(&core).into_iter();
    spellings
        .filter(|(_, spelt)| !spelt.is_empty())
        .find_map(|(name, spelt)| Some((name, text.find(&spelt)?)))
}

fn spellings(core: &str) -> Vec<(&'static str, String)> {
    let hex = core.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    });
    let percent = utf8_percent_encode(core, NON_ALPHANUMERIC).to_string();
    let of_urls = utf8_percent_encode(core, UNRESERVED).to_string();
    let list = format!("{:?}", core.as_bytes());
    let mut all = vec![
        ("as it is", core.to_owned()),
        ("hexadecimal", hex.clone()),
        ("hexadecimal", hex.to_uppercase()),
        ("percent-encoded", percent.to_lowercase()),
        ("percent-encoded", percent),
        ("percent-encoded", of_urls),
        ("as JSON may write it", core.replace('/', "\\/")),
        // Without the brackets, so that it may stand within a longer list.
        (
            "as a list of bytes",
            list.trim_matches(['[', ']']).to_owned(),
        ),
    ];
    // Wherever in a longer text it stands, as a password does in `Basic base64(user:password)`.
    for before in 0..3 {
        let text = [&b"\0\0"[..before], core.as_bytes()].concat();
        // What it shares with its neighbours is left out at both ends.
        let first = (before * 8).div_ceil(6);
        let last = text.len() * 8 / 6;
        for engine in [&STANDARD, &URL_SAFE] {
            let encoded = engine.encode(&text);
            all.push(("base64", encoded[first..last].to_owned()));
        }
    }
    all
}

fn around(text: &str, at: usize) -> String {
    let start = (0..=at.saturating_sub(160)).rev();
    let start = start.into_iter().find(|at| text.is_char_boundary(*at));
    text[start.unwrap_or(0)..].chars().take(400).collect()
}

#[test]
fn secrets_are_found_in_every_spelling() {
    let canaries = Canaries::default();
    let value = canaries.of("CreateUser.password");
    assert_eq!(value, canaries.of("CreateUser.password"));
    let other = canaries.of("UpdateUser.password");
    let hex: String = value.bytes().map(|byte| format!("{byte:02X}")).collect();
    let percent = utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string();
    for text in [
        value.clone(),
        hex.to_lowercase(),
        hex,
        percent.to_lowercase(),
        percent,
        format!("{:?}", value.as_bytes()),
        STANDARD.encode(&value),
        STANDARD.encode(format!("u:{value}")),
        URL_SAFE.encode(format!("us:{value}:and more")),
        format!("{{\"password\":\"{}\"}}", value.replace('/', "\\/")),
    ] {
        let text = format!("before {text} after");
        assert!(found(&value, &text).is_some(), "{text}");
        assert_eq!(found(&other, &text), None, "{text}");
    }
    assert_eq!(found(&value, "the hint …-end"), None);
}
