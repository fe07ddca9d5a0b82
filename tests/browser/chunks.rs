//! Code that is loaded with the page that needs it: not before, once, and with a way on when it does not come.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::wait::{SOON, until};

/// Files of code that this document has asked for, without the hashes in their names.
const LOADED: &str = "
    const names = performance.getEntriesByType('resource').map(entry => entry.name.split('/').pop());
    return [...new Set(names.filter(name => name.startsWith('page-')).map(name => name.split('-')[1]))].sort()";

/// Requests for these addresses fail from now on, as if the network were gone or a newer version had removed them.
async fn block(visit: &Visit, urls: Value) {
    visit.chrome.devtools("Network.enable", json!({})).await;
    let urls = json!({"urls": urls});
    visit.chrome.devtools("Network.setBlockedURLs", urls).await;
}

#[tokio::test]
async fn page_loads_its_own_code_and_the_others_follow_when_there_is_time() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/login").await;
    visit.find("#login #username").await;
    assert_eq!(visit.script(LOADED).await, json!([]));
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups").await;
    let first = visit.script(LOADED).await;
    assert!(
        first
            .as_array()
            .is_some_and(|pages| pages.contains(&json!("models"))),
        "{first}"
    );
    // All that an administrator can go to, without having gone anywhere.
    until(SOON, "the other pages", async || {
        let loaded = visit.script(LOADED).await;
        let loaded = loaded.as_array().cloned().unwrap_or_default();
        let wanted = [
            "audit_usage",
            "groups",
            "instances",
            "keys_users_settings",
            "models",
        ];
        wanted
            .iter()
            .all(|page| loaded.contains(&json!(page)))
            .then_some(())
    })
    .await;
    // From now on no file is needed any more.
    block(&visit, json!(["*/assets/*"])).await;
    for (path, shown) in [
        ("/keys", "#keys"),
        ("/users", "#users"),
        ("/audit", "#audit"),
        ("/settings", "#settings"),
        ("/models/groups/new", "#members"),
        ("/models/instances/new", "#instance-form"),
    ] {
        visit.follow(path).await;
        visit.find(shown).await;
    }
    visit.assert_clean().await;
}

#[tokio::test]
async fn code_that_does_not_come_is_said_and_loading_again_helps() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/login").await;
    block(&visit, json!(["*/assets/page-audit_usage-*"])).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups").await;
    visit.follow("/audit").await;
    visit.find("#chunk-failed [role='alert']").await;
    visit.chrome.screenshot("chunk-failed.png").await;
    // The rest of the application is as it was.
    visit.follow("/keys").await;
    visit.find("#keys").await;
    visit.follow("/audit").await;
    visit.find("#chunk-failed").await;
    block(&visit, json!([])).await;
    visit.click("[data-action='reload']").await;
    visit.find("#audit tr").await;
    assert_eq!(visit.path().await, "/audit");
}

#[tokio::test]
async fn code_that_failed_once_is_asked_for_again() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/login").await;
    block(&visit, json!(["*/assets/page-audit_usage-*"])).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups").await;
    visit.follow("/audit").await;
    visit.find("#chunk-failed").await;
    block(&visit, json!([])).await;
    visit.follow("/keys").await;
    visit.find("#keys").await;
    visit.follow("/audit").await;
    visit.find("#audit tr").await;
}
