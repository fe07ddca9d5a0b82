//! Users, from making one to deleting them, and what an administrator must not do by mistake.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::client::Client;
use crate::support::wait::{SOON, until};

const PASSWORD: &str = "a horse of another colour";

async fn gone(visit: &Visit, css: &str) {
    until(SOON, css, async || {
        (visit.count(css).await == 0).then_some(())
    })
    .await;
}

async fn make(admin: &Client, username: &str, fields: Value) -> String {
    let mut body = json!({"username": username, "password": PASSWORD});
    crate::support::app::merge(&mut body, fields);
    let made = admin.post("/api/v1/users", &body).await.expect(201);
    made.header("location").expect("a path").to_owned()
}

#[tokio::test]
async fn user_is_made_changed_and_deleted() {
    let app = App::builder().with_site().start().await;
    let visit = Visit::signed_in(&app, "/users").await;
    visit.find("#users tr[data-name='admin']").await;
    assert_eq!(visit.count("#users tbody tr").await, 1);
    visit.click("[data-action='create']").await;

    // The form says what is missing before the service is asked.
    visit.click("#user [data-action='save']").await;
    visit.find("#form-errors").await;
    visit.type_into("#username", "Ada").await;
    visit.type_into("#display-name", "Ada Lovelace").await;
    visit.type_into("#new-password", "short").await;
    visit.click("[data-value='operator']").await;
    visit.click("#user [data-action='save']").await;
    assert!(!visit.text("#new-password-error").await.is_empty());
    visit.type_into("#new-password", PASSWORD).await;
    visit.click("#user [data-action='save']").await;
    visit.find("#facts .facts").await;
    assert_eq!(visit.text("h1").await, "Ada Lovelace");
    let ada = app.sign_in("ada", PASSWORD).await;
    let me = ada.get("/api/v1/auth/me").await.expect(200).json();
    assert_eq!(
        (&me["role"], &me["display_name"]),
        (&json!("operator"), &json!("Ada Lovelace"))
    );
    visit.assert_nowhere(&[PASSWORD], "Ada Lovelace").await;

    // A new password, and the end of the session with the old one.
    visit.click("[data-action='replace']").await;
    visit.type_into("#new-password", "yet another horse").await;
    visit.click("#user [data-action='save']").await;
    visit.find("[data-secret='kept']").await;
    ada.get("/api/v1/auth/me").await.expect(401);
    app.sign_in("ada", "yet another horse").await;

    visit.click(".form-more [data-action='delete']").await;
    assert!(visit.text("#confirm").await.contains("Ada Lovelace"));
    visit.chrome.screenshot("user-delete.png").await;
    visit.click("#confirm [data-action='confirm']").await;
    visit.find("#users tr[data-name='admin']").await;
    gone(&visit, "#users tr[data-name='Ada']").await;
    assert_eq!(visit.path().await, "/users");
    visit.assert_clean().await;
}

#[tokio::test]
async fn list_is_searched_filtered_and_sorted_and_the_address_says_so() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    make(
        &admin,
        "ada",
        json!({"display_name": "Ада Лавлейс", "role": "operator"}),
    )
    .await;
    make(&admin, "grace", json!({"role": "admin"})).await;
    make(&admin, "charles", json!({"enabled": false})).await;
    let visit = Visit::signed_in(&app, "/users").await;
    let names =
        "return [...document.querySelectorAll('#users tbody tr')].map(row => row.dataset.name)";
    visit
        .shows(names, json!(["ada", "admin", "charles", "grace"]))
        .await;
    visit.click("[data-head='name'] [data-action='sort']").await;
    visit
        .shows(names, json!(["grace", "charles", "admin", "ada"]))
        .await;
    let choose = |name: &str, value: &str| {
        format!(
            "const filter = document.querySelector('[data-filter={name}]'); filter.value = '{value}';
             filter.dispatchEvent(new Event('change', {{ bubbles: true }}))"
        )
    };
    visit.script(&choose("role", "admin")).await;
    visit.shows(names, json!(["grace", "admin"])).await;
    visit
        .shows(
            "return location.search",
            json!("?role=admin&sort=-username"),
        )
        .await;
    visit.go("/users?enabled=false").await;
    visit.shows(names, json!(["charles"])).await;
    visit.type_into("#users input[type=search]", "nobody").await;
    visit.find("#users .empty-title").await;
    visit.click("#users .no-match [data-action='widen']").await;
    visit
        .shows(names, json!(["ada", "admin", "charles", "grace"]))
        .await;
    visit
        .type_into("#users input[type=search]", "лавлейс")
        .await;
    visit.shows(names, json!(["ada"])).await;
    visit.go("/users?role=king&page=0").await;
    visit.find("[data-part='ignored']").await;
    visit.shows("return location.search", json!("")).await;
    visit.assert_clean().await;
}

#[tokio::test]
async fn whoever_has_keys_and_the_last_administrator_stay() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    make(&admin, "ada", json!({"role": "operator"})).await;
    let ada = app.sign_in("ada", PASSWORD).await;
    let key = json!({"name": "Nightly job", "scopes": ["gateway"]});
    ada.post("/api/v1/api-keys", &key).await.expect(201);
    let visit = Visit::signed_in(&app, "/users").await;
    visit
        .click("#users tr[data-name='ada'] [data-action='delete']")
        .await;
    visit.click("#confirm [data-action='confirm']").await;
    visit.find("#confirm[open] [data-part='keys']").await;
    assert!(visit.text("#confirm").await.contains("Nightly job"));
    visit.chrome.screenshot("user-has-keys.png").await;
    visit.click("#confirm [data-action='cancel']").await;

    // Oneself, the only administrator: asked first, and refused by the service.
    visit.click("#users tr[data-name='admin'] a").await;
    visit.find("[data-secret='kept']").await;
    visit.click("[data-value='user']").await;
    visit.click("#user [data-action='save']").await;
    visit.chrome.screenshot("user-self-demotion.png").await;
    visit.click("#confirm[open] [data-action='confirm']").await;
    let said = "return document.querySelector('#role-error').textContent.length > 20";
    visit.shows(said, json!(true)).await;
    let me = admin.get("/api/v1/auth/me").await.expect(200).json();
    assert_eq!(me["role"], "admin");
    visit.assert_clean_but(&[409]).await;
}

#[tokio::test]
async fn two_administrators_change_one_user_at_once() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    let path = make(&admin, "ada", json!({"display_name": "Ada"})).await;
    let page = path.replace("/api/v1", "");
    let visit = Visit::signed_in(&app, &page).await;
    visit.find("[data-secret='kept']").await;
    visit.type_into("#display-name", "Mine").await;
    visit.click("[data-value='operator']").await;
    let theirs = json!({"display_name": "Theirs", "enabled": false});
    admin.patch(&path, &theirs).await.expect(200);
    visit.click("#user [data-action='save']").await;
    visit
        .find("#conflict[open] [data-field='display_name']")
        .await;
    visit.click("#conflict [data-action='all-mine']").await;
    visit.click("#conflict [data-action='confirm']").await;
    visit.find(".head-status [data-tone='idle']").await;
    gone(&visit, "#conflict[open]").await;
    until(SOON, "both changes", async || {
        let now = admin.get(&path).await.expect(200).json();
        let kept = [&now["display_name"], &now["role"], &now["enabled"]];
        (kept == [&json!("Mine"), &json!("operator"), &json!(false)]).then_some(())
    })
    .await;
    visit.assert_clean_but(&[412]).await;
}

#[tokio::test]
async fn others_than_administrators_neither_see_nor_reach_the_page() {
    let app = App::builder().with_site().start().await;
    let admin = app.admin().await;
    make(&admin, "ada", json!({"role": "operator"})).await;
    let visit = Visit::to(&app, "/users").await;
    visit.sign_in("ada", PASSWORD).await;
    visit.find("#not-for-role h1").await;
    assert_eq!(visit.count(".places a[href='/users']").await, 0);
    assert_eq!(visit.count(".places a[href='/keys']").await, 1);
    visit.chrome.screenshot("not-for-role.png").await;
    visit.assert_clean().await;
}
