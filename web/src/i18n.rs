//! The words of the screens, in every language that the product speaks.
//!
//! Rule: no word that a person reads stands in the code; it has a key in `locales/<language>/*.json`, and the build fails when a language lacks
//! one. The browser's language comes first; a choice made with the switch is remembered and wins from then on. Only a *choice* is
//! stored, so that somebody who never chose follows their browser.

#[cfg(test)]
mod literals;
pub mod words;

#[expect(
    clippy::expect_used,
    clippy::new_ret_no_self,
    clippy::wrong_self_convention,
    dead_code,
    unused_imports,
    unused_qualifications,
    reason = "written by the code generator of `leptos_i18n`"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

use leptos::prelude::*;

pub use generated::i18n::*;

use crate::browser;

/// As `t_string!`, as a signal: for properties of components, which outlive a change of the language.
macro_rules! t_signal {
    ($i18n:expr, $($key:tt)+) => {
        leptos::prelude::Signal::derive(move || $crate::i18n::t_string!($i18n, $($key)+).to_string())
    };
}
pub(crate) use t_signal;

/// Where the choice of a language is kept.
const STORED: &str = "understudy.language";

/// Every language, as its own speakers abbreviate and call it.
pub const LANGUAGES: [(Locale, &str, &str); 2] = [
    (Locale::ru, "Рус", "Русский"),
    (Locale::en, "Eng", "English"),
];

/// Applies the language that was chosen on an earlier visit.
///
/// In an effect, since the context sets the browser's language in one of its own, which is created before and so runs before.
pub fn restore_language(i18n: leptos_i18n::I18nContext<Locale>) {
    Effect::new(move || {
        let stored = browser::stored(STORED);
        let chosen = LANGUAGES
            .iter()
            .find(|(locale, ..)| Some(locale.to_string()) == stored);
        if let Some((locale, ..)) = chosen {
            i18n.set_locale(*locale);
        }
    });
}

/// Switches to `locale`, now and on later visits.
pub fn choose_language(i18n: leptos_i18n::I18nContext<Locale>, locale: Locale) {
    browser::store(STORED, locale.as_ref());
    i18n.set_locale(locale);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde_json::Value;

    /// Each key with the placeholders of its text, in alphabetical order.
    fn placeholders(json: &str) -> BTreeMap<String, Vec<String>> {
        fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, Vec<String>>) {
            match value {
                Value::Object(fields) => {
                    for (key, value) in fields {
                        walk(&format!("{path}/{key}"), value, found);
                    }
                }
                Value::String(text) => {
                    let mut names: Vec<String> = text
                        .split("{{")
                        .skip(1)
                        .filter_map(|rest| Some(rest.split_once("}}")?.0.trim().to_owned()))
                        .collect();
                    names.sort();
                    assert!(!text.trim().is_empty(), "{path} is empty");
                    found.insert(path.to_owned(), names);
                }
                other => panic!("{path} is neither a text nor a group: {other}"),
            }
        }
        let mut found = BTreeMap::new();
        walk("", &serde_json::from_str(json).unwrap(), &mut found);
        found
    }

    /// The keys of every file of a language.
    fn language(name: &str) -> BTreeMap<String, Vec<String>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("locales")
            .join(name);
        let files = std::fs::read_dir(folder).unwrap();
        files
            .flat_map(|entry| {
                let path = entry.unwrap().path();
                let namespace = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let keys = placeholders(&std::fs::read_to_string(path).unwrap());
                keys.into_iter()
                    .map(move |(key, names)| (format!("{namespace}{key}"), names))
            })
            .collect()
    }

    #[test]
    fn every_language_has_every_key_with_the_same_placeholders() {
        let english = language("en");
        assert!(english.len() > 50);
        assert_eq!(english, language("ru"));
    }
}
