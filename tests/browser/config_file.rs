//! The configuration as a file, on the page of settings: taken away, chosen, looked at, applied.

use serde_json::json;

use super::visit::Visit;
use crate::support::App;
use crate::support::app::instance;
use crate::support::server::ADMIN_PASSWORD;
use crate::support::wait::{SOON, until};

const INSTANCES: &str = "/api/v1/model-instances";
const CANARY: &str = "sk-canary-of-the-page-0123456789";

async fn choose(visit: &Visit, name: &str, content: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let field = visit.find("#config-chosen").await;
    field.send_keys(path.to_str().unwrap()).await.unwrap();
    visit
        .shows(
            "return document.getElementById('config-text').value",
            json!(content),
        )
        .await;
}

#[tokio::test]
async fn file_is_chosen_looked_at_and_applied_by_an_operator() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    for name in ["Old", "Kept"] {
        admin
            .post(INSTANCES, &instance(name, 8000))
            .await
            .expect(201);
    }
    let body = json!({"username": "ada", "role": "operator", "password": ADMIN_PASSWORD});
    admin.post("/api/v1/users", &body).await.expect(201);
    let visit = Visit::to(&app, "/settings").await;
    visit.sign_in("ada", ADMIN_PASSWORD).await;
    visit.find("#config").await;
    assert_eq!(
        visit.count("#keep-audit").await,
        0,
        "that is for administrators"
    );

    let exported = admin.get("/api/v1/config/export").await.expect(200);
    let kept = exported
        .text()
        .split("  - name: Old")
        .next()
        .unwrap()
        .to_owned();
    let faulty =
        format!("{kept}groups:\n  - name: chat\n    members:\n      - instance: <b>Nobody</b>\n");
    choose(&visit, "faulty.yaml", &faulty).await;
    visit.click("[data-action='plan-config']").await;
    visit.find(".config-faults").await;
    let said = visit.text("#config-outcome").await;
    let line = faulty.lines().count();
    assert!(
        said.contains(&format!("Line {line}")) && said.contains("“<b>Nobody</b>”"),
        "{said}"
    );
    visit.chrome.screenshot("config-faults.png").await;

    let wanted = format!(
        "{kept}  - name: New
    kind: cloud
    endpoint: {{scheme: https, host: 93.184.215.14, port: 443}}
    tokens: [{{label: main, value: {CANARY}}}]
    health_check: {{mode: \"off\"}}
groups:
  - name: chat
    members: [{{instance: new}}]
"
    );
    choose(&visit, "wanted.yaml", &wanted).await;
    visit
        .shows(
            "return document.getElementById('config-outcome').textContent",
            json!(""),
        )
        .await;
    visit.click("#config-prune").await;
    visit.click("[data-action='plan-config']").await;
    visit
        .find(".config-plan [data-action='create'][data-name='New']")
        .await;
    visit
        .find(".config-plan [data-action='create'][data-name='chat']")
        .await;
    visit
        .find(".config-plan [data-action='delete'][data-name='Old']")
        .await;
    assert_eq!(visit.count(".config-plan > li").await, 3);
    visit.chrome.screenshot("config-plan.png").await;
    // What is not looked at is not done.
    admin
        .patch(
            &path_of(&app, "Kept").await,
            &json!({"description": "changed meanwhile"}),
        )
        .await
        .expect(200);
    visit.click("[data-action='apply-config']").await;
    visit.click("#confirm[open] [data-action='confirm']").await;
    visit.find("#config-outcome .notice[data-tone='bad']").await;
    assert_eq!(admin.get(INSTANCES).await.json()["total"], 2);

    let wanted = wanted.replace(
        "name: Kept\n",
        "name: Kept\n    description: changed meanwhile\n",
    );
    choose(&visit, "wanted.yaml", &wanted).await;
    visit.click("[data-action='plan-config']").await;
    visit.click("[data-action='apply-config']").await;
    visit.click("#confirm[open] [data-action='confirm']").await;
    visit.find("#config-outcome .notice[data-tone='ok']").await;
    let names = admin.get(INSTANCES).await.json()["items"].clone();
    let names: Vec<&str> = names
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Kept", "New"]);
    visit.assert_nowhere(&[CANARY], "New").await;
    visit.assert_clean_but(&[412, 422]).await;
}

async fn path_of(app: &App, name: &str) -> String {
    let list = app
        .admin()
        .await
        .get(&format!("{INSTANCES}?q={name}"))
        .await
        .json();
    format!("{INSTANCES}/{}", list["items"][0]["id"].as_str().unwrap())
}

#[tokio::test]
async fn configuration_is_downloaded_as_a_file() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    admin
        .post(INSTANCES, &instance("A", 8000))
        .await
        .expect(201);
    let visit = Visit::signed_in(&app, "/settings").await;
    visit.find("#keep-audit").await;
    // What the browser is given to save.
    visit
        .script(
            "window.saved = []; const make = URL.createObjectURL;
             URL.createObjectURL = blob => { blob.text().then(text => window.saved.push(text)); return make.call(URL, blob) }",
        )
        .await;
    visit.click("[data-action='export-config']").await;
    let expected = admin.get("/api/v1/config/export").await.text().to_owned();
    until(SOON, "it is saved", async || {
        let saved = visit.script("return window.saved[0] ?? null").await;
        (saved == json!(expected)).then_some(())
    })
    .await;
    visit.assert_clean().await;
}
