//! Suggests a name for programs from the title for people: «Помощник сотрудника» becomes `pomoshchnik-sotrudnika`.
//!
//! The rule: what comes out is always a name that the service takes (`rules::group_name`), or nothing; and a name that somebody has typed is theirs.

use std::collections::HashSet;

use leptos::prelude::*;

use crate::browser;

/// As long as a name may be.
const LONGEST: usize = 64;

/// Lets `name` follow `title` while what is made is new and nobody has typed another name; `taken` are those that others have, in lower case.
/// Whether it still does.
pub fn suggest_name(
    title: RwSignal<String>,
    name: RwSignal<String>,
    is_new: Signal<bool>,
    taken: Signal<HashSet<String>>,
) -> Memo<bool> {
    let suggested = RwSignal::new(String::new());
    Effect::new(move |before: Option<String>| {
        let title = title.get();
        let changed = before.is_some_and(|before| before != title);
        let was_ours = untrack(|| {
            name.with(|name| {
                *name == suggested.get() || (name.is_empty() && suggested.with(String::is_empty))
            })
        });
        if changed && was_ours && is_new.get_untracked() {
            let new = suggest(&title, browser::decompose);
            let new = taken.with_untracked(|taken| free(&new, taken));
            suggested.set(new.clone());
            name.set(new);
        }
        title
    });
    Memo::new(move |_| {
        is_new.get() && name.with(|name| *name == suggested.get() || name.is_empty())
    })
}

/// A name for `title`. `decompose` splits a character into its base and marks (Unicode NFD), for letters that no table here knows.
fn suggest(title: &str, decompose: impl Fn(&str) -> String) -> String {
    let mut name = String::new();
    for c in title.trim().chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || "._:/".contains(c) {
            name.push(c);
        } else if let Some(letters) = spelled(c) {
            name.push_str(letters);
        } else if c.is_ascii() || !c.is_alphanumeric() {
            // A combining mark belongs to the letter before it; anything else separates.
            let mark = ('\u{300}'..='\u{36f}').contains(&c);
            if !mark && !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        } else {
            let parts = decompose(&c.to_string());
            name.extend(parts.chars().filter(char::is_ascii_alphanumeric));
        }
    }
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let end = name.len().min(LONGEST);
    tidy(&name[..end]).to_owned()
}

/// The name itself or, if it is taken, the first free one with a number at its end.
fn free(name: &str, taken: &HashSet<String>) -> String {
    let is_free = |name: &str| !taken.contains(&name.to_ascii_lowercase());
    if name.is_empty() || is_free(name) {
        return name.to_owned();
    }
    (2_u32..)
        .map(|number| {
            let suffix = format!("-{number}");
            let end = name.len().min(LONGEST - suffix.len());
            format!("{}{suffix}", tidy(&name[..end]))
        })
        .find(|name| is_free(name))
        .unwrap_or_default()
}

fn tidy(name: &str) -> &str {
    name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())
}

/// How letters are written with others: Cyrillic of four languages, and Latin ones that have no base letter or, as the German ones, another custom.
fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'д' => "d",
        'е' | 'ё' | 'э' => "e",
        'є' => "ye",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' => "i",
        'ї' => "yi",
        'й' | 'ы' => "y",
        'к' => "k",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'о' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' | '\'' | '’' | 'ʼ' => "",
        'ю' => "yu",
        'я' => "ya",
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'ø' => "o",
        'å' => "aa",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use understudy_shared::rules;

    use super::*;

    /// What the browser does for every letter of Unicode, for those of these tests.
    fn decompose(text: &str) -> String {
        text.chars()
            .map(|c| match c {
                'é' => "e\u{301}".to_owned(),
                'ñ' => "n\u{303}".to_owned(),
                'ż' => "z\u{307}".to_owned(),
                'ć' => "c\u{301}".to_owned(),
                other => other.to_string(),
            })
            .collect()
    }

    #[test]
    fn titles_become_names() {
        for (title, name) in [
            ("Помощник сотрудника", "pomoshchnik-sotrudnika"),
            ("Qwen3 32B · сервер 1", "qwen3-32b-server-1"),
            ("  Чат: быстрый  ответ ", "chat:-bystryy-otvet"),
            ("Ёж и подъезд", "ezh-i-podezd"),
            ("Über die Größe", "ueber-die-groesse"),
            ("Перевірка зв’язку Києва", "perevirka-zvyazku-kiyeva"),
            ("Аўтаадказ", "autaadkaz"),
            ("Café piñata", "cafe-pinata"),
            ("Żółć", "zolc"),
            ("e\u{301}tude", "etude"),
            ("日本語 GPT", "gpt"),
            ("...", ""),
            ("🙂", ""),
            ("", ""),
            ("-a-", "a"),
            ("gpt-4.1/mini", "gpt-4.1/mini"),
        ] {
            let decompose = |text: &str| decompose(text).replace('ó', "o");
            assert_eq!(suggest(title, decompose), name, "{title}");
        }
    }

    #[test]
    fn every_suggestion_is_a_name_that_the_service_takes() {
        for title in [
            "Щ".repeat(100),
            "а б ".repeat(50),
            "x".repeat(63) + " y",
            "Ж-".repeat(40),
        ] {
            let name = suggest(&title, decompose);
            let mut faults = Vec::new();
            rules::group_name(&mut faults, "/name", &name);
            assert!(faults.is_empty(), "{title} gave {name}");
            assert!(!name.ends_with('-'));
        }
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        let long = "x".repeat(64);
        let taken = HashSet::from(["chat".to_owned(), "chat-2".to_owned(), long.clone()]);
        assert_eq!(free("Chat", &taken), "Chat-3");
        assert_eq!(free("talk", &taken), "talk");
        assert_eq!(free("", &taken), "");
        let other = free(&long, &taken);
        assert_eq!(other.len(), 64);
        assert!(other.ends_with("x-2"));
    }
}
