//! How quick the pages are, as figures for people. The bounds are many times what is wanted: they find what is broken, not a busy machine.

use std::fmt::Write;

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::chrome::keep;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

/// From the first moment of a page: when its first row was to be seen, and how long tasks and the handling of keys took.
const WATCH: &str = "
    window.firstRow = null;
    new MutationObserver((_, observer) => {
        if (document.querySelector('#groups tbody tr[data-name]')) {
            observer.disconnect();
            requestAnimationFrame(() => { window.firstRow = performance.now(); });
        }
    }).observe(document, { childList: true, subtree: true });
    window.tasks = [];
    new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(entry => entry.duration)))
        .observe({ type: 'longtask', buffered: true });
    window.keys = [];
    new PerformanceObserver(list => window.keys.push(...list.getEntries()
        .filter(entry => /^key|input/.test(entry.name))
        .map(entry => [entry.processingEnd - entry.processingStart, entry.duration])))
        .observe({ type: 'event', durationThreshold: 16, buffered: true });";

/// The wanted time until the first row, in milliseconds.
const WANTED_LIST_MS: f64 = 2000.0;
/// What nobody calls a lag, in milliseconds.
const WANTED_TASK_MS: f64 = 100.0;
/// By how much a figure may miss what is wanted before the test fails.
const PATIENCE: f64 = 10.0;
const TYPED: &str = "Forty characters of a title, typed fast.";

#[tokio::test]
async fn lists_come_at_once_and_typing_does_not_lag() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let mut instances = Vec::new();
    for number in 1..=50 {
        let name = format!("GPU server {number}");
        instances.push(app.instance(&name, &upstream).await);
    }
    let group = app.group("large", &instances).await;
    app.settled().await;
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups tr[data-name='large']").await;
    let watch = json!({"source": WATCH});
    visit
        .chrome
        .devtools("Page.addScriptToEvaluateOnNewDocument", watch)
        .await;

    let mut figures = String::new();
    for (what, cached) in [("first visit", false), ("later visit", true)] {
        if !cached {
            visit
                .chrome
                .devtools("Network.clearBrowserCache", json!({}))
                .await;
        }
        visit.go("/models").await;
        let (first_row, _) = until(SOON, "the first row", async || {
            visit.script("return window.firstRow").await.as_f64()
        })
        .await;
        writeln!(
            figures,
            "{what}: first row of the list after {first_row:.0} ms"
        )
        .expect("a text");
        assert!(first_row < WANTED_LIST_MS * PATIENCE, "{figures}");
    }

    visit.go(&format!("/models/groups/{}", group.id)).await;
    visit.find("#members-list li:nth-child(50) .member").await;
    visit.find("#preview .verdict").await;
    typing(&visit, "#title", "a group of 50 members", &mut figures).await;
    visit
        .go(&instances[0]
            .path
            .replace("/api/v1/model-instances", "/models/instances"))
        .await;
    visit.find("#instance-form").await;
    typing(&visit, "#name", "an instance", &mut figures).await;
    keep("speed.txt", figures.as_bytes());
}

/// Types, and writes down how long the page was busy with that.
async fn typing(visit: &Visit, field: &str, form: &str, figures: &mut String) {
    assert_eq!(TYPED.len(), 40);
    let input = visit.find(field).await;
    input.clear().await.expect("a field");
    visit.settle().await;
    visit
        .script("window.tasks.length = 0; window.keys.length = 0")
        .await;
    for letter in TYPED.chars() {
        input.send_keys(&letter.to_string()).await.expect("a field");
    }
    visit.settle().await;
    let value = visit
        .script(&format!("return document.querySelector('{field}').value"))
        .await;
    assert_eq!(value, TYPED);
    // What took less than 50 ms is no long task, and what took less than 16 ms is no slow key.
    let seen = visit
        .script(
            "return [Math.max(0, ...window.tasks), Math.max(0, ...window.keys.map(key => key[0])), Math.max(0, ...window.keys.map(key => key[1]))]",
        )
        .await;
    let figure = |place: usize| seen.get(place).and_then(Value::as_f64).expect("a figure");
    let words = |figure: f64, least: u32| match figure > 0.0 {
        true => format!("{figure:.0} ms"),
        false => format!("under {least} ms"),
    };
    writeln!(
        figures,
        "typing 40 characters into the form of {form}: longest task {}, longest handling of a key {}, longest from key to picture {}",
        words(figure(0), 50), words(figure(1), 16), words(figure(2), 16)
    )
    .expect("a text");
    assert!(figure(0) < WANTED_TASK_MS * PATIENCE, "{figures}");
}
