//! Dialogs as a person leads them: whom to ask, an answer that comes, and everything that can happen to it.

mod broken;
mod hostile;
mod long;
mod real;
mod windows;

use fantoccini::key::Key;
use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::Made;
use crate::support::upstream::healthy::{content_event, finish_event, role_event};
use crate::support::upstream::{Gate, Reply, Upstream};
use crate::support::wait::{SOON, until};

/// An answer of these pieces.
fn answer(pieces: &[&str]) -> Reply {
    begun(pieces).then_events([finish_event().to_string(), "[DONE]".to_owned()])
}

/// The beginning of an answer.
fn begun(pieces: &[&str]) -> Reply {
    let mut events = vec![role_event().to_string()];
    events.extend(pieces.iter().map(|piece| content_event(piece).to_string()));
    Reply::events(events)
}

/// The last finished answer on the page.
const LAST: &str = "#log .msg-ai[data-id]:last-of-type";

/// A service with a group of two instances, and the administrator's browser in a dialog with it.
struct Room {
    app: App,
    first: Upstream,
    second: Upstream,
    group: Made,
    visit: Visit,
}

impl Room {
    async fn open() -> Self {
        let app = App::builder().with_site().start().await;
        let first = Upstream::start("first");
        let second = Upstream::start("second");
        let one = app.instance("GPU server 1", &first).await;
        let two = app.instance("GPU server 2", &second).await;
        let title = json!({"title": "Everyday chat"});
        let group = app.group_with("chat-default", [&one, &two], title).await;
        let visit = Visit::signed_in(&app, "/dialogs").await;
        visit.click(".target[data-name='chat-default']").await;
        visit.find("#question").await;
        Self {
            app,
            first,
            second,
            group,
            visit,
        }
    }

    /// Types a question and sends it with Enter.
    async fn ask(&self, question: &str) {
        self.visit.type_into("#question", question).await;
        self.visit.press([char::from(Key::Enter)]).await;
    }

    /// The dialog as its person's API gives it.
    async fn messages(&self) -> Value {
        let admin = self.app.admin().await;
        let path = self.visit.path().await;
        let page = admin.get(&format!("/api/v1{path}/messages")).await;
        page.expect(200).json()["items"].clone()
    }
}

#[tokio::test]
async fn answer_comes_piece_by_piece_and_says_who_gave_it() {
    let room = Room::open().await;
    let visit = &room.visit;
    visit
        .shows(
            "return document.querySelector('[data-part=with]').textContent",
            json!("Model: Everyday chat"),
        )
        .await;
    let gate = Gate::closed();
    room.first.next(
        begun(&["Paris is the **cap", "ital**.\n\n```py\nprint(1)\n"])
            .then_hold(&gate)
            .then_events([
                content_event("x = 2\n```\n\n| a | b |\n|---|--:|\n| 1 | 2 |").to_string(),
                finish_event().to_string(),
                "[DONE]".to_owned(),
            ]),
    );
    room.ask("What is the capital of France?").await;
    // While it comes: what is there is shown, an open block of code as one, and only "stop" can be pressed.
    visit
        .shows(
            "return document.querySelector('.msg-coming strong')?.textContent ?? null",
            json!("capital"),
        )
        .await;
    visit
        .shows(
            "return document.querySelector('.msg-coming .md-code code')?.textContent ?? null",
            json!("print(1)"),
        )
        .await;
    visit.find("[data-action='stop']").await;
    assert_eq!(visit.count("[data-action='send']").await, 0);
    assert!(
        visit
            .text(".msg-me .bubble")
            .await
            .contains("capital of France")
    );
    visit.settle().await;
    visit.chrome.screenshot("dialog-coming.png").await;
    gate.open();
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    assert_eq!(visit.text(&format!("{LAST} pre")).await, "print(1)\nx = 2");
    assert_eq!(visit.text(&format!("{LAST} .md-language")).await, "py");
    assert_eq!(
        visit.count(&format!("{LAST} td[data-align='end']")).await,
        1
    );
    let facts = visit.text(&format!("{LAST} .msg-facts")).await;
    assert!(facts.contains("Answered by GPU server 1"), "{facts}");
    assert!(facts.contains("to the first token"), "{facts}");
    visit.click(&format!("{LAST} [data-action='why']")).await;
    visit
        .find(&format!(
            "{LAST} .verdict[data-name='GPU server 1'][data-outcome='answered']"
        ))
        .await;
    // It is read out when it is whole, and the title is the first question.
    assert!(visit.text("#answer-status").await.contains("Paris"));
    let title = "What is the capital of France?";
    visit
        .shows(
            "return document.querySelector('.chat-head h1').textContent",
            json!(title),
        )
        .await;
    visit
        .shows(
            "return document.querySelector('#dialog-list .dl-title').textContent",
            json!(title),
        )
        .await;
    let log = visit
        .script("const log = document.querySelector('#log'); return [log.role, log.ariaLive]")
        .await;
    assert_eq!(log, json!(["log", "off"]));
    visit.assert_clean().await;
}

#[tokio::test]
async fn answer_is_stopped_given_again_and_questions_are_edited() {
    let room = Room::open().await;
    let visit = &room.visit;
    let gate = Gate::closed();
    room.first.next(begun(&["one two "]).then_hold(&gate));
    room.ask("Count to three").await;
    visit
        .shows(
            "return document.querySelector('.msg-coming .md')?.textContent.trim() ?? null",
            json!("one two"),
        )
        .await;
    // Escape in another field is about that field; on the page itself it stops the answer.
    visit
        .script("document.body.appendChild(document.createElement('input')).focus()")
        .await;
    visit.press([char::from(Key::Escape)]).await;
    visit.find(".msg-coming[data-state='answering']").await;
    visit.script("document.activeElement.remove()").await;
    visit.press([char::from(Key::Escape)]).await;
    visit.find(&format!("{LAST}[data-state='stopped']")).await;
    visit.find("#question:focus, #log:focus").await;
    visit
        .shows(
            "return document.querySelector('#answer-status').textContent.includes('Stopped by you')",
            json!(true),
        )
        .await;
    assert!(visit.text(LAST).await.contains("one two"));
    assert!(visit.text(LAST).await.contains("Stopped by you"));
    room.first.left(SOON).await;
    visit.settle().await;
    visit.chrome.screenshot("dialog-stopped.png").await;

    room.first.next(answer(&["one two three"]));
    visit.click(&format!("{LAST} [data-action='retry']")).await;
    visit.find("#question:focus, #log:focus").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    assert_eq!(visit.text(&format!("{LAST} .md")).await, "one two three");
    assert_eq!(room.messages().await.as_array().map(Vec::len), Some(2));

    let mut cut_off = finish_event();
    cut_off["choices"][0]["finish_reason"] = json!("length");
    room.first
        .next(begun(&["A later answer."]).then_events([cut_off.to_string(), "[DONE]".to_owned()]));
    room.ask("And then?").await;
    visit
        .shows(
            "return document.querySelectorAll('#log .msg-ai[data-id]').length",
            json!(2),
        )
        .await;
    visit
        .find(&format!("{LAST} .msg-ending[data-cut-off-by='length']"))
        .await;
    // The first question again: what followed it goes.
    room.first.next(answer(&["one two three four"]));
    visit
        .script("document.querySelector('#log .msg-me [data-action=edit]').click()")
        .await;
    visit.find(".msg-edit textarea:focus").await;
    assert!(visit.text("[data-part='replaces']").await.contains('3'));
    visit.settle().await;
    visit.chrome.screenshot("dialog-edit.png").await;
    visit.type_into(".msg-edit textarea", "Count to four").await;
    visit.click("[data-action='send-edit']").await;
    visit.shows("return document.querySelector('#log .msg-ai[data-id] .md')?.textContent.trim() ?? null", json!("one two three four")).await;
    visit
        .shows(
            "return document.querySelectorAll('#log .msg[data-id]').length",
            json!(2),
        )
        .await;
    let kept = room.messages().await;
    assert_eq!(kept[0]["content"], "Count to four");
    assert_eq!(kept.as_array().map(Vec::len), Some(2));
    visit.assert_clean().await;
}

#[tokio::test]
async fn who_cannot_answer_is_seen_and_not_chosen() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    let paused = app
        .instance_with("Paused", 1, json!({"enabled": false}))
        .await;
    let chat = app.group("chat-default", [&instance]).await;
    app.group("nobody", [&paused]).await;
    app.group("empty", []).await;
    app.group_with("off", [&instance], json!({"enabled": false}))
        .await;
    let admin = app.admin().await;
    let lawyer = json!({"name": "lawyer", "title": "Lawyer", "group_id": chat.id, "system_prompt": "Be careful.", "visibility": "shared"});
    admin.post("/api/v1/assistants", &lawyer).await.expect(201);

    let ada = json!({"username": "ada", "role": "user", "password": "a horse of another colour"});
    admin.post("/api/v1/users", &ada).await.expect(201);
    let visit = Visit::to(&app, "/").await;
    visit.sign_in("ada", "a horse of another colour").await;
    // Who only uses models comes to the dialogs.
    visit.find("#begin").await;
    assert_eq!(visit.path().await, "/dialogs");
    for (name, state) in [
        ("chat-default", "available"),
        ("lawyer", "available"),
        ("nobody", "unavailable"),
        ("empty", "group_empty"),
        ("off", "group_disabled"),
    ] {
        visit
            .find(&format!(
                ".target[data-name='{name}'][data-availability='{state}']"
            ))
            .await;
        let disabled = visit
            .count(&format!(
                ".target[data-name='{name}'][aria-disabled='true']"
            ))
            .await;
        assert_eq!(disabled == 0, state == "available", "{name}");
    }
    visit.settle().await;
    visit.chrome.screenshot("dialogs-choice.png").await;
    visit
        .script("document.querySelector(\".target[data-name='nobody']\").click()")
        .await;
    assert_eq!(visit.path().await, "/dialogs");
    visit.click(".target[data-name='lawyer']").await;
    visit.find("#question").await;
    visit
        .shows(
            "return document.querySelector('[data-part=with]').textContent",
            json!("Assistant: Lawyer"),
        )
        .await;
    visit.type_into("#question", "May I?").await;
    visit.click("[data-action='send']").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    let sent: Value = serde_json::from_slice(&upstream.request().body).expect("JSON");
    assert_eq!(
        sent["messages"][0],
        json!({"role": "system", "content": "Be careful."})
    );
    // Its state changes before one's eyes.
    admin
        .patch(&chat.path, &json!({"enabled": false}))
        .await
        .expect(200);
    visit.find("#target-banner").await;
    visit
        .find("[data-action='send'][aria-disabled='true']")
        .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn dialogs_are_found_renamed_and_deleted() {
    let room = Room::open().await;
    let visit = &room.visit;
    room.first.next(answer(&["Yes."]));
    room.ask("Holidays?").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    visit.click("[data-action='new-dialog']").await;
    visit.click(".target[data-name='chat-default']").await;
    visit.find(".msgs-empty").await;
    // What is typed stays with its dialog: over going away, and over loading the page anew.
    visit.type_into("#question", "A draft").await;
    visit
        .click("#dialog-list .dl-item:not([data-open='true']) .dl-link")
        .await;
    visit.find(LAST).await;
    visit
        .shows(
            "return document.querySelector('#question').value",
            json!(""),
        )
        .await;
    visit.script("history.back()").await;
    visit
        .shows(
            "return document.querySelector('#question')?.value ?? null",
            json!("A draft"),
        )
        .await;
    visit.chrome.client.refresh().await.expect("a reload");
    visit
        .shows(
            "return document.querySelector('#question')?.value ?? null",
            json!("A draft"),
        )
        .await;

    visit.click(".chat-actions [data-action='menu']").await;
    visit.click("[role='menu'] [data-action='rename']").await;
    visit
        .type_into("#dialog-title", "Letters to the office")
        .await;
    visit.click("#rename-dialog [data-action='save']").await;
    visit
        .shows(
            "return document.querySelector('.chat-head h1').textContent",
            json!("Letters to the office"),
        )
        .await;
    visit.type_into(".dl .search input", "holid").await;
    visit
        .shows(
            "return [...document.querySelectorAll('.dl-title')].map(one => one.textContent)",
            json!(["Holidays?"]),
        )
        .await;
    visit.type_into(".dl .search input", "letters").await;
    visit
        .shows(
            "return [...document.querySelectorAll('.dl-title')].map(one => one.textContent)",
            json!(["Letters to the office"]),
        )
        .await;
    visit.click(".chat-actions [data-action='menu']").await;
    visit.click("[role='menu'] [data-action='delete']").await;
    visit.click("#confirm [data-action='confirm']").await;
    visit.find("#begin").await;
    visit
        .shows(
            "return document.querySelectorAll('.dl-item').length",
            json!(0),
        )
        .await;
    let left = room
        .app
        .admin()
        .await
        .get("/api/v1/dialogs")
        .await
        .expect(200)
        .json();
    assert_eq!(left["total"], 1);
    visit.assert_clean().await;
}

#[tokio::test]
async fn dialog_is_handed_over_as_markdown() {
    let room = Room::open().await;
    let visit = &room.visit;
    room.first.next(answer(&["**Paris**"]));
    room.ask("What is the capital?").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    // The browser is asked for the file by a link with its content, which is read here.
    visit
        .script(
            "const make = URL.createObjectURL.bind(URL);
             URL.createObjectURL = blob => { blob.text().then(text => window.file = text); return make(blob); }",
        )
        .await;
    visit.click("[data-action='export']").await;
    let (file, _) = until(SOON, "the file", async || {
        let file = visit.script("return window.file ?? null").await;
        file.as_str().map(str::to_owned)
    })
    .await;
    assert!(
        file.contains("What is the capital?") && file.contains("**Paris**"),
        "{file}"
    );
    visit.assert_clean().await;
}
