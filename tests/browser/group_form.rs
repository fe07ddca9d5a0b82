//! The form of a group, as a person fills it in: with the keyboard alone, with the mouse, and while others are at work.

use std::time::Duration;

use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::Made;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::healthy::{content_event, finish_event, role_event};
use crate::support::upstream::{Gate, Reply, Upstream};
use crate::support::wait::{SOON, until};

const NAMES: &str = "return [...document.querySelectorAll('#members-list .member-name')].map(one => one.textContent)";
const SAID: &str = "return document.querySelector('.ordered > [role=status]').textContent";
const FOCUS: &str =
    "return document.activeElement.getAttribute('aria-label') ?? document.activeElement.id";

/// Presses and releases these keys, one after the other.
async fn press(visit: &Visit, keys: impl IntoIterator<Item = char>) {
    let actions = keys
        .into_iter()
        .fold(KeyActions::new("keys".to_owned()), |actions, value| {
            actions
                .then(KeyAction::Down { value })
                .then(KeyAction::Up { value })
        });
    let pressed = visit.chrome.client.perform_actions(actions).await;
    pressed.expect("keys are pressed");
}

/// Presses a key while another is held.
async fn press_with(visit: &Visit, held: Key, value: char) {
    let held = char::from(held);
    let actions = KeyActions::new("keys".to_owned())
        .then(KeyAction::Down { value: held })
        .then(KeyAction::Down { value })
        .then(KeyAction::Up { value })
        .then(KeyAction::Up { value: held });
    let pressed = visit.chrome.client.perform_actions(actions).await;
    pressed.expect("keys are pressed");
}

/// Waits until a script of the page gives this.
async fn shows(visit: &Visit, script: &str, expected: Value) {
    let last = std::cell::RefCell::new(Value::Null);
    let wait = async {
        until(SOON, script, async || {
            let now = visit.script(script).await;
            let found = (now == expected).then_some(());
            *last.borrow_mut() = now;
            found
        })
        .await
    };
    if tokio::time::timeout(SOON / 2, wait).await.is_err() {
        panic!("{script}\ngives {}\nand not {expected}", last.borrow());
    }
}

async fn signed_in(app: &App, path: &str) -> Visit {
    let visit = Visit::to(app, "/login").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups").await;
    follow(&visit, path).await;
    visit
}

/// Goes there as by a link of the application, without loading it anew.
async fn follow(visit: &Visit, path: &str) {
    let script = format!(
        "const link = document.createElement('a'); link.href = '{path}'; document.body.append(link); link.click(); link.remove()"
    );
    visit.script(&script).await;
}

async fn three(app: &App, upstream: &Upstream) -> Vec<Made> {
    let mut made = Vec::new();
    for name in ["Server A", "Server B", "Server C"] {
        made.push(app.instance(name, upstream).await);
    }
    made
}

fn member_ids(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().expect("a list");
    members
        .iter()
        .map(|member| member["instance_id"].as_str().expect("an id").to_owned())
        .collect()
}

async fn stored(app: &App, group: &str) -> Value {
    let admin = app.admin().await;
    let list = admin.get("/api/v1/model-groups").await.expect(200).json();
    let items = list["items"].as_array().expect("a list");
    let found = items.iter().find(|item| item["name"] == group);
    found
        .unwrap_or_else(|| panic!("no {group} in {list}"))
        .clone()
}

#[tokio::test]
async fn group_of_three_is_made_with_the_keyboard_alone() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = three(&app, &upstream).await;
    let visit = signed_in(&app, "/models/groups/new").await;
    shows(&visit, FOCUS, json!("title")).await;
    press(&visit, "Помощник ÄÖ".chars()).await;
    let name = "return document.querySelector('#name').value";
    shows(&visit, name, json!("pomoshchnik-aeoe")).await;

    // Name, description, whether it is on, strategy, members.
    let tab = char::from(Key::Tab);
    press(&visit, [tab; 5]).await;
    shows(&visit, FOCUS, json!("members-add")).await;
    visit.find("#members-add-list").await;
    for (index, letter) in ['c', 'a', 'b'].into_iter().enumerate() {
        press(&visit, "server ".chars().chain([letter])).await;
        let choice = format!(
            "#members-add-list [data-value='{}']",
            made["abc".find(letter).unwrap()].id
        );
        visit.find(&choice).await;
        press(&visit, [Key::Down.into(), Key::Enter.into()]).await;
        let count = "return document.querySelectorAll('#members-list > li').length";
        shows(&visit, count, json!(index + 1)).await;
        shows(&visit, FOCUS, json!("members-add")).await;
    }
    shows(&visit, NAMES, json!(["Server C", "Server A", "Server B"])).await;
    visit.chrome.screenshot("group-new.png").await;
    press_with(&visit, Key::Control, 's').await;
    visit.find("#ask-question").await;
    assert!(visit.path().await.starts_with("/models/groups/0"));
    assert_eq!(visit.text("h1").await, "Помощник ÄÖ");

    let group = stored(&app, "pomoshchnik-aeoe").await;
    let expected = [&made[2], &made[0], &made[1]].map(|made| made.id.clone());
    assert_eq!(member_ids(&group), expected);
    visit.assert_clean().await;
}

#[tokio::test]
async fn members_are_put_in_order_by_keys_and_by_dragging() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = three(&app, &upstream).await;
    let group = app.group("chat", &made).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    shows(&visit, NAMES, json!(["Server A", "Server B", "Server C"])).await;
    visit
        .script("window.rows = [...document.querySelectorAll('#members-list > li')]; document.querySelector('#members-list .grip').focus()")
        .await;

    press_with(&visit, Key::Alt, Key::Down.into()).await;
    shows(&visit, NAMES, json!(["Server B", "Server A", "Server C"])).await;
    shows(&visit, FOCUS, json!("Move: Server A")).await;
    shows(&visit, SAID, json!("Server A: place 2 of 3")).await;

    press(&visit, [' ', Key::Down.into()]).await;
    shows(&visit, NAMES, json!(["Server B", "Server C", "Server A"])).await;
    press(&visit, [Key::Escape.into()]).await;
    shows(&visit, NAMES, json!(["Server B", "Server A", "Server C"])).await;
    press(&visit, [' ', Key::Up.into(), ' ']).await;
    shows(&visit, NAMES, json!(["Server A", "Server B", "Server C"])).await;
    shows(&visit, SAID, json!("Server A: dropped, place 1 of 3")).await;
    shows(&visit, FOCUS, json!("Move: Server A")).await;

    visit
        .script("document.querySelector('#members-list').scrollIntoView({block: 'center'})")
        .await;
    let grip = visit.find("#members-list > li:first-child .grip").await;
    let last = visit.find("#members-list > li:last-child").await;
    let slowly = Some(Duration::from_millis(100));
    let drag = MouseActions::new("mouse".to_owned())
        .then(PointerAction::MoveToElement {
            element: grip,
            duration: None,
            x: 0.,
            y: 0.,
        })
        .then(PointerAction::Down {
            button: MOUSE_BUTTON_LEFT,
        })
        .then(PointerAction::MoveBy {
            duration: slowly,
            x: 0.,
            y: 12.,
        })
        .then(PointerAction::MoveToElement {
            element: last,
            duration: slowly,
            x: 0.,
            y: 20.,
        })
        .then(PointerAction::Up {
            button: MOUSE_BUTTON_LEFT,
        });
    visit
        .chrome
        .client
        .perform_actions(drag)
        .await
        .expect("it can be dragged");
    shows(&visit, NAMES, json!(["Server B", "Server C", "Server A"])).await;
    let kept = "return window.rows.every(row => row.isConnected)";
    assert_eq!(visit.script(kept).await, json!(true), "no row is made anew");
    assert_eq!(visit.text(".form-dirty").await, "Unsaved changes");

    visit.click("[data-action=save]").await;
    shows(
        &visit,
        "return document.querySelector('.form-dirty').textContent",
        json!(""),
    )
    .await;
    let expected = [&made[1], &made[2], &made[0]].map(|made| made.id.clone());
    assert_eq!(member_ids(&stored(&app, "chat").await), expected);
    visit.assert_clean().await;
}

#[tokio::test]
async fn preview_follows_the_form_and_the_members() {
    let app = App::builder().with_site().start().await;
    let (first, second) = (Upstream::start("first"), Upstream::start("second"));
    let a = app.instance("Server A", &first).await;
    let b = app.instance("Server B", &second).await;
    let group = app.group("chat", [&a, &b]).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    visit
        .find("#preview [data-name='Server A'][data-verdict=answers]")
        .await;
    visit
        .find("#preview [data-name='Server B'][data-verdict=standby]")
        .await;

    // What is typed, not what is saved.
    visit
        .script("document.querySelector('#members-list .grip').focus()")
        .await;
    press_with(&visit, Key::Alt, Key::Down.into()).await;
    visit
        .find("#preview [data-name='Server B'][data-verdict=answers]")
        .await;
    press_with(&visit, Key::Alt, Key::Up.into()).await;
    visit
        .find("#preview [data-name='Server A'][data-verdict=answers]")
        .await;

    // What others do to a member, as it happens.
    let admin = app.admin().await;
    let address = format!("/api/v1/model-instances/{}", a.id);
    let paused = json!({"enabled": false});
    let change = admin.patch(&address, &paused).header("if-match", "*");
    change.await.expect(200);
    visit
        .find("#preview [data-name='Server A'][data-verdict=skipped]")
        .await;
    visit
        .find("#preview [data-name='Server B'][data-verdict=answers]")
        .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn drill_shows_who_steps_in_and_ends() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let a = app.instance("Server A", &upstream).await;
    let b = app.instance("Server B", &upstream).await;
    let group = app.group("chat", [&a, &b]).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    visit
        .find("#preview [data-name='Server A'][data-verdict=answers]")
        .await;
    visit.click("#drill [data-action=drill]").await;
    visit
        .find("#preview [data-name='Server A'][data-code=drilled]")
        .await;
    visit
        .find("#preview [data-name='Server B'][data-verdict=answers]")
        .await;
    let left = visit.text("#drill .drill").await;
    // The clocks of the page and of the service read a second apart at most.
    assert!(left.contains("1:5") || left.contains("2:0"), "{left}");
    visit.click("#drill [data-action=end-drill]").await;
    visit
        .find("#preview [data-name='Server A'][data-verdict=answers]")
        .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn question_is_answered_and_the_attempts_are_told() {
    let app = App::builder().with_site().start().await;
    let dead = Upstream::refusing("dead");
    let alive = Upstream::start("alive");
    let gate = Gate::closed();
    alive.next(
        Reply::events([role_event(), content_event("<b>One</b> ")])
            .then_hold(&gate)
            .then_events([content_event("two"), finish_event()])
            .then_events(["[DONE]"]),
    );
    let a = app.instance("Server A", &dead).await;
    let b = app.instance("Server B", &alive).await;
    let group = app.group("chat", [&a, &b]).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    visit.type_into("#ask-question", "Well?").await;
    press(&visit, [Key::Enter.into()]).await;
    // The beginning is there while the rest is not.
    visit.find(".ask-outcome[data-stage=answering]").await;
    let answer = "return document.querySelector('.ask-answer').textContent";
    shows(&visit, answer, json!("<b>One</b> ")).await;
    gate.open();
    visit.find(".ask-outcome[data-stage=done]").await;
    shows(&visit, answer, json!("<b>One</b> two")).await;
    assert_eq!(visit.count(".ask-answer b").await, 0, "an answer is text");
    visit
        .find("#attempts li:nth-child(1)[data-name='Server A'][data-outcome=failed][data-code=connect_failed]")
        .await;
    visit
        .find("#attempts li:nth-child(2)[data-name='Server B'][data-outcome=answered]")
        .await;
    assert!(
        visit
            .text(".ask-head")
            .await
            .contains("Answered by Server B")
    );
    visit.chrome.screenshot_of_all("group-ask.png").await;
    visit.assert_clean().await;

    // Nobody can answer: who was asked and why is told all the same.
    alive.always(Reply::close());
    visit.click("[data-action=ask]").await;
    visit.find(".ask-outcome[data-stage=failed]").await;
    assert_eq!(visit.count("#attempts li").await, 2);
    visit
        .find("#attempts li[data-name='Server B'][data-outcome=failed]")
        .await;
}

#[tokio::test]
async fn changes_of_two_people_are_put_together_field_by_field() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = three(&app, &upstream).await;
    let title = json!({"title": "Before", "description": "old"});
    let group = app.group_with("chat", &made, title).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    shows(&visit, NAMES, json!(["Server A", "Server B", "Server C"])).await;
    visit.type_into("#title", "Mine").await;
    visit.type_into("#description", "my words").await;
    visit
        .script("document.querySelector('#members-list .grip').focus()")
        .await;
    press_with(&visit, Key::Alt, Key::Down.into()).await;

    let theirs = json!({
        "title": "Theirs", "max_attempts": 7, "members": [{"instance_id": made[2].id}],
    });
    let admin = app.admin().await;
    admin
        .patch(&group.path, &theirs)
        .if_match("*")
        .await
        .expect(200);
    visit.find(".form-errors .notice").await;
    press_with(&visit, Key::Control, 's').await;
    visit.find("#conflict[open]").await;
    let both =
        "return [...document.querySelectorAll('#conflict fieldset')].map(one => one.dataset.field)";
    shows(&visit, both, json!(["title", "members"])).await;
    let theirs = visit.text("#conflict [data-changed=theirs]").await;
    assert!(theirs.contains('7'), "{theirs}");
    let mine = visit.text("#conflict [data-changed=mine]").await;
    assert!(mine.contains("my words") && mine.contains("old"), "{mine}");
    visit.chrome.screenshot("group-conflict.png").await;

    // Nothing is chosen beforehand, and nothing is saved without a choice.
    visit.click("#conflict [data-action=confirm]").await;
    let reminder = "return document.querySelector('#conflict .field-error').textContent !== ''";
    shows(&visit, reminder, json!(true)).await;
    visit
        .click("#conflict [data-field=title] [value=mine]")
        .await;
    visit
        .click("#conflict [data-field=members] [value=theirs]")
        .await;
    visit.click("#conflict [data-action=confirm]").await;
    shows(
        &visit,
        "return document.querySelector('.form-dirty').textContent",
        json!(""),
    )
    .await;
    shows(&visit, NAMES, json!(["Server C"])).await;

    let group = stored(&app, "chat").await;
    assert_eq!(group["title"], "Mine");
    assert_eq!(group["description"], "my words");
    assert_eq!(group["max_attempts"], 7);
    assert_eq!(member_ids(&group), [made[2].id.clone()]);
}

#[tokio::test]
async fn leaving_with_changes_asks_whichever_way_one_leaves() {
    let app = App::builder().with_site().start().await;
    let group = app
        .group_with("chat", &[], json!({"title": "Before"}))
        .await;
    let path = format!("/models/groups/{}", group.id);
    let visit = signed_in(&app, &path).await;
    let unloads = "const event = new Event('beforeunload', {cancelable: true});
        window.dispatchEvent(event); return !event.defaultPrevented";
    visit.find("#title").await;
    assert_eq!(visit.script(unloads).await, json!(true));
    visit.type_into("#title", "After").await;
    shows(&visit, unloads, json!(false)).await;

    for leave in [
        "document.querySelector('.crumbs a').click()",
        "history.back()",
    ] {
        visit.script(leave).await;
        visit.find("#confirm[open]").await;
        assert_eq!(visit.path().await, path, "{leave}");
        visit.click("#confirm [data-action=cancel]").await;
        shows(
            &visit,
            "return document.querySelector('#confirm').open",
            json!(false),
        )
        .await;
        shows(
            &visit,
            "return document.querySelector('#title').value",
            json!("After"),
        )
        .await;
    }

    // What is as before is no change.
    visit.type_into("#title", "Before").await;
    shows(&visit, unloads, json!(true)).await;
    visit.type_into("#title", "After").await;
    visit.script("history.back()").await;
    visit.find("#confirm[open]").await;
    visit.click("#confirm [data-action=confirm]").await;
    visit.find("#groups").await;
    assert_eq!(visit.path().await, "/models");
    assert_eq!(stored(&app, "chat").await["title"], "Before");
    visit.assert_clean().await;
}

#[tokio::test]
async fn faults_stand_at_their_fields_and_deleting_says_what_breaks() {
    let app = App::builder().with_site().start().await;
    app.group("taken", &[]).await;
    let group = app.group("chat", &[]).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    for wrong in ["two words", "TAKEN", ""] {
        visit.type_into("#name", wrong).await;
        visit.click("[data-action=save]").await;
        visit.find("#name[aria-invalid=true]").await;
        visit.find("#form-errors a[href='#name']").await;
        assert_ne!(visit.text("#name-error").await, "", "{wrong:?}");
    }
    assert_eq!(stored(&app, "chat").await["version"], 1);
    visit.type_into("#name", "chat-2").await;
    visit.click("[data-action=save]").await;
    shows(
        &visit,
        "return document.querySelector('.form-dirty').textContent",
        json!(""),
    )
    .await;
    assert_eq!(stored(&app, "chat-2").await["version"], 2);

    visit.click("[data-action=delete]").await;
    visit.find("#confirm[open]").await;
    assert!(visit.text("#confirm").await.contains("chat-2"));
    visit.click("#confirm [data-action=confirm]").await;
    visit.find("#groups").await;
    visit.go(&format!("/models/groups/{}", group.id)).await;
    visit.find("#group-gone").await;
}

#[tokio::test]
async fn form_of_a_group_speaks_russian_and_english() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = app.instance("Server A", &upstream).await;
    let group = app.group("chat", [&made]).await;
    let visit = signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    for (language, preview, save, answers) in [
        ("ru", "Кто ответит сейчас", "Сохранить", "Ответит"),
        ("en", "Who answers now", "Save", "Answers"),
    ] {
        visit
            .click(&format!("#language label[lang='{language}']"))
            .await;
        visit.find(&format!("html[lang='{language}']")).await;
        assert_eq!(visit.text("#preview-title").await, preview);
        assert_eq!(visit.text("[data-action=save]").await, save);
        let row = visit.text("#preview [data-name='Server A']").await;
        assert!(row.contains(answers), "{row}");
        visit
            .chrome
            .screenshot_of_all(&format!("group-{language}.png"))
            .await;
    }
    visit.assert_clean().await;
}
