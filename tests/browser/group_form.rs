//! The form of a group, as a person fills it in: with the keyboard alone, with the mouse, and while others are at work.

mod members;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::Made;
use crate::support::upstream::Upstream;

const NAMES: &str = "return [...document.querySelectorAll('#members-list .member-name')].map(one => one.textContent)";
const SAID: &str = "return document.querySelector('.ordered > [role=status]').textContent";
const FOCUS: &str =
    "return document.activeElement.getAttribute('aria-label') ?? document.activeElement.id";

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
    let visit = Visit::signed_in(&app, "/models/groups/new").await;
    visit.shows(FOCUS, json!("title")).await;
    visit.press("Помощник ÄÖ".chars()).await;
    let name = "return document.querySelector('#name').value";
    visit.shows(name, json!("pomoshchnik-aeoe")).await;

    // Name, description, whether it is on, strategy, members.
    let tab = char::from(Key::Tab);
    visit.press([tab; 5]).await;
    visit.shows(FOCUS, json!("members-add")).await;
    visit.find("#members-add-list").await;
    for (index, letter) in ['c', 'a', 'b'].into_iter().enumerate() {
        visit.press("server ".chars().chain([letter])).await;
        let choice = format!(
            "#members-add-list [data-value='{}']",
            made["abc".find(letter).unwrap()].id
        );
        visit.find(&choice).await;
        visit.press([Key::Down.into(), Key::Enter.into()]).await;
        let count = "return document.querySelectorAll('#members-list > li').length";
        visit.shows(count, json!(index + 1)).await;
        visit.shows(FOCUS, json!("members-add")).await;
    }
    visit
        .shows(NAMES, json!(["Server C", "Server A", "Server B"]))
        .await;
    visit.chrome.screenshot("group-new.png").await;
    visit.press_with(Key::Control, 's').await;
    visit.find("#ask-question").await;
    assert!(visit.path().await.starts_with("/models/groups/0"));
    assert_eq!(visit.text("h1").await, "Помощник ÄÖ");

    let group = stored(&app, "pomoshchnik-aeoe").await;
    let expected = [&made[2], &made[0], &made[1]].map(|made| made.id.clone());
    assert_eq!(member_ids(&group), expected);
    visit.assert_clean().await;
}

#[tokio::test]
async fn changes_of_two_people_are_put_together_field_by_field() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = three(&app, &upstream).await;
    let title = json!({"title": "Before", "description": "old"});
    let group = app.group_with("chat", &made, title).await;
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    visit
        .shows(NAMES, json!(["Server A", "Server B", "Server C"]))
        .await;
    visit.type_into("#title", "Mine").await;
    visit.type_into("#description", "my words").await;
    visit
        .script("document.querySelector('#members-list .grip').focus()")
        .await;
    visit.press_with(Key::Alt, Key::Down.into()).await;

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
    visit.press_with(Key::Control, 's').await;
    visit.find("#conflict[open]").await;
    let both =
        "return [...document.querySelectorAll('#conflict fieldset')].map(one => one.dataset.field)";
    visit.shows(both, json!(["title", "members"])).await;
    let theirs = visit.text("#conflict [data-changed=theirs]").await;
    assert!(theirs.contains('7'), "{theirs}");
    let mine = visit.text("#conflict [data-changed=mine]").await;
    assert!(mine.contains("my words") && mine.contains("old"), "{mine}");
    visit.chrome.screenshot("group-conflict.png").await;

    // Nothing is chosen beforehand, and nothing is saved without a choice.
    visit.click("#conflict [data-action=confirm]").await;
    let reminder = "return document.querySelector('#conflict .field-error').textContent !== ''";
    visit.shows(reminder, json!(true)).await;
    visit
        .click("#conflict [data-field=title] [value=mine]")
        .await;
    visit
        .click("#conflict [data-field=members] [value=theirs]")
        .await;
    visit.click("#conflict [data-action=confirm]").await;
    visit
        .shows(
            "return document.querySelector('.form-dirty').textContent",
            json!(""),
        )
        .await;
    visit.shows(NAMES, json!(["Server C"])).await;

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
    let visit = Visit::signed_in(&app, &path).await;
    let unloads = "const event = new Event('beforeunload', {cancelable: true});
        window.dispatchEvent(event); return !event.defaultPrevented";
    visit.find("#title").await;
    assert_eq!(visit.script(unloads).await, json!(true));
    visit.type_into("#title", "After").await;
    visit.shows(unloads, json!(false)).await;

    for leave in [
        "document.querySelector('.crumbs a').click()",
        "history.back()",
    ] {
        visit.script(leave).await;
        visit.find("#confirm[open]").await;
        assert_eq!(visit.path().await, path, "{leave}");
        visit.click("#confirm [data-action=cancel]").await;
        visit
            .shows(
                "return document.querySelector('#confirm').open",
                json!(false),
            )
            .await;
        visit
            .shows(
                "return document.querySelector('#title').value",
                json!("After"),
            )
            .await;
    }

    // What is as before is no change.
    visit.type_into("#title", "Before").await;
    visit.shows(unloads, json!(true)).await;
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
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
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
    visit
        .shows(
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
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
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

/// What a pointer points at stays where it is while it is pressed, however long that takes.
#[tokio::test]
async fn slow_press_after_a_wrong_name_is_a_click() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::signed_in(&app, "/models/groups/new").await;
    visit.type_into("#name", "two words").await;
    let below = visit.find("#strategy [data-value=weighted]").await;
    let press = MouseActions::new("mouse".to_owned())
        .then(PointerAction::MoveToElement {
            element: below,
            duration: None,
            x: 0.,
            y: 0.,
        })
        .then(PointerAction::Down {
            button: MOUSE_BUTTON_LEFT,
        });
    let pressed = visit.chrome.client.perform_actions(press).await;
    pressed.expect("it can be pressed");
    visit.shows(FOCUS, json!("strategy-weighted")).await;
    visit.settle().await;
    assert_eq!(visit.count("#name[aria-invalid=true]").await, 0);
    let released = visit.chrome.client.release_actions().await;
    released.expect("it can be released");
    visit.find("#name[aria-invalid=true]").await;
    visit.find("#strategy [value=weighted]:checked").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn group_begins_with_the_instance_that_one_came_from() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = three(&app, &upstream).await;
    let path = format!("/models/instances/{}", made[1].id);
    let visit = Visit::signed_in(&app, &path).await;
    visit.click("[data-action='add-to-group']").await;
    visit.shows(NAMES, json!(["Server B"])).await;
    assert_eq!(visit.text(".form-dirty").await, "", "nothing was typed yet");
    visit.type_into("#name", "chat").await;
    visit
        .find("#preview [data-name='Server B'][data-verdict=answers]")
        .await;
    visit.click("[data-action=save]").await;
    let stands = "return document.querySelector('h1').textContent";
    visit.shows(stands, json!("chat")).await;
    let expected = [made[1].id.clone()];
    assert_eq!(member_ids(&stored(&app, "chat").await), expected);
    visit.assert_clean().await;
}
