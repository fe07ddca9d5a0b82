//! The audit log on the screen: what was done is there by itself, can be narrowed down, read in full and taken along.

use serde_json::json;

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::Upstream;

const NAMES: &str = "return [...document.querySelectorAll('#audit tr[data-action-name]')]
    .map(row => row.dataset.actionName)";

#[tokio::test]
async fn changes_are_listed_narrowed_and_read_in_full() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    let admin = app.admin().await;
    let renamed = json!({"name": "GPU server 2", "enabled": false});
    admin.patch(&instance.path, &renamed).await.expect(200);
    let visit = Visit::signed_in(&app, "/audit").await;
    let update = "#audit tr[data-action-name='model_instance.update']";
    let row = visit.text(update).await;
    for part in ["GPU server 2", ADMIN_USERNAME, "127.0.0.1"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    // What was before and after, field by field.
    visit
        .click(&format!("{update} [data-action='details']"))
        .await;
    let name = "#audit .changes tr[data-field='name']";
    assert_eq!(visit.text(&format!("{name} .was")).await, "GPU server 1");
    assert_eq!(visit.text(&format!("{name} .now")).await, "GPU server 2");
    visit.find("#audit .changes tr[data-field='enabled']").await;
    assert_eq!(visit.count("#audit .changes tr[data-field]").await, 2);
    visit.chrome.screenshot("audit-details.png").await;
    visit
        .click(&format!("{update} [data-action='details']"))
        .await;
    assert_eq!(visit.count("#audit .changes").await, 0);

    // One object: what was done to it and nothing else, and the address says so.
    visit
        .click(&format!("{update} [data-action='only-target']"))
        .await;
    visit
        .shows(
            NAMES,
            json!(["model_instance.update", "model_instance.create"]),
        )
        .await;
    let query = format!("?target={}", instance.id);
    visit.shows("return location.search", json!(query)).await;
    visit
        .click("[data-chip='target'] [data-action='remove-filter']")
        .await;

    let choose = |filter: &str, value: &str| {
        format!(
            "const filter = document.querySelector('[data-filter={filter}]'); filter.value = '{value}';
             filter.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        )
    };
    visit
        .script(&choose("action", "model_instance.create"))
        .await;
    visit.shows(NAMES, json!(["model_instance.create"])).await;
    visit.script(&choose("from", "2000-01-01")).await;
    visit.script(&choose("to", "2000-01-02")).await;
    visit.find("#audit .empty-title").await;
    visit.go("/audit?action=model_instance.&sort=at").await;
    visit
        .shows(
            NAMES,
            json!(["model_instance.create", "model_instance.update"]),
        )
        .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn failed_sign_ins_are_there_and_the_log_can_be_taken_along() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/audit").await;
    visit.sign_in(ADMIN_USERNAME, "not the password").await;
    visit.find("#login [role='alert'], #login .notice").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit
        .find("#audit tr[data-action-name='session.sign_in_failed'][data-outcome='failure']")
        .await;
    // The file is caught on its way to the disk.
    visit
        .script(
            "window.files = {};
             const made = URL.createObjectURL;
             URL.createObjectURL = blob => { blob.text().then(text => window.files[blob.type] = text); return made(blob) }",
        )
        .await;
    for (format, kind, begins) in [
        ("csv", "text/csv", "\"id\",\"at\""),
        ("jsonl", "application/x-ndjson", "{\"id\":"),
    ] {
        visit
            .click(&format!("[data-action='export'][data-format='{format}']"))
            .await;
        visit
            .shows(
                &format!(
                    "const text = window.files['{kind}'] ?? '';
                     return text.startsWith('{begins}') && text.includes('session.sign_in_failed')
                         && text.includes('session.sign_in')"
                ),
                json!(true),
            )
            .await;
    }
    // Taking it along is itself a record.
    visit.click("#refresh").await;
    visit
        .find("#audit tr[data-action-name='audit_log.export']")
        .await;
    visit.assert_clean_but(&[401]).await;
}
