//! One dialog in two windows, and questions that are not kept.

use serde_json::json;

use super::{LAST, Room, answer};
use crate::support::upstream::Reply;

const ANSWERS: &str =
    "return document.querySelectorAll('#log .msg-ai[data-id][data-state=complete]').length";

#[tokio::test]
async fn nothing_is_replaced_that_another_window_has_changed() {
    let room = Room::open().await;
    let visit = &room.visit;
    room.first.next(answer(&["One."]));
    room.ask("First?").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;

    // Somebody asks in another window; this one does not know.
    room.first.next(answer(&["Two."]));
    let admin = room.app.admin().await;
    let path = format!("/api/v1{}/messages", visit.path().await);
    let second = json!({"content": "Second?"});
    admin.post(&path, &second).await.expect(200);
    visit.click(&format!("{LAST} [data-action='retry']")).await;
    visit.find("#question-remark:not(:empty)").await;
    visit.shows(ANSWERS, json!(2)).await;
    let kept = room.messages().await;
    assert_eq!(kept.as_array().map(Vec::len), Some(4), "{kept}");

    // An edit that nobody answers stands where it was typed, and what was there stays.
    room.first.always(Reply::failure(500));
    room.second.always(Reply::failure(500));
    visit.click("#log .msg-me [data-action='edit']").await;
    visit.type_into(".msg-edit textarea", "First of all?").await;
    visit.click("[data-action='send-edit']").await;
    visit
        .shows(
            "return document.querySelector('.msg-edit textarea')?.value ?? null",
            json!("First of all?"),
        )
        .await;
    visit.shows(ANSWERS, json!(2)).await;
    assert_eq!(room.messages().await, kept);
    visit.click("[data-action='cancel-edit']").await;

    // Coming back to this window shows what was asked in the other one.
    let third = json!({"content": "Third?"});
    admin
        .post(&path, &third)
        .await
        .problem(502, "all_instances_failed");
    visit
        .script("window.dispatchEvent(new FocusEvent('focus'))")
        .await;
    visit
        .shows(
            "return [...document.querySelectorAll('#log .msg-me .bubble')].map(one => one.textContent)",
            json!(["First?", "Second?", "Third?"]),
        )
        .await;
    visit.assert_clean_but(&[502]).await;
}
