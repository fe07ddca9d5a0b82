//! Settings: how long the audit log is kept.

use serde_json::json;

use super::visit::Visit;
use crate::support::App;

const PATH: &str = "/api/v1/settings";

#[tokio::test]
async fn retention_is_chosen_and_meets_what_somebody_else_chose() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    let visit = Visit::signed_in(&app, "/settings").await;
    visit.find("#keep-audit-choice").await;
    let choose = |value: &str| {
        format!(
            "const field = document.getElementById('keep-audit-choice'); field.value = '{value}';
             field.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        )
    };
    // What would be removed is said before.
    visit.script(&choose("365")).await;
    visit.find("#keep-audit .notice[data-tone='warn']").await;
    visit.chrome.screenshot("settings-shorter.png").await;
    visit.click("[data-action='save']").await;
    let days = async || admin.get(PATH).await.expect(200).json()["audit_retention_days"].clone();
    visit
        .shows(
            "return document.querySelector('.form-dirty').textContent",
            json!(""),
        )
        .await;
    assert_eq!(days().await, 365);

    visit.script(&choose("own")).await;
    visit.type_into("#audit-retention-days", "0").await;
    visit.click("[data-action='save']").await;
    visit.find("#form-errors").await;
    visit.type_into("#audit-retention-days", "400").await;
    let theirs = json!({"audit_retention_days": 700});
    admin.patch(PATH, &theirs).await.expect(200);
    visit.click("[data-action='save']").await;
    visit
        .find("#conflict[open] [data-action='all-theirs']")
        .await;
    visit.click("#conflict [data-action='all-theirs']").await;
    visit.click("#conflict [data-action='confirm']").await;
    visit
        .shows(
            "return document.getElementById('audit-retention-days')?.value",
            json!("700"),
        )
        .await;
    assert_eq!(days().await, 700);
    visit.assert_clean_but(&[412]).await;
}
