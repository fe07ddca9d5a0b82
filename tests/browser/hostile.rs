//! What somebody else wrote stays text on every page that shows it, and a secret leaves no trace once it is saved.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::Made;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::healthy::{content_event, finish_event, role_event};
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::{SOON, until};

const IMAGE: &str = "<img src=x onerror=window.pwned=1>";
const SCRIPT: &str = "\"><script>window.pwned=1</script>";
const FRAME: &str = "'\"><iframe srcdoc='<script>parent.pwned=1</script>'>";
const LINK: &str = "javascript:window.pwned=1";
const MARKDOWN: &str = "[x](javascript:window.pwned=1) ![y](https://stranger.example/z.png)";
const TEMPLATE: &str = "{{7*7}}${7*7}";
const BACKWARDS: &str = "\u{202E}sdrawkcab\u{2066}";
const LONG: &str = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsanwärterinnen";

/// All of them in one text, and some with a text of their own where a field has no room for that.
const WORST: [&str; 8] = [
    IMAGE, SCRIPT, FRAME, LINK, MARKDOWN, TEMPLATE, BACKWARDS, LONG,
];

/// What the page made of texts: nothing, or it says what.
const MADE: &str = "
    const made = [...document.querySelectorAll(
        'img, iframe, object, embed, base, body script, [onerror], [onload], [onclick], [srcdoc], a[href^=\"javascript:\" i], form[action]')]
        // The translations' own, in which nothing stands.
        .filter(element => !element.matches('script:not([src])') || element.textContent !== '');
    return [window.pwned ?? null, made.map(element => element.outerHTML.slice(0, 200)),
        document.documentElement.scrollWidth - document.documentElement.clientWidth]";

/// What a person reads on the page, in its fields too.
const SHOWN: &str = "return document.body.innerText + [...document.querySelectorAll('input, textarea')].map(field => field.value)";

/// Nothing that stands on the page became more than text, and the page keeps its shape.
async fn assert_inert(visit: &Visit, shows: &[&str]) {
    assert_inert_but(visit, shows, &[]).await;
}

/// As [`assert_inert`], where the service refuses requests with these statuses on purpose.
async fn assert_inert_but(visit: &Visit, shows: &[&str], refused: &[u16]) {
    for part in shows {
        let what = format!("the page shows {part}");
        until(SOON, &what, async || {
            let text = visit.script(SHOWN).await;
            text.as_str()?.contains(part).then_some(())
        })
        .await;
    }
    for width in [360, 1280] {
        visit.chrome.resize(width, 800).await;
        visit.settle().await;
        let made = visit.script(MADE).await;
        assert_eq!(
            made,
            json!([null, [], 0]),
            "{width} px, {}",
            visit.path().await
        );
    }
    visit.assert_clean_but(refused).await;
}

/// Groups, instances and keys with the worst that people write in every field that takes a text.
async fn fill(app: &App, upstream: &Upstream) -> (Made, Made) {
    let mut instances = Vec::new();
    for text in WORST {
        let fields = json!({
            "description": text,
            "model": text,
            "labels": {"note": text},
            "auth": {"type": "bearer"},
            "tokens": [{"label": text.chars().take(60).collect::<String>(), "value": "token-0123456789abcd"}],
            "parameters": {"defaults": {"stop": text}, "overrides": {"user": text}, "strip": ["seed"]},
        });
        instances.push(app.instance_with(text, upstream.port(), fields).await);
    }
    let mut groups = Vec::new();
    for (number, text) in WORST.into_iter().enumerate() {
        let members: Vec<Value> = instances
            .iter()
            .map(|instance| json!({"instance_id": instance.id, "model": text}))
            .collect();
        let fields = json!({"title": text, "description": text, "members": members});
        groups.push(app.group_with(&format!("group-{number}"), [], fields).await);
        let body = json!({"name": text, "scopes": ["gateway"]});
        let admin = app.admin().await;
        admin.post("/api/v1/api-keys", &body).await.expect(201);
    }
    (instances.remove(0), groups.remove(0))
}

#[tokio::test]
async fn texts_of_others_stay_texts_on_every_page() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let models: Vec<Value> = WORST
        .iter()
        .map(|text| json!({"id": text, "object": "model"}))
        .collect();
    upstream.models(Reply::json(200, &json!({"object": "list", "data": models})));
    let (instance, group) = fill(&app, &upstream).await;
    app.settled().await;
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    let worst = [IMAGE, SCRIPT, FRAME, LINK, TEMPLATE, LONG];

    visit.find("#groups tr[data-name='group-7']").await;
    visit
        .find(&format!("#instances tr[data-id='{}']", instance.id))
        .await;
    assert_inert(&visit, &worst).await;
    visit
        .click(&format!(
            "#instances tr[data-id='{}'] [data-action='menu']",
            instance.id
        ))
        .await;
    visit.click("[role='menu'] [data-action='delete']").await;
    visit.find("#confirm[open] [data-action='confirm']").await;
    assert_inert(&visit, &[IMAGE]).await;

    visit.go(&format!("/models/groups/{}", group.id)).await;
    visit.find("#preview .verdict").await;
    visit.click("#members-list [data-action='settings']").await;
    visit.find(".member-settings input").await;
    visit.click("#members-add").await;
    assert_inert(&visit, &worst).await;
    // Somebody else's change, and the question of whose is to stay.
    visit.type_into("#title", "mine").await;
    visit.type_into("#description", MARKDOWN).await;
    let body = json!({"title": SCRIPT, "description": FRAME});
    app.admin()
        .await
        .patch(&group.path, &body)
        .await
        .expect(200);
    visit.click("[data-action='save']").await;
    visit.find("#conflict[open] [data-action='confirm']").await;
    assert_inert_but(&visit, &[SCRIPT, FRAME], &[412]).await;

    visit
        .go(&format!("/models/instances/{}", instance.id))
        .await;
    visit.find("[data-secret='kept']").await;
    for part in ["parameters", "about"] {
        visit.click(&format!("#{part} summary")).await;
    }
    visit.click("#check [data-action='check']").await;
    visit.find("[data-check='failed'], [data-check='ok']").await;
    visit.click("#model").await;
    assert_inert(&visit, &[IMAGE]).await;

    visit.go("/keys").await;
    visit.find("#keys tr[data-name]").await;
    assert_inert(&visit, &worst).await;
    visit.click("#keys tr [data-action='revoke']").await;
    visit.find("#confirm[open] [data-action='confirm']").await;
    assert_inert(&visit, &[]).await;
}

#[tokio::test]
async fn what_is_typed_stays_text_in_forms_and_messages() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    app.instance("GPU server 1", &upstream).await;
    let visit = Visit::to(&app, "/models/groups/new").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.type_into("#title", IMAGE).await;
    visit.type_into("#name", "typed").await;
    visit.type_into("#description", SCRIPT).await;
    visit.type_into("#members-add", FRAME).await;
    assert_inert(&visit, &[IMAGE, SCRIPT, FRAME]).await;
    visit.click("[data-action='save']").await;
    visit.find("#toasts [data-action], #toasts p").await;
    visit.find(".ask").await;
    assert_inert(&visit, &[IMAGE, SCRIPT]).await;

    visit.go("/models/instances/new").await;
    visit.type_into("#endpoint-host", IMAGE).await;
    visit.type_into("#endpoint-base-path", SCRIPT).await;
    visit.type_into("#model", SCRIPT).await;
    visit.type_into("#name", FRAME).await;
    visit.click("[data-action='save']").await;
    visit.find("#form-errors").await;
    assert_inert(&visit, &[IMAGE, SCRIPT, FRAME]).await;

    visit.go("/keys").await;
    visit.click("[data-action='create']").await;
    visit.type_into("#key-name", IMAGE).await;
    visit.click("#key-form button[type=submit]").await;
    visit.find("#key-value").await;
    assert_inert(&visit, &[IMAGE]).await;

    visit
        .go(&format!(
            "/models?g.q={}",
            "%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E"
        ))
        .await;
    visit.find("#groups").await;
    visit.settle().await;
    assert_inert(&visit, &[]).await;
    visit.go("/%3Cimg%20src=x%20onerror=pwned=1%3E").await;
    visit.find("h1").await;
    assert_inert(&visit, &[]).await;
}

#[tokio::test]
async fn answers_and_errors_of_backends_stay_texts() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    let group = app.group("chat-default", [&instance]).await;
    app.settled().await;
    let worst = WORST.join("\n\n");
    let visit = Visit::to(&app, &format!("/models/groups/{}", group.id)).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;

    upstream.always(Reply::events([
        role_event().to_string(),
        content_event(&worst).to_string(),
        finish_event().to_string(),
        "[DONE]".to_owned(),
    ]));
    visit.type_into("#ask-question", IMAGE).await;
    visit.click("[data-action='ask']").await;
    visit.find(".ask-outcome[data-stage='done']").await;
    let shown = visit.text(".ask-answer").await;
    assert!(shown.contains(IMAGE) && shown.contains(SCRIPT), "{shown}");
    assert_inert(&visit, &[IMAGE, MARKDOWN, TEMPLATE]).await;

    upstream.always(Reply::error(503, IMAGE, SCRIPT, &worst));
    visit.chrome.resize(1280, 800).await;
    visit.click("[data-action='ask']").await;
    visit
        .find(".ask-outcome[data-stage='failed'] #attempts")
        .await;
    assert_inert_but(&visit, &[], &[502, 503]).await;

    upstream.models(Reply::body(500, "text/html", worst.clone()));
    visit
        .go(&format!("/models/instances/{}", instance.id))
        .await;
    visit.click("#check [data-action='check']").await;
    visit.find("[data-check='failed'], [data-check='ok']").await;
    assert_inert(&visit, &[]).await;
    visit.go("/models").await;
    visit.find("#instances tr[data-name='GPU server 1']").await;
    assert_inert(&visit, &[]).await;
}

#[tokio::test]
async fn secrets_are_nowhere_once_they_are_saved() {
    const TOKEN: &str = "token-Qm7vX2kLp9ZrT4wY";
    const HEADER: &str = "header-Hs8dKq3NvB6mJc1x";
    const PASSWORD: &str = "proxy-Wt5yPz0RfG2aUe9i";
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/models/instances/new").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.click("[data-value='cloud']").await;
    visit
        .type_into("#endpoint-url", "https://api.example/v1")
        .await;
    visit.click("#add-token").await;
    visit.find("#tokens-list input:focus").await;
    visit
        .type_into("#tokens-list input[id$='-value']", TOKEN)
        .await;
    visit.click("#access summary").await;
    visit.find("#access[open]").await;
    visit.click("#add-header").await;
    visit.find("#headers input:focus").await;
    visit
        .type_into("#headers input[id$='-name']", "x-org")
        .await;
    visit
        .type_into("#headers input[id$='-value']", HEADER)
        .await;
    visit.click("#add-proxy").await;
    visit.find("#proxies-list input:focus").await;
    visit
        .type_into(
            "#proxies-list input[id$='-url']",
            "http://proxy.example:3128",
        )
        .await;
    visit
        .type_into("#proxies-list input[id$='-username']", "us")
        .await;
    visit
        .type_into("#proxies-list input[id$='-password']", PASSWORD)
        .await;
    visit.type_into("#model", "gpt").await;
    visit.type_into("#name", "Cloud with secrets").await;
    visit.click("[data-action='save']").await;
    visit
        .find("#instances tr[data-name='Cloud with secrets']")
        .await;
    let saved = app
        .admin()
        .await
        .get("/api/v1/model-instances")
        .await
        .json();
    assert_eq!(saved["items"][0]["name"], "Cloud with secrets");
    assert_eq!(saved["items"][0]["tokens"][0]["hint"], "…T4wY");

    let secrets = [TOKEN, HEADER, PASSWORD, ADMIN_PASSWORD];
    visit.assert_nowhere(&secrets, "Cloud with secrets").await;
    let id = saved["items"][0]["id"].as_str().expect("an id");
    visit.go(&format!("/models/instances/{id}")).await;
    until(SOON, "three secrets are kept", async || {
        (visit.count("[data-secret='kept']").await == 3).then_some(())
    })
    .await;
    visit.assert_nowhere(&secrets, "Cloud with secrets").await;
    visit.assert_clean().await;
}
