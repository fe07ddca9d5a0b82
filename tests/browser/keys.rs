//! API keys, from making one to revoking it.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

const DIALOG: &str = "dialog#new-key[open]";

/// Waits until nothing on the page is so.
async fn gone(visit: &Visit, css: &str) {
    until(SOON, css, async || {
        (visit.count(css).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn key_is_made_shown_once_used_and_revoked() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    app.group("chat-default", [&instance]).await;
    app.group("other", [&instance]).await;
    let visit = Visit::to(&app, "/keys").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#keys .empty").await;

    visit.click("[data-action='create']").await;
    visit.click("#key-form button[type=submit]").await;
    let refused = visit.text("#key-name-error").await;
    assert!(!refused.is_empty(), "a key needs a name");
    visit.type_into("#key-name", "Dialog service").await;
    visit.click("input[name='key-groups'][value='some']").await;
    visit.click("[data-group='chat-default']").await;
    visit.type_into("#key-requests-per-minute", "many").await;
    visit.click("#key-form button[type=submit]").await;
    let refused = visit.text("#key-requests-per-minute-error").await;
    assert!(!refused.is_empty(), "a limit is a number");
    visit.type_into("#key-requests-per-minute", "600").await;
    visit.type_into("#key-max-concurrency", "20").await;
    visit.click("#key-form button[type=submit]").await;

    visit.find("#key-value").await;
    let key = visit
        .script("return document.getElementById('key-value').value")
        .await;
    let key = key.as_str().expect("a key").to_owned();
    assert!(key.starts_with("us-") && key.len() > 40, "not a whole key");
    let example = visit.text("#key-example").await;
    assert!(example.contains(&format!("http://{}/v1", app.address())));
    assert!(example.contains(&key) && example.contains("chat-default"));
    visit.chrome.screenshot("key-made.png").await;

    let program = app.anonymous().with_bearer(&key);
    let models = program.get("/v1/models").await.expect(200).json();
    let names: Vec<&str> = models["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|model| model["id"].as_str())
        .collect();
    assert_eq!(names, ["chat-default"]);

    // It does not go by a slip: only who says that they have it closes the dialog.
    visit.click("#new-key [data-action='close']").await;
    visit.click("#new-key [data-action='done']").await;
    assert_eq!(visit.count(DIALOG).await, 1);
    visit.click("#key-stored").await;
    visit.click("#new-key [data-action='done']").await;
    gone(&visit, DIALOG).await;
    let row = "#keys tr[data-name='Dialog service']";
    visit.find(&format!("{row}[data-state='active']")).await;
    assert_nowhere(&visit, &key).await;

    let limits = visit.text(&format!("{row} [data-column='limits']")).await;
    assert!(limits.contains("600") && limits.contains("20"), "{limits}");
    visit.click(&format!("{row} [data-action='revoke']")).await;
    assert!(visit.text("#confirm").await.contains("Dialog service"));
    visit.click("#confirm [data-action='confirm']").await;
    gone(&visit, row).await;
    program.get("/v1/models").await.expect(401);

    visit.click("[data-action='show-all']").await;
    visit.find(&format!("{row}[data-state='revoked']")).await;
    assert_eq!(
        visit.count(&format!("{row} [data-action='revoke']")).await,
        0
    );
    visit.assert_clean().await;
}

#[tokio::test]
async fn key_is_changed_and_what_cannot_be_changed_is_said() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    let group = app.group("chat-default", [&instance]).await;
    app.group("other", [&instance]).await;
    let ends = chrono::Utc::now() + chrono::TimeDelta::days(30);
    let fields = json!({"name": "Nightly job", "limits": {"requests_per_minute": 600}, "expires_at": ends.to_rfc3339()});
    let key = app.key_with(&["gateway", "groups:read"], fields).await;
    let visit = Visit::to(&app, "/keys").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    let row = "#keys tr[data-name='Nightly job']";
    let change = format!("{row} [data-action='change']");
    const CHANGE: &str = "dialog#change-key[open]";

    // As it is: nothing to send.
    visit.click(&change).await;
    let scopes = visit.text("#key-scopes").await;
    assert!(scopes.contains("gateway") && scopes.contains("groups:read"));
    assert_eq!(visit.count("#key-scopes input").await, 0);
    visit.click("#key-form button[type=submit]").await;
    gone(&visit, CHANGE).await;

    visit.click(&change).await;
    visit.type_into("#key-name", " ").await;
    visit.click("#key-form button[type=submit]").await;
    let refused = visit.text("#key-name-error").await;
    assert!(!refused.is_empty(), "a key needs a name");
    visit.type_into("#key-name", "Weekly job").await;
    visit.click("input[name='key-groups'][value='some']").await;
    visit.click("[data-group='chat-default']").await;
    visit.type_into("#key-requests-per-minute", " ").await;
    visit.type_into("#key-max-concurrency", "3").await;
    visit.click("#key-form button[type=submit]").await;
    gone(&visit, CHANGE).await;
    let row = "#keys tr[data-name='Weekly job']";
    let limits = visit.text(&format!("{row} [data-column='limits']")).await;
    assert!(limits.contains('3') && !limits.contains("600"), "{limits}");

    let admin = app.admin().await;
    let keys = admin.get("/api/v1/api-keys").await.expect(200).json();
    let stored = &keys["items"][0];
    assert_eq!(stored["name"], "Weekly job", "{keys}");
    assert_eq!(stored["group_ids"], json!([group.id]));
    let limits = json!({"requests_per_minute": null, "max_concurrency": 3});
    assert_eq!(stored["limits"], limits);
    assert_eq!(stored["scopes"], json!(["gateway", "groups:read"]));
    let until: chrono::DateTime<chrono::Utc> =
        stored["expires_at"].as_str().unwrap().parse().unwrap();
    assert!((until - ends).num_seconds().abs() <= 1, "{until} is kept");
    key.get("/v1/models").await.expect(200);

    // Somebody else revokes it meanwhile: it says so, and the list shows it.
    visit.click(&format!("{row} [data-action='change']")).await;
    visit.type_into("#key-name", "Too late").await;
    let path = format!("/api/v1/api-keys/{}", stored["id"].as_str().unwrap());
    admin.delete(&path).await.expect(204);
    visit.click("#key-form button[type=submit]").await;
    visit.find("#form-errors").await;
    assert_eq!(visit.count(CHANGE).await, 1);
    visit.click("#key-form [data-action='cancel']").await;
    gone(&visit, row).await;
    visit.assert_clean_but(&[409]).await;
}

/// The key stands neither in the page nor in anything that outlives it.
async fn assert_nowhere(visit: &Visit, key: &str) {
    let kept = visit
        .script(
            "const values = [...document.querySelectorAll('input, textarea')].map(field => field.value);
             return JSON.stringify([document.documentElement.outerHTML, values, location.href, document.cookie,
                 {...localStorage}, {...sessionStorage}, history.state])",
        )
        .await;
    let kept = kept.as_str().expect("a text");
    assert!(kept.contains("Dialog service"), "not the page: {kept}");
    assert!(!kept.contains(key), "the key is still there");
}

#[tokio::test]
async fn keys_that_others_make_and_revoke_appear_by_themselves() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/keys").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#keys .empty").await;
    let admin = app.admin().await;
    let body = json!({"name": "<img src=x onerror=window.hit=1>", "scopes": ["manage:read"]});
    let made = admin
        .post("/api/v1/api-keys", &body)
        .await
        .expect(201)
        .json();
    let id = made["id"].as_str().expect("an id");
    let row = format!("#keys tr[data-id='{id}']");
    assert!(visit.text(&row).await.contains("<img src=x"));
    assert_eq!(visit.script("return window.hit").await, Value::Null);
    admin
        .delete(&format!("/api/v1/api-keys/{id}"))
        .await
        .expect(204);
    gone(&visit, &row).await;
    visit.assert_clean().await;
}
