//! Pictures of every page for people to look at, and that nothing on a narrow screen has to be scrolled sideways.

use super::scenes::{switch, walk};
use super::visit::Visit;

const WIDTHS: [u32; 3] = [360, 1280, 2560];

/// What is wider than the page, in words; nothing if the page has no need to be scrolled sideways.
const TOO_WIDE: &str = "
    const page = document.documentElement;
    const room = page.clientWidth;
    if (page.scrollWidth <= room && document.body.scrollWidth <= room) return [];
    return [...document.querySelectorAll('body *')]
        .filter(element => element.getBoundingClientRect().right > room + 1)
        .map(element => element.outerHTML.slice(0, 160)).slice(0, 5).concat(`${page.scrollWidth} of ${room}`)";

#[tokio::test]
async fn every_page_fits_narrow_and_wide_screens() {
    let mut too_wide = Vec::new();
    walk("ru", async |visit, scene| {
        let widths = if scene.narrow {
            &WIDTHS[..1]
        } else {
            &WIDTHS[..]
        };
        for (place, width) in widths.iter().enumerate() {
            visit.chrome.resize(*width, 800).await;
            for (turn, theme) in ["light", "dark"].into_iter().enumerate() {
                // Each width in both languages, and each theme too.
                let language = if (place + turn) % 2 == 0 { "en" } else { "ru" };
                // What opens over a page is seen once narrow and once wide, in the language in which the page before it ended.
                if !scene.whole && (place, turn) != (0, 1) && (place, turn) != (1, 0) {
                    continue;
                }
                look(visit, language, theme).await;
                let name = format!("page-{}-{width}-{theme}-{language}.png", scene.name);
                if !scene.whole {
                    visit.chrome.screenshot(&name).await;
                    continue;
                }
                // All of it at once: what stays in sight while one scrolls would lie over the middle otherwise.
                let height = visit
                    .script("return document.documentElement.scrollHeight")
                    .await;
                let height = height
                    .as_u64()
                    .and_then(|height| u32::try_from(height).ok());
                visit.chrome.resize(*width, height.expect("a height")).await;
                visit.settle().await;
                visit.chrome.screenshot(&name).await;
                visit.chrome.resize(*width, 800).await;
            }
            for element in strings(&visit.script(TOO_WIDE).await) {
                too_wide.push(format!("{} at {width}: {element}", scene.name));
            }
        }
    })
    .await;
    assert!(too_wide.is_empty(), "{}", too_wide.join("\n"));
}

async fn look(visit: &Visit, language: &str, theme: &str) {
    switch(visit, "language", language).await;
    switch(visit, "theme", theme).await;
}

fn strings(list: &serde_json::Value) -> Vec<String> {
    let list = list.as_array().expect("a list");
    list.iter()
        .map(|item| item.as_str().unwrap_or_default().to_owned())
        .collect()
}
