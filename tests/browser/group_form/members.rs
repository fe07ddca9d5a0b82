//! The members of a group and what stands beside them: their order, who would answer, a drill, a question.

use std::time::Duration;

use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::key::Key;
use serde_json::json;

use super::{FOCUS, NAMES, SAID, member_ids, stored, three};
use crate::browser::visit::Visit;
use crate::support::App;
use crate::support::upstream::healthy::{content_event, finish_event, role_event};
use crate::support::upstream::{Gate, Reply, Upstream};

#[tokio::test]
async fn members_are_put_in_order_by_keys_and_by_dragging() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = three(&app, &upstream).await;
    let group = app.group("chat", &made).await;
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    visit
        .shows(NAMES, json!(["Server A", "Server B", "Server C"]))
        .await;
    visit
        .script("window.rows = [...document.querySelectorAll('#members-list > li')]; document.querySelector('#members-list .grip').focus()")
        .await;

    visit.press_with(Key::Alt, Key::Down.into()).await;
    visit
        .shows(NAMES, json!(["Server B", "Server A", "Server C"]))
        .await;
    visit.shows(FOCUS, json!("Move: Server A")).await;
    visit.shows(SAID, json!("Server A: place 2 of 3")).await;

    visit.press([' ', Key::Down.into()]).await;
    visit
        .shows(NAMES, json!(["Server B", "Server C", "Server A"]))
        .await;
    visit.press([Key::Escape.into()]).await;
    visit
        .shows(NAMES, json!(["Server B", "Server A", "Server C"]))
        .await;
    visit.press([' ', Key::Up.into(), ' ']).await;
    visit
        .shows(NAMES, json!(["Server A", "Server B", "Server C"]))
        .await;
    visit
        .shows(SAID, json!("Server A: dropped, place 1 of 3"))
        .await;
    visit.shows(FOCUS, json!("Move: Server A")).await;

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
    visit
        .shows(NAMES, json!(["Server B", "Server C", "Server A"]))
        .await;
    let kept = "return window.rows.every(row => row.isConnected)";
    assert_eq!(visit.script(kept).await, json!(true), "no row is made anew");
    assert_eq!(visit.text(".form-dirty").await, "Unsaved changes");

    visit.click("[data-action=save]").await;
    visit
        .shows(
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
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
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
    visit.press_with(Key::Alt, Key::Down.into()).await;
    visit
        .find("#preview [data-name='Server B'][data-verdict=answers]")
        .await;
    visit.press_with(Key::Alt, Key::Up.into()).await;
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
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
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
    assert!(left.contains("1:") || left.contains("2:0"), "{left}");
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
    let visit = Visit::signed_in(&app, &format!("/models/groups/{}", group.id)).await;
    visit.type_into("#ask-question", "Well?").await;
    visit.press([Key::Enter.into()]).await;
    // The beginning is there while the rest is not.
    visit.find(".ask-outcome[data-stage=answering]").await;
    let answer = "return document.querySelector('.ask-answer').textContent";
    visit.shows(answer, json!("<b>One</b> ")).await;
    gate.open();
    visit.find(".ask-outcome[data-stage=done]").await;
    visit.shows(answer, json!("<b>One</b> two")).await;
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
