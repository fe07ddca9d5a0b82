//! A dialog with a real model, whose instance stands behind one that is dead.

use std::time::Duration;

use serde_json::json;

use super::LAST;
use crate::browser::visit::Visit;
use crate::main_job::model_server;
use crate::support::App;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

/// A small model answers in seconds; a machine that is busy with everything else may need minutes.
const BOUND: Duration = Duration::from_secs(300);

#[tokio::test]
async fn real_model_answers_in_a_dialog() {
    let (_server, port) = model_server().await;
    let app = App::builder().with_site().start().await;
    let dead = Upstream::refusing("dead");
    let first = app.instance("dead", &dead).await;
    let second = app
        .instance_with("SmolLM2", port, json!({"model": null}))
        .await;
    app.group("assistant", [&first, &second]).await;
    let visit = Visit::signed_in(&app, "/dialogs").await;
    visit.click(".target[data-name='assistant']").await;
    visit
        .type_into(
            "#question",
            "What is the capital of France? Answer in one sentence.",
        )
        .await;
    visit.click("[data-action='send']").await;
    until(BOUND, "an answer", async || {
        (visit.count(&format!("{LAST}[data-state='complete']")).await == 1).then_some(())
    })
    .await;
    let said = visit.text(&format!("{LAST} .md")).await;
    assert!(said.contains("Paris"), "{said}");
    assert!(
        visit
            .text(&format!("{LAST} .msg-facts"))
            .await
            .contains("SmolLM2")
    );
    visit.click(&format!("{LAST} [data-action='why']")).await;
    visit
        .find(&format!(
            "{LAST} .verdict[data-name='dead'][data-outcome='failed']"
        ))
        .await;
    visit.settle().await;
    visit.chrome.screenshot("dialog-smollm2.png").await;
    visit.assert_clean().await;
}
