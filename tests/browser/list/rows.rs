//! What is done with rows: many at once, from the menu, and while others are at work.

use fantoccini::key::Key;
use serde_json::json;

use super::{focused, gone, open, press, shows};
use crate::support::App;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, until};

#[tokio::test]
async fn deleting_many_reports_what_failed_and_why_and_keeps_it_selected() {
    let app = App::builder().with_site().start().await;
    let used = app.instance_with("Used", 1, json!({})).await;
    for name in ["Free A", "Free B"] {
        app.instance_with(name, 1, json!({})).await;
    }
    app.group("chat-default", [&used]).await;
    let visit = open(&app, "/models").await;
    shows(&visit, "instances", &["Free A", "Free B", "Used"]).await;

    visit.click("#instances thead .tick").await;
    assert_eq!(
        visit
            .count("#instances tbody tr[data-selected='true']")
            .await,
        3
    );
    visit.click("#instances [data-action='bulk-delete']").await;
    let warned = visit.text("#confirm [data-part='used']").await;
    assert!(warned.contains("Used") && warned.contains("chat-default"));
    assert!(!warned.contains("Free"));
    visit.click("#confirm [data-action='cancel']").await;
    gone(&visit, "#confirm[open]").await;
    assert_eq!(visit.count("#instances tbody tr").await, 3);

    visit.click("#instances [data-action='bulk-delete']").await;
    visit.click("#confirm [data-action='confirm']").await;
    let report = visit
        .text("#instances [data-part='report'] li[data-name='Used']")
        .await;
    assert!(report.contains("chat-default"), "{report}");
    shows(&visit, "instances", &["Used"]).await;
    visit
        .find("#instances tr[data-name='Used'][data-selected='true']")
        .await;
    assert_eq!(
        visit
            .count("#instances [data-part='report'] li[data-name]")
            .await,
        1
    );
    visit.chrome.screenshot("list-report.png").await;
    visit.click("[data-action='close-report']").await;
    gone(&visit, "[data-part='report']").await;
    let left = app.admin().await.get("/api/v1/model-instances").await;
    assert_eq!(left.expect(200).json()["total"], 1);
}

#[tokio::test]
async fn many_are_paused_at_once_and_one_click_takes_it_back() {
    let app = App::builder().with_site().start().await;
    for name in ["A", "B"] {
        app.instance_with(name, 1, json!({})).await;
    }
    app.instance_with("C", 1, json!({"enabled": false})).await;
    let visit = open(&app, "/models").await;
    shows(&visit, "instances", &["A", "B", "C"]).await;
    visit.click("#instances thead .tick").await;
    visit.click("#instances [data-action='bulk-pause']").await;
    for name in ["A", "B", "C"] {
        let row = format!("#instances tr[data-name='{name}'][data-state='disabled']");
        visit.find(&row).await;
    }
    visit.click("#toasts [data-action='toast']").await;
    for (name, state) in [("A", "unknown"), ("B", "unknown"), ("C", "disabled")] {
        let row = format!("#instances tr[data-name='{name}'][data-state='{state}']");
        visit.find(&row).await;
    }
    // What is shown at once is what the service knows a moment later.
    let admin = app.admin().await;
    until(SOON, "both are enabled again", async || {
        let list = admin.get("/api/v1/model-instances?enabled=true").await;
        (list.expect(200).json()["total"] == 2).then_some(())
    })
    .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn menu_and_selection_work_from_the_keyboard() {
    let app = App::builder().with_site().start().await;
    app.instance_with("One", 1, json!({})).await;
    let visit = open(&app, "/models").await;
    let row = "#instances tr[data-name='One']";
    let focus = |css: &str| format!("document.querySelector(\"{css}\").focus()");

    visit.find(row).await;
    visit
        .script(&focus(&format!("{row} [data-action='menu']")))
        .await;
    press(&visit, &Key::Down).await;
    visit.find(&format!("{row} [role='menu']")).await;
    assert_eq!(focused(&visit).await, "edit");
    press(&visit, &Key::Down).await;
    assert_eq!(focused(&visit).await, "duplicate");
    press(&visit, &Key::End).await;
    assert_eq!(focused(&visit).await, "delete");
    press(&visit, &Key::Down).await;
    assert_eq!(focused(&visit).await, "edit", "arrows go round");
    press(&visit, &Key::Escape).await;
    gone(&visit, "[role='menu']").await;
    assert_eq!(focused(&visit).await, "menu", "the focus comes back");

    press(&visit, &Key::Enter).await;
    visit.find(&format!("{row} [role='menu']")).await;
    press(&visit, &Key::End).await;
    press(&visit, &Key::Enter).await;
    visit.find("#confirm[open]").await;
    until(SOON, "the focus is on the way out", async || {
        (focused(&visit).await == "cancel").then_some(())
    })
    .await;
    press(&visit, &Key::Escape).await;
    gone(&visit, "#confirm[open]").await;
    assert_eq!(focused(&visit).await, "menu");

    visit.script(&focus(&format!("{row} input"))).await;
    press(&visit, " ").await;
    visit.find(&format!("{row}[data-selected='true']")).await;
    assert_eq!(focused(&visit).await, "checkbox");
    visit
        .find("#instances [data-part='bulk']:not([hidden])")
        .await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn list_follows_what_others_do_without_disturbing_anybody() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let one = app.instance("One", &upstream).await;
    let visit = open(&app, "/models").await;
    visit.find("#instances tr[data-name='One']").await;
    visit.click("#instances tr[data-name='One'] .tick").await;
    visit
        .script("document.querySelector(\"#instances tr[data-name='One'] .tick input\").mark = 1")
        .await;
    let admin = app.admin().await;
    app.instance_with("Another", 1, json!({})).await;
    let renamed = json!({"description": "moved to rack 4"});
    admin
        .patch(&one.path, &renamed)
        .if_match("*")
        .await
        .expect(200);
    shows(&visit, "instances", &["Another", "One"]).await;
    let about = "#instances tr[data-name='One'] [data-part='about']";
    assert_eq!(visit.text(about).await, "moved to rack 4");
    let same = visit
        .script(
            "const box = document.querySelector(\"#instances tr[data-name='One'] .tick input\");
            return [box.mark, box.checked, document.activeElement === box]",
        )
        .await;
    assert_eq!(same, json!([1, true, true]), "the row is the same one");
    admin
        .post(&format!("{}/drill", one.path), &json!({"seconds": 60}))
        .await
        .expect(200);
    visit
        .find("#instances tr[data-name='One'][data-state='drilled']")
        .await;
    visit.assert_clean().await;
}
