//! Answers that do not come, break off, or come while the page or the network goes away.

use serde_json::json;

use super::{LAST, Room, answer, begun};
use crate::support::server::ADMIN_PASSWORD;
use crate::support::upstream::{Gate, Reply};
use crate::support::wait::{SOON, until};

/// From now on the answers to questions come through a pipe that a test can cut.
const CUT: &str = "
    window.cut = new AbortController();
    const real = window.fetch;
    window.fetch = async (...call) => {
        const answer = await real(...call);
        if (!String(call[0]).endsWith('/messages')) return answer;
        const { readable, writable } = new TransformStream();
        answer.body.pipeTo(writable, { signal: window.cut.signal }).catch(() => {});
        return new Response(readable, answer);
    };";

#[tokio::test]
async fn next_instance_answers_and_the_trace_says_why() {
    let mut room = Room::open().await;
    room.first.kill().await;
    let visit = &room.visit;
    room.ask("Who is there?").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    assert!(
        visit
            .text(&format!("{LAST} .msg-facts"))
            .await
            .contains("GPU server 2")
    );
    visit.click(&format!("{LAST} [data-action='why']")).await;
    visit
        .find(&format!("{LAST} .verdict[data-name='GPU server 1'][data-outcome='failed'][data-code='connect_failed']"))
        .await;
    visit
        .find(&format!(
            "{LAST} .verdict[data-name='GPU server 2'][data-outcome='answered']"
        ))
        .await;
    visit.settle().await;
    visit.chrome.screenshot("dialog-failover.png").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn nobody_answers_or_the_answer_breaks_off_and_another_try_helps() {
    let mut room = Room::open().await;
    let visit = &room.visit;
    room.first.always(Reply::failure(500));
    room.second.always(Reply::failure(500));
    room.ask("Is anybody there?").await;
    visit.find(&format!("{LAST}[data-state='failed']")).await;
    visit.click(&format!("{LAST} [data-action='why']")).await;
    visit
        .find(&format!(
            "{LAST} .verdict[data-outcome='failed'][data-code='http_500']"
        ))
        .await;
    visit.settle().await;
    visit.chrome.screenshot("dialog-failed.png").await;
    visit.assert_clean_but(&[502, 503]).await;

    room.first.recover();
    room.second.recover();
    let gate = Gate::closed();
    room.first.next(begun(&["It began "]).then_hold(&gate));
    room.second.next(begun(&["It began "]).then_hold(&gate));
    visit.click(&format!("{LAST} [data-action='retry']")).await;
    visit
        .shows(
            "return document.querySelector('.msg-coming .md')?.textContent.trim() ?? null",
            json!("It began"),
        )
        .await;
    // The backend dies in the middle of a sentence.
    room.first.kill().await;
    room.second.kill().await;
    let visit = &room.visit;
    visit
        .find(&format!("{LAST}[data-state='interrupted']"))
        .await;
    assert!(visit.text(LAST).await.contains("It began"));
    visit.settle().await;
    visit.chrome.screenshot("dialog-interrupted.png").await;
    room.first.listen();
    room.second.listen();
    let whole = answer(&["All of it."]);
    room.first.always(whole.clone());
    room.second.always(whole);
    room.visit
        .click(&format!("{LAST} [data-action='retry']"))
        .await;
    room.visit
        .find(&format!("{LAST}[data-state='complete']"))
        .await;
    assert_eq!(room.visit.text(&format!("{LAST} .md")).await, "All of it.");
}

#[tokio::test]
async fn what_had_come_is_there_after_a_reload_and_after_the_network_was_gone() {
    let room = Room::open().await;
    let visit = &room.visit;
    let gate = Gate::closed();
    room.first
        .next(begun(&["Before the reload "]).then_hold(&gate));
    room.ask("One").await;
    visit
        .shows(
            "return document.querySelector('.msg-coming .md')?.textContent.trim() ?? null",
            json!("Before the reload"),
        )
        .await;
    visit.chrome.client.refresh().await.expect("a reload");
    visit.find(&format!("{LAST}[data-state='stopped']")).await;
    assert!(visit.text(LAST).await.contains("Before the reload"));
    visit.assert_clean().await;

    // The connection breaks in the middle of the answer, as when a network goes away.
    visit.script(CUT).await;
    room.first
        .next(begun(&["Before the cut "]).then_hold(&gate));
    room.ask("Two").await;
    visit
        .shows(
            "return document.querySelector('.msg-coming .md')?.textContent.trim() ?? null",
            json!("Before the cut"),
        )
        .await;
    visit.script("window.cut.abort()").await;
    let kept = format!("{LAST}[data-state='stopped'], {LAST}[data-state='interrupted']");
    visit.find(&kept).await;
    until(SOON, "what had come", async || {
        visit
            .text(LAST)
            .await
            .contains("Before the cut")
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn session_that_is_over_is_renewed_in_place_and_the_question_goes_through() {
    let room = Room::open().await;
    let visit = &room.visit;
    room.first.always(answer(&["Here you are."]));
    visit.type_into("#question", "Am I still here?").await;
    // Every session but that of the test's own client, which is older than the browser's.
    let body = json!({"current_password": ADMIN_PASSWORD, "new_password": "another horse battery"});
    let admin = room.app.admin().await;
    admin.post("/api/v1/auth/password", &body).await.expect(204);
    visit.find("dialog#sign-in-again[open]").await;
    visit
        .type_into("#again-password", "another horse battery")
        .await;
    visit
        .click("dialog#sign-in-again[open] button[type=submit]")
        .await;
    visit
        .shows(
            "return document.querySelector('dialog#sign-in-again[open]') === null",
            json!(true),
        )
        .await;
    visit
        .shows(
            "return document.querySelector('#question').value",
            json!("Am I still here?"),
        )
        .await;
    visit.click("[data-action='send']").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    assert_eq!(
        visit.text(".msg-me[data-id] .bubble").await,
        "Am I still here?"
    );
}

#[tokio::test]
async fn deleted_group_is_said_and_another_one_goes_on() {
    let room = Room::open().await;
    let visit = &room.visit;
    room.first.next(answer(&["Remember this."]));
    room.ask("First").await;
    visit.find(&format!("{LAST}[data-state='complete']")).await;
    let instance = room.app.instance("Reserve", &room.second).await;
    room.app.group("reserve", [&instance]).await;
    let admin = room.app.admin().await;
    let etag = admin.get(&room.group.path).await.expect(200);
    let etag = etag.header("etag").expect("an ETag").to_owned();
    admin
        .delete(&room.group.path)
        .if_match(&etag)
        .await
        .expect(204);
    visit.find("#target-banner[data-tone='bad']").await;
    visit.find("[data-availability='group_deleted']").await;
    assert!(visit.text("#target-banner").await.contains("Everyday chat"));
    visit
        .find("[data-action='send'][aria-disabled='true']")
        .await;
    assert!(visit.text(LAST).await.contains("Remember this."));
    visit.settle().await;
    visit.chrome.screenshot("dialog-group-deleted.png").await;
    visit.click("[data-action='choose-target']").await;
    visit
        .click("#choose-target .target[data-name='reserve']")
        .await;
    visit
        .shows(
            "return document.querySelector('#target-banner') === null",
            json!(true),
        )
        .await;
    room.ask("Second").await;
    visit
        .shows(
            "return document.querySelectorAll('#log .msg-ai[data-id][data-state=complete]').length",
            json!(2),
        )
        .await;
    visit.assert_clean().await;
}
