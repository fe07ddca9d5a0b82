//! The web application in a real browser, served by the service itself.

mod assistants;
mod audit;
mod chunks;
mod config_file;
mod connect;
mod dialogs;
mod everyone;
mod group_form;
mod hostile;
mod instance_form;
mod keys;
mod languages;
mod list;
mod local_servers;
mod oidc;
mod pictures;
mod scenes;
mod seed;
mod session;
mod settings;
mod speed;
mod start;
mod usage;
mod users;
mod visit;

use serde_json::json;

use crate::support::App;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::upstream::{Reply, Upstream};

use visit::Visit;

#[tokio::test]
async fn person_signs_in_and_sees_groups_and_instances() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let gpu = app.instance("GPU server 1", &upstream).await;
    let paused = app
        .instance_with("Paused one", 1, json!({"enabled": false}))
        .await;
    let title = json!({"title": "Everyday chat"});
    app.group_with("chat-default", [&paused, &gpu], title).await;
    app.group("nobody", [&paused]).await;

    let visit = Visit::to(&app, "/").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;

    let ready = "#groups tr[data-name='chat-default'][data-state='ready']";
    assert!(visit.text(ready).await.contains("Everyday chat"));
    let answers = format!("{ready} [data-column='would_answer'] [data-part='who']");
    assert_eq!(visit.text(&answers).await, "GPU server 1");
    visit
        .find("#groups tr[data-name='nobody'][data-state='unavailable']")
        .await;
    assert_eq!(visit.count("#groups tbody tr").await, 2);

    let up = "#instances tr[data-name='GPU server 1'][data-state='unknown']";
    let address = format!("http://127.0.0.1:{}/v1", upstream.port());
    assert!(visit.text(up).await.contains(&address));
    visit
        .find("#instances tr[data-name='Paused one'][data-state='disabled']")
        .await;
    assert_eq!(visit.count("#instances tbody tr").await, 2);

    assert_eq!(visit.path().await, "/models");
    assert!(visit.text("#account").await.contains(ADMIN_USERNAME));
    visit.chrome.screenshot("models.png").await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn session_outlives_a_reload_and_ends_with_signing_out() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#account").await;
    visit.chrome.client.refresh().await.expect("a reload");
    visit.find("#account").await;
    visit.find("#groups .empty").await;
    let kept = visit
        .script("return [document.cookie, localStorage.length && JSON.stringify(localStorage)]")
        .await;
    assert!(
        !kept.to_string().contains("eyJ"),
        "no token where a script can read it: {kept}"
    );
    visit.assert_clean().await;

    visit.click("#sign-out").await;
    visit.find("#login").await;
    visit.go("/models").await;
    visit.find("#login").await;
    assert_eq!(visit.count("#account").await, 0);
}

#[tokio::test]
async fn wrong_password_is_refused_and_the_next_try_may_be_right() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/login").await;
    visit.sign_in(ADMIN_USERNAME, "not the password").await;
    visit.find("#login [role='alert'], #login .notice").await;
    visit.chrome.screenshot("login-refused.png").await;
    assert_eq!(visit.path().await, "/login");
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit.find("#groups").await;
}

#[tokio::test]
async fn first_administrator_is_made_by_the_one_time_link_of_the_log() {
    let app = App::builder().without_admin().with_site().start().await;
    let log = app.log();
    let start = log
        .find("/setup?token=")
        .unwrap_or_else(|| panic!("no link in the log:\n{log}"));
    let link = log[start..].split_whitespace().next().unwrap();

    let visit = Visit::to(&app, link).await;
    visit.type_into("#setup #username", "ada").await;
    visit
        .type_into("#setup #password", "a long enough password")
        .await;
    visit.chrome.screenshot("setup.png").await;
    visit.click("#setup button[type=submit]").await;
    visit
        .find("[data-step='instance'][data-state='current']")
        .await;
    assert_eq!(visit.path().await, "/start");
    assert!(visit.text("#account").await.contains("ada"));
    visit.assert_clean().await;

    let closed = app
        .anonymous()
        .get("/api/v1/setup")
        .await
        .expect(200)
        .json();
    assert_eq!(closed["open"], false);
    app.sign_in("ada", "a long enough password").await;
}

#[tokio::test]
async fn change_of_an_instances_state_is_seen_without_reloading() {
    let app = App::builder().with_site().start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("GPU server 1", &upstream).await;
    app.group("chat-default", [&instance]).await;
    let visit = Visit::to(&app, "/models").await;
    visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
    visit
        .find("#instances tr[data-name='GPU server 1'][data-state='unknown']")
        .await;
    visit.script("window.theSamePage = true").await;

    let body = json!({"model": "chat-default", "messages": []});
    let caller = app.gateway().await;
    caller.post("/v1/chat/completions", &body).await.expect(200);
    visit
        .find("#instances tr[data-name='GPU server 1'][data-state='up']")
        .await;
    upstream.always(Reply::close());
    for _ in 0..3 {
        caller.post("/v1/chat/completions", &body).await.expect(502);
    }
    visit
        .find("#instances tr[data-name='GPU server 1'][data-state='down']")
        .await;
    assert_eq!(visit.script("return window.theSamePage").await, true);
    visit.assert_clean().await;
}

#[tokio::test]
async fn screens_speak_russian_and_english() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::to(&app, "/login").await;
    for (language, title) in [("ru", "Модели"), ("en", "Models")] {
        visit
            .click(&format!("#language label[lang='{language}']"))
            .await;
        visit.find(&format!("html[lang='{language}']")).await;
        if language == "ru" {
            visit.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;
        }
        visit.find("#groups .empty").await;
        assert_eq!(visit.text("h1").await, title);
        visit
            .chrome
            .screenshot(&format!("models-{language}.png"))
            .await;
    }
    visit.assert_clean().await;
}
