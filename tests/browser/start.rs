//! First steps: from an empty service to an answer, and what is remembered of it.

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

async fn stage(visit: &Visit, step: &str, state: &str) {
    let css = format!("[data-step='{step}'][data-state='{state}']");
    visit.find(&css).await;
}

#[tokio::test]
async fn three_steps_lead_from_nothing_to_an_answer() {
    let upstream = Upstream::start("a");
    let app = App::builder()
        .with_site()
        .env("UNDERSTUDY_DISCOVER", &upstream.port().to_string())
        .start()
        .await;
    // The models' page invites, and is left for the guide.
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.click("#guide [data-action='open-guide']").await;
    stage(&visit, "instance", "current").await;
    stage(&visit, "group", "later").await;
    assert_eq!(visit.path().await, "/start");
    assert!(upstream.all_requests().is_empty(), "nobody asked yet");

    visit.click("[data-action='discover']").await;
    visit.chrome.screenshot("start-found.png").await;
    visit.click("#local-servers [data-action='take']").await;
    visit
        .shows(
            "return document.getElementById('endpoint-port')?.value",
            upstream.port().to_string().into(),
        )
        .await;
    visit.click("#instance-form [data-action='save']").await;

    stage(&visit, "instance", "done").await;
    stage(&visit, "group", "current").await;
    visit.click("[data-action='make-group']").await;
    visit.find("#members-list .member").await;
    visit.type_into("#name", "chat").await;
    visit.click("[data-action='save']").await;

    stage(&visit, "group", "done").await;
    stage(&visit, "ask", "current").await;
    visit.type_into("#ask-question", "Hello?").await;
    visit.click("[data-action='ask']").await;
    visit.find(".ask-outcome[data-stage='done']").await;
    visit
        .find("#start[data-done='true'] a[href='/connect']")
        .await;
    visit.chrome.screenshot("start-answered.png").await;
    assert_eq!(upstream.requests().len(), 1);

    // It is remembered, and nobody is invited any more.
    visit.chrome.client.refresh().await.expect("a reload");
    visit.find("#start[data-done='true']").await;
    visit.follow("/models").await;
    visit.find("#groups tr[data-name='chat']").await;
    assert_eq!(visit.count("#guide").await, 0);
    visit.assert_clean().await;
}

#[tokio::test]
async fn guide_is_skipped_for_good_and_found_again_in_the_navigation() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/start").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    stage(&visit, "instance", "current").await;
    visit.click("[data-action='skip']").await;
    visit.find("#groups .empty").await;
    assert_eq!(visit.count("#guide").await, 0);
    visit.chrome.client.refresh().await.expect("a reload");
    visit.find("#groups .empty").await;
    assert_eq!(visit.count("#guide").await, 0);
    visit.click(".navigation a[href='/start']").await;
    stage(&visit, "instance", "current").await;
    // Hidden on the page itself, for somebody else on the same computer it is still there.
    visit
        .script("for (const key of Object.keys(localStorage)) if (key.endsWith('.hidden')) localStorage.removeItem(key)")
        .await;
    visit.follow("/models").await;
    visit.find("#guide").await;
    visit.click("[data-action='hide-guide']").await;
    until(SOON, "the invitation goes", async || {
        (visit.count("#guide").await == 0).then_some(())
    })
    .await;
    visit.assert_clean().await;
}
