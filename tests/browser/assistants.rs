//! Assistants as a person makes, changes, shares and deletes them.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn assistant_is_made_changed_used_and_deleted() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    app.group_with(
        "chat-default",
        [&instance],
        json!({"title": "Everyday chat"}),
    )
    .await;
    let visit = Visit::signed_in(&app, "/assistants").await;
    visit.find("#assistants .empty").await;
    visit.click("#assistants [data-action='create']").await;
    visit.click("[data-action='save']").await;
    visit.find("#form-errors li").await;
    visit.type_into("#title", "Lawyer").await;
    visit.type_into("#name", "lawyer").await;
    visit.click("#group").await;
    visit.click("#group-list [role='option']").await;
    visit.type_into("#system-prompt", "Be careful.").await;
    visit.type_into("#temperature", "hot").await;
    visit.click("[data-action='save']").await;
    visit.find("#temperature[aria-invalid='true']").await;
    visit.type_into("#temperature", "0,2").await;
    visit.click("#parameters [data-action='add']").await;
    visit
        .type_into("#parameters input[id$='-name']", "seed")
        .await;
    visit
        .type_into("#parameters input[id$='-value']", "7")
        .await;
    visit
        .script("document.querySelector('#visibility-shared').click()")
        .await;
    visit.click("[data-action='save']").await;
    visit
        .shows(
            "return document.querySelector('#assistant-model')?.textContent ?? null",
            json!("assistant/lawyer"),
        )
        .await;
    let admin = app.admin().await;
    let made = admin.get("/api/v1/assistants").await.expect(200).json()["items"][0].clone();
    assert_eq!(made["parameters"], json!({"temperature": 0.2, "seed": 7}));
    assert_eq!(made["visibility"], "shared");

    // A parameter that is taken out is gone, although a merge patch goes into objects.
    visit.click("#parameters [data-action='remove']").await;
    visit
        .type_into("#description", "Answers questions about contracts")
        .await;
    visit.click("[data-action='save']").await;
    let path = format!("/api/v1/assistants/{}", made["id"].as_str().expect("an id"));
    until(SOON, "the parameter is gone", async || {
        let saved = admin.get(&path).await.expect(200).json();
        (saved["parameters"] == json!({"temperature": 0.2})).then_some(())
    })
    .await;
    // Somebody else's change meets one's own.
    visit.type_into("#title", "Attorney").await;
    admin
        .patch(
            &path,
            &json!({"description": "Something else", "title": "Counsel"}),
        )
        .await
        .expect(200);
    visit.click("[data-action='save']").await;
    visit.find("#conflict[open] [data-action='confirm']").await;
    visit
        .script("[...document.querySelectorAll('#conflict input[type=radio]')][0].click()")
        .await;
    visit.click("#conflict [data-action='confirm']").await;
    visit
        .shows(
            "return document.querySelector('#conflict[open]') === null",
            json!(true),
        )
        .await;

    // Until it is saved, leaving would be asked about.
    visit
        .shows(
            "return document.querySelector('#assistant-form .form-dirty').textContent",
            json!(""),
        )
        .await;
    visit.click("#use [data-action='start-dialog']").await;
    visit.type_into("#question", "May I?").await;
    visit.click("[data-action='send']").await;
    visit
        .find("#log .msg-ai[data-id][data-state='complete']")
        .await;
    let sent: Value = serde_json::from_slice(&upstream.request().body).expect("JSON");
    assert_eq!(sent["temperature"], 0.2);
    assert_eq!(sent["messages"][0]["content"], "Be careful.");

    visit.follow("/assistants").await;
    visit
        .click("#assistants tr[data-name='lawyer'] [data-action='delete']")
        .await;
    visit.click("#confirm [data-action='confirm']").await;
    visit.find("#assistants .empty").await;
    visit.assert_clean_but(&[412]).await;
}

#[tokio::test]
async fn user_has_own_assistants_and_reads_those_of_others() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    let chat = app.group("chat-default", [&instance]).await;
    let admin = app.admin().await;
    let shared = json!({"name": "shared-one", "title": "Shared one", "group_id": chat.id, "system_prompt": "Be careful.",
        "parameters": {"seed": 7}, "visibility": "shared"});
    admin.post("/api/v1/assistants", &shared).await.expect(201);
    let secret = json!({"name": "secret-one", "group_id": chat.id});
    admin.post("/api/v1/assistants", &secret).await.expect(201);
    let ada = json!({"username": "ada", "role": "user", "password": "a horse of another colour"});
    admin.post("/api/v1/users", &ada).await.expect(201);

    let visit = Visit::to(&app, "/assistants").await;
    visit.sign_in("ada", "a horse of another colour").await;
    visit.find("#assistants tr[data-name='shared-one']").await;
    assert_eq!(visit.count("#assistants tbody tr").await, 1);
    assert_eq!(visit.count("#assistants [data-action='delete']").await, 0);
    visit
        .click("#assistants tr[data-name='shared-one'] [data-action='edit']")
        .await;
    visit.find("#assistant-read").await;
    assert!(visit.text("#assistant-read").await.contains("Be careful."));
    assert_eq!(visit.count("[data-action='save']").await, 0);
    visit.chrome.screenshot("assistant-read-only.png").await;

    visit
        .follow(&format!("/assistants/new?group_id={}", chat.id))
        .await;
    visit.type_into("#name", "mine").await;
    // Who may not share is told who may.
    assert_eq!(visit.count("#visibility-shared").await, 0);
    assert!(visit.text("#visibility").await.contains("Operators"));
    visit.click("[data-action='save']").await;
    visit
        .shows(
            "return document.querySelector('#assistant-model')?.textContent ?? null",
            json!("assistant/mine"),
        )
        .await;
    visit.assert_clean().await;
}
