//! The form of an instance, as a person walks through it.

use fantoccini::elements::Element;
use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{MODEL, Upstream};
use crate::support::wait::{SOON, until};

const NEW: &str = "/models/instances/new";
const SAVE: &str = "#instance-form [data-action='save']";
const TOKEN: &str = "sk-canary-token-0123456789";

async fn opened(app: &App, path: &str) -> Visit {
    let visit = Visit::to(app, path).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#instance-form #name").await;
    visit
}

/// In Russian, as most people see it.
async fn opened_in_russian(app: &App, path: &str) -> Visit {
    let visit = Visit::to(app, "/login").await;
    visit
        .script("localStorage.setItem('understudy.language', 'ru')")
        .await;
    visit.go(path).await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#instance-form #name").await;
    visit
}

/// The text of an element, once it contains `part`.
async fn reads(visit: &Visit, css: &str, part: &str) {
    let what = format!("{css} reads {part:?}");
    until(SOON, &what, async || {
        let found = visit.find(css).await;
        let text = found.text().await.ok()?;
        text.contains(part).then_some(())
    })
    .await;
}

async fn value(visit: &Visit, css: &str) -> String {
    let field: Element = visit.find(css).await;
    field
        .prop("value")
        .await
        .expect("a field")
        .unwrap_or_default()
}

/// What stands in a field, once it is that.
async fn holds(visit: &Visit, css: &str, text: &str) {
    let what = format!("{css} holds {text:?}");
    until(SOON, &what, async || {
        (value(visit, css).await == text).then_some(())
    })
    .await;
}

/// Types as a person does who then goes on to the next field.
async fn fill(visit: &Visit, css: &str, text: &str) {
    visit.type_into(css, text).await;
    visit
        .script("document.activeElement.blur(); return null")
        .await;
}

async fn choose_kind(visit: &Visit, kind: &str) {
    visit
        .click(&format!("#kind label[data-value='{kind}']"))
        .await;
    visit
        .find(&format!(".instance-form[data-kind='{kind}']"))
        .await;
}

async fn stored(app: &App, path: &str) -> Value {
    app.admin().await.get(path).await.expect(200).json()
}

#[tokio::test]
async fn local_instance_is_checked_before_it_is_made() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let visit = opened(&app, NEW).await;
    let address = format!("http://127.0.0.1:{}/v1/chat/completions", upstream.port());
    // A whole address in the field of the host is taken apart.
    fill(&visit, "#endpoint-host", &address).await;
    holds(&visit, "#endpoint-host", "127.0.0.1").await;
    holds(&visit, "#endpoint-port", &upstream.port().to_string()).await;
    holds(&visit, "#endpoint-base-path", "/v1").await;

    visit.click("#check [data-action='check']").await;
    visit.find("#check [data-check='ok']").await;
    visit
        .find("#check [data-step='connect'][data-state='ok']")
        .await;
    visit
        .find("#check [data-step='tls'][data-state='skipped']")
        .await;

    // The models that the check found are there to choose from, by the keyboard as well.
    reads(&visit, "#model-hint", "1 model").await;
    visit.click("#model").await;
    let model = visit.find("#model").await;
    visit
        .find(&format!("#model-list [data-value='{MODEL}']"))
        .await;
    model.send_keys("\u{e015}\u{e007}").await.expect("a field");
    holds(&visit, "#model", MODEL).await;
    visit.find("#check [data-stale='true']").await;

    // Nobody typed a name, so there is one already.
    holds(
        &visit,
        "#name",
        &format!("{MODEL} · 127.0.0.1:{}", upstream.port()),
    )
    .await;
    fill(&visit, "#name", "Made here").await;
    visit.click(SAVE).await;
    visit.find("#instances tr[data-name='Made here']").await;
    assert_eq!(visit.path().await, "/models");
    visit.assert_clean().await;
}

#[tokio::test]
async fn failed_check_says_why_and_keeps_nobody_from_saving() {
    let app = App::builder().with_site().start().await;
    let refusing = Upstream::refusing("closed");
    let visit = opened_in_russian(&app, NEW).await;
    fill(&visit, "#endpoint-port", &refusing.port().to_string()).await;
    visit.click("#check [data-action='check']").await;
    visit.find("#check [data-check='failed']").await;
    let step = "#check [data-step='connect'][data-state='failed']";
    assert!(visit.text(step).await.contains("Порт закрыт"));
    fill(&visit, "#name", "Позже").await;
    visit.click(SAVE).await;
    visit.find("#instances tr[data-name='Позже']").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn pasted_address_of_a_provider_is_taken_apart_and_mended() {
    let app = App::builder().with_site().start().await;
    let visit = opened(&app, NEW).await;
    choose_kind(&visit, "cloud").await;
    let pasted = "https://me:canary-password@api.example.com/v1/chat/completions?x=1";
    visit.type_into("#endpoint-url", pasted).await;
    reads(
        &visit,
        "#endpoint-parts",
        "https · api.example.com · port 443 · path /v1",
    )
    .await;
    visit
        .script("document.activeElement.blur(); return null")
        .await;
    holds(&visit, "#endpoint-url", "https://api.example.com/v1").await;
    reads(&visit, ".address-notes", "neither sent nor stored").await;
    reads(&visit, ".address-notes", "/chat/completions").await;

    // What was typed for one kind is there again after a look at another.
    choose_kind(&visit, "network").await;
    fill(&visit, "#endpoint-host", "gpu-1").await;
    choose_kind(&visit, "cloud").await;
    holds(&visit, "#endpoint-url", "https://api.example.com/v1").await;
    choose_kind(&visit, "network").await;
    holds(&visit, "#endpoint-host", "gpu-1").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn stored_secret_stays_hidden_and_asks_to_be_entered_again_for_another_address() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let fields = json!({"auth": {"type": "bearer"}, "tokens": [{"label": "main", "value": TOKEN}]});
    let made = app.instance_with("Keeper", upstream.port(), fields).await;
    let before = stored(&app, &made.path).await;
    let visit = opened(&app, &format!("/models/instances/{}", made.id)).await;
    let token = "#tokens .secret";
    visit.find(&format!("{token}[data-secret='kept']")).await;
    assert!(visit.text(token).await.contains("…6789"));

    visit.type_into("#endpoint-port", "1").await;
    visit
        .find(&format!("{token}[data-secret='reenter'] input"))
        .await;
    reads(&visit, "#reenter", "must not be sent to another server").await;
    visit.click(SAVE).await;
    visit.find("#form-errors a[href^='#tokens-']").await;

    // Put back as it was, nothing has to be entered.
    visit
        .type_into("#endpoint-port", &upstream.port().to_string())
        .await;
    visit.find(&format!("{token}[data-secret='kept']")).await;

    // The path may change freely, and the secret is kept by whoever saves.
    fill(&visit, "#endpoint-base-path", "/v2").await;
    fill(&visit, "#name", "Keeper of secrets").await;
    visit.click(SAVE).await;
    reads(&visit, "h1", "Keeper of secrets").await;
    let after = stored(&app, &made.path).await;
    assert_eq!(after["endpoint"]["base_path"], "/v2");
    assert_eq!(after["tokens"], before["tokens"]);
    let page = visit
        .script(
            "const values = [...document.querySelectorAll('input, textarea')].map(field => field.value);
             return JSON.stringify([document.documentElement.outerHTML, values])",
        )
        .await;
    assert!(!page.to_string().contains(TOKEN));
    visit.assert_clean().await;
}

#[tokio::test]
async fn what_the_service_refuses_stands_at_its_field_in_russian() {
    let app = App::builder().with_site().start().await;
    let taken = app.instance_with("Занято", 1, json!({})).await;
    let visit = opened_in_russian(&app, NEW).await;
    fill(&visit, "#name", &taken.name).await;
    visit.click(SAVE).await;
    visit.find("#name[aria-invalid='true']").await;
    let said = visit.text("#name-error").await;
    assert!(
        said.chars().any(|c| matches!(c, 'а'..='я')),
        "not in Russian: {said}"
    );
    let link = visit.find("#form-errors a[href='#name']").await;
    link.click().await.expect("a link");
    let focused = visit.script("return document.activeElement.id").await;
    assert_eq!(focused, "name");

    // What the service said is over as soon as the field changes.
    visit.type_into("#name", "Свободно").await;
    until(SOON, "the error goes away", async || {
        (visit.count("#name[aria-invalid='true']").await == 0).then_some(())
    })
    .await;
    visit.click(SAVE).await;
    visit.find("#instances tr[data-name='Свободно']").await;
}

#[tokio::test]
async fn instance_of_a_group_is_not_deleted_before_it_is_taken_out() {
    let app = App::builder().with_site().start().await;
    let made = app.instance_with("In use", 1, json!({})).await;
    let group = app.group("chat-default", [&made]).await;
    let visit = opened(&app, &format!("/models/instances/{}", made.id)).await;
    visit.find("#used [data-name='chat-default'] a").await;
    visit.click("#instance-form [data-action='delete']").await;
    visit.click("#confirm [data-action='confirm']").await;
    let link = format!("#in-use a[href='/models/groups/{}']", group.id);
    assert_eq!(visit.text(&link).await, "chat-default");

    let admin = app.admin().await;
    admin.delete(&group.path).if_match("*").await.expect(204);
    visit.click("#instance-form [data-action='delete']").await;
    visit.click("#confirm [data-action='confirm']").await;
    visit.find("#instances").await;
    admin.get(&made.path).await.expect(404);
}

#[tokio::test]
async fn drill_is_begun_and_ended_beside_the_form() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let made = app.instance("Drilled", &upstream).await;
    let visit = opened(&app, &format!("/models/instances/{}", made.id)).await;
    visit.click("#now [data-action='drill']").await;
    visit.find("#state[data-state='drilled']").await;
    reads(&visit, "#now .countdown", ":").await;
    visit.click("#now [data-action='end-drill']").await;
    visit.find("#now [data-action='drill']").await;
    assert_ne!(stored(&app, &made.path).await["status"]["state"], "drilled");
    visit.assert_clean().await;
}

#[tokio::test]
async fn address_without_an_instance_leads_back() {
    let app = App::builder().with_site().start().await;
    let visit = opened(&app, NEW).await;
    visit
        .go("/models/instances/01890a5d-ac96-774b-bcce-b302099a8001")
        .await;
    visit.find("#instance-missing a[href='/models']").await;
    visit.go("/models/instances/nonsense").await;
    visit.find("#instance-missing").await;
    visit.click("#instance-missing a").await;
    visit.find("#instances").await;
    visit.assert_clean_but(&[404]).await;
}
