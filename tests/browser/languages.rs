//! Every page is whole in either language: no sentence of the other is left over, be it the application's or the service's.

use serde_json::Value;

use super::scenes::{NAMES, walk};

/// Words that are the same in both languages: names, units and what stands in code.
const SAME: [&str; 43] = [
    "Top P",
    "CSV",
    "JSON Lines",
    "Understudy",
    "API",
    "Eng",
    "English",
    "admin",
    "HTTP",
    "HTTPS",
    "http",
    "https",
    "Bearer",
    "PEM",
    "TLS",
    "JSON",
    "OpenAI SDK",
    "Python",
    "curl",
    "URL",
    "OpenAI-Organization",
    "A",
    "x-org",
    "us",
    "DNS",
    "TCP",
    "ID",
    "Authorization",
    "Work 1",
    "Authorization: Bearer",
    "gateway",
    "manage:read",
    "key-0",
    "JavaScript",
    "LangChain",
    "Open WebUI",
    "F16 · BF16",
    "Q8_0 · FP8",
    "Q6_K",
    "Q5_K_M",
    "Q4_K_M · AWQ · GPTQ",
    "Q3_K_M",
    "Q2_K",
];

/// Every text that a person sees or hears, each once: what stands between tags, and what stands in attributes.
const TEXTS: &str = "
    const found = new Set();
    // The last one is what a backend said, word for word, below what it means.
    const code = 'code, pre, script, style, .code, #ask-question, .ask-answer, .md, .bubble, #language, #now .minor[lang=en]';
    const shown = element => element.checkVisibility({ visibilityProperty: true });
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!parent.closest(code) && shown(parent)) found.add(walker.currentNode.data.trim());
    }
    for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-tip', 'data-label'])
        for (const element of document.querySelectorAll(`[${name}]`))
            if (!element.closest(code) && shown(element)) found.add(element.getAttribute(name).trim());
    found.add(document.title.replace(/ — Understudy$/, ''));
    return [document.documentElement.lang, [...found]]";

#[tokio::test]
async fn every_page_is_whole_in_russian() {
    assert_whole("ru").await;
}

#[tokio::test]
async fn every_page_is_whole_in_english() {
    assert_whole("en").await;
}

async fn assert_whole(language: &str) {
    let mut strange = Vec::new();
    walk(language, async |visit, scene| {
        let seen = visit.script(TEXTS).await;
        assert_eq!(seen[0], language, "{}", scene.name);
        let texts = seen[1].as_array().expect("a list");
        assert!(texts.len() > 5, "{}: {texts:?}", scene.name);
        for text in texts.iter().filter_map(Value::as_str) {
            if is_of_other(language, text) {
                strange.push(format!("{}: {text}", scene.name));
            }
        }
    })
    .await;
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}

/// Whether somebody wrote it in the other language.
fn is_of_other(language: &str, text: &str) -> bool {
    let mut text = text.to_owned();
    for name in NAMES {
        text = text.replace(name, "");
    }
    if SAME.contains(&text.trim()) {
        return false;
    }
    let is_cyrillic = |letter: char| matches!(letter, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё');
    if language == "en" {
        return text.contains(is_cyrillic);
    }
    let words = text
        .split(|letter: char| !letter.is_alphabetic())
        .filter(|word| word.len() > 1);
    // An address or a path is no sentence.
    let is_address = text.contains("://") || text.starts_with('/');
    words.count() > 0 && !text.contains(is_cyrillic) && !is_address
}

#[test]
fn other_languages_are_told_apart() {
    assert!(is_of_other("ru", "Save changes"));
    assert!(!is_of_other("ru", "Сохранить в API"));
    assert!(!is_of_other("ru", "GPU server 1"));
    assert!(!is_of_other("ru", "http://127.0.0.1:8080/v1"));
    assert!(is_of_other("en", "Save изменения"));
    assert!(!is_of_other("en", "Save"));
    assert!(!is_of_other("ru", "12 · 3"));
}
