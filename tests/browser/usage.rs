//! Usage on the screen: sums, charts that the keyboard reads, the same figures as a table, and one of many alone.

use serde_json::json;

use super::visit::Visit;
use crate::support::App;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const BODY: &str = "chat-default";

/// The sums of this name, as they stand on the screen.
fn tile(name: &str) -> String {
    format!("return document.querySelector('.tile[data-figure={name}] .tile-value')?.textContent")
}

#[tokio::test]
async fn page_teaches_while_there_is_nothing_to_count() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::signed_in(&app, "/usage").await;
    visit.find("#usage-empty a[href='/keys']").await;
    visit.chrome.screenshot("usage-empty.png").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn requests_errors_and_failovers_are_counted_drawn_and_told_apart() {
    let app = App::builder().with_site().start().await;
    let (bad, good) = (Upstream::refusing("bad"), Upstream::start("good"));
    let first = app
        .instance_with(
            "Broken one",
            bad.port(),
            json!({"health_check": {"mode": "off"}}),
        )
        .await;
    let second = app.instance("GPU server 1", &good).await;
    app.group(BODY, [&first, &second]).await;
    app.group("other", [&second]).await;
    let caller = app.gateway().await;
    let ask = async |group: &str, status: u16| {
        let body = json!({"model": group, "messages": []});
        caller
            .post("/v1/chat/completions", &body)
            .await
            .expect(status);
    };
    ask(BODY, 200).await;
    ask("other", 200).await;
    good.always(Reply::failure(400));
    ask("other", 400).await;
    let admin = app.admin().await;
    until(SOON, "three requests are recorded", async || {
        let usage = admin.get("/api/v1/usage").await.expect(200).json();
        (usage["totals"]["requests"] == 3).then_some(())
    })
    .await;

    let visit = Visit::signed_in(&app, "/usage").await;
    visit.shows(&tile("requests"), json!("3")).await;
    visit.shows(&tile("errors"), json!("1")).await;
    visit.shows(&tile("failovers"), json!("1")).await;
    // Every bar says all of itself; one tab stop, and the arrow keys lead on.
    let stops =
        "return document.querySelectorAll('#chart-requests .chart-moment[tabindex=\"0\"]').length";
    visit.shows(stops, json!(1)).await;
    visit
        .script("document.querySelector('#chart-requests .chart-moment[tabindex=\"0\"]').focus()")
        .await;
    let focused = "return document.activeElement.id";
    visit.shows(focused, json!("chart-requests-23")).await;
    let label = visit
        .script("return document.activeElement.getAttribute('aria-label')")
        .await;
    assert!(
        label
            .as_str()
            .is_some_and(|label| label.contains('2') && label.contains('1')),
        "{label}"
    );
    assert!(
        !visit
            .text("#chart-requests .chart-readout")
            .await
            .is_empty()
    );
    let left = fantoccini::key::Key::Left;
    visit.press([char::from(left)]).await;
    visit.shows(focused, json!("chart-requests-22")).await;
    // The same as a table.
    visit.click(".figures-table summary").await;
    visit
        .shows(
            "return document.querySelectorAll('.numbers-table tbody tr').length",
            json!(24),
        )
        .await;
    visit.chrome.screenshot_of_all("usage.png").await;

    // One model alone.
    visit
        .click("#usage-apart tr[data-name='other'] [data-action='choose']")
        .await;
    visit.shows(&tile("requests"), json!("2")).await;
    assert!(visit.text("[data-chip='one']").await.contains("other"));
    visit
        .click("[data-chip='one'] [data-action='remove-filter']")
        .await;
    visit.shows(&tile("requests"), json!("3")).await;
    // By instance, over a month: the address leads back to it.
    visit.click("[data-range='30d']").await;
    visit
        .script(
            "const by = document.querySelector('[data-filter=by]'); by.value = 'instance';
             by.dispatchEvent(new Event('change', { bubbles: true }))",
        )
        .await;
    visit
        .find("#usage-apart tr[data-name='GPU server 1']")
        .await;
    visit
        .shows("return location.search", json!("?range=30d&by=instance"))
        .await;
    visit
        .shows(
            "return document.querySelectorAll('#chart-tokens .chart-moment').length",
            json!(30),
        )
        .await;
    visit.assert_clean().await;
}
