//! Sessions that end and networks that go away in the middle of work: nothing that was typed is lost.

use serde_json::json;

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const AGAIN: &str = "dialog#sign-in-again[open]";
const NEW_PASSWORD: &str = "another horse battery";

async fn gone(visit: &Visit, css: &str) {
    until(SOON, css, async || {
        (visit.count(css).await == 0).then_some(())
    })
    .await;
}

/// Ends every session but the one of the test's own client.
async fn end_other_sessions(app: &App) {
    let body = json!({"current_password": ADMIN_PASSWORD, "new_password": NEW_PASSWORD});
    let admin = app.admin().await;
    admin.post("/api/v1/auth/password", &body).await.expect(204);
}

async fn half_typed_key(app: &App) -> Visit {
    let visit = Visit::to(app, "/keys").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.click("[data-action='create']").await;
    visit.type_into("#key-name", "Half-typed").await;
    visit
}

#[tokio::test]
async fn session_that_ends_is_renewed_in_place_and_the_form_goes_on() {
    let app = App::builder().with_site().start().await;
    // Before the browser signs in, or this client would be one of the others.
    app.admin().await;
    let visit = half_typed_key(&app).await;
    end_other_sessions(&app).await;

    visit.find(AGAIN).await;
    visit.chrome.screenshot("session-ended.png").await;
    assert_eq!(visit.path().await, "/keys");
    visit.type_into("#again-password", "not the password").await;
    visit.click(&format!("{AGAIN} button[type=submit]")).await;
    visit.find(&format!("{AGAIN} [role='alert']")).await;
    visit.type_into("#again-password", NEW_PASSWORD).await;
    visit.click(&format!("{AGAIN} button[type=submit]")).await;
    gone(&visit, AGAIN).await;

    let typed = visit
        .script("return document.getElementById('key-name').value")
        .await;
    assert_eq!(typed, "Half-typed");
    visit.click("#key-form button[type=submit]").await;
    visit.find("#key-value").await;
}

#[tokio::test]
async fn whoever_does_not_sign_in_again_keeps_the_page_and_can_do_so_later() {
    let app = App::builder().with_site().start().await;
    app.admin().await;
    let visit = half_typed_key(&app).await;
    end_other_sessions(&app).await;
    visit.click(&format!("{AGAIN} [data-action='later']")).await;
    gone(&visit, AGAIN).await;
    visit.find("[data-banner='session']").await;

    // A request needs the session, so it asks once more; it is sent as soon as there is one.
    visit.click("#key-form button[type=submit]").await;
    visit.type_into("#again-password", NEW_PASSWORD).await;
    visit.click(&format!("{AGAIN} button[type=submit]")).await;
    visit.find("#key-value").await;
    gone(&visit, "[data-banner='session']").await;
}

#[tokio::test]
async fn signing_out_in_another_tab_is_noticed() {
    let app = App::builder().with_site().start().await;
    let visit = half_typed_key(&app).await;
    let client = &visit.chrome.client;
    let first = client.window().await.expect("a tab");
    let second = client.new_window(true).await.expect("another tab").handle;
    client.switch_to_window(second).await.expect("the other");
    visit.go("/models").await;
    visit.click("#sign-out").await;
    visit.find("#login").await;
    client.switch_to_window(first).await.expect("the first");
    visit.find(AGAIN).await;
    let typed = visit
        .script("return document.getElementById('key-name').value")
        .await;
    assert_eq!(typed, "Half-typed");
}

#[tokio::test]
async fn loss_of_the_network_is_shown_and_what_was_missed_appears_after_it() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/keys").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#keys .empty").await;
    visit.chrome.set_offline(true).await;
    visit.find("[data-banner='network']").await;
    visit.chrome.screenshot("network-lost.png").await;
    let body = json!({"name": "Made meanwhile", "scopes": ["gateway"]});
    let admin = app.admin().await;
    admin.post("/api/v1/api-keys", &body).await.expect(201);
    visit.chrome.set_offline(false).await;
    gone(&visit, "[data-banner='network']").await;
    visit.find("#keys tr[data-name='Made meanwhile']").await;
}

#[tokio::test]
async fn state_of_an_instance_comes_by_an_event_and_not_by_asking() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    app.group("chat-default", [&instance]).await;
    let caller = app.gateway().await;
    app.settled().await;
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit
        .find("#instances tr[data-name='GPU server 1'][data-state='unknown']")
        .await;
    // From now on the lists cannot be read any more.
    let lists = json!({"urls": ["*/api/v1/model-instances?*", "*/api/v1/model-groups?*"]});
    visit.chrome.devtools("Network.enable", json!({})).await;
    visit.chrome.devtools("Network.setBlockedURLs", lists).await;
    let body = json!({"model": "chat-default", "messages": []});
    caller.post("/v1/chat/completions", &body).await.expect(200);
    visit
        .find("#instances tr[data-name='GPU server 1'][data-state='up']")
        .await;
    upstream.always(Reply::close());
    for _ in 0..3 {
        caller.post("/v1/chat/completions", &body).await.expect(502);
    }
    visit
        .find("#instances tr[data-name='GPU server 1'][data-state='down']")
        .await;
}
