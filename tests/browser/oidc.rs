//! Signing in with an identity provider, as a person sees it: a real provider with a page of its own.

use serde_json::{Value, json};

use super::visit::Visit;
use crate::support::App;
use crate::support::app::AppBuilder;
use crate::support::axe;
use crate::support::identity::{CLIENT_ID, CLIENT_SECRET, RealProvider};
use crate::support::wait::{SOON, until};

fn with_provider(provider: &RealProvider) -> AppBuilder {
    App::builder()
        .env("UNDERSTUDY_OIDC_ISSUER", &provider.issuer())
        .env("UNDERSTUDY_OIDC_CLIENT_ID", CLIENT_ID)
        .env("UNDERSTUDY_OIDC_CLIENT_SECRET", CLIENT_SECRET)
        .env("UNDERSTUDY_OIDC_NAME", "Keycloak")
        .env("UNDERSTUDY_OIDC_ADMIN_VALUES", "admins")
        .with_site()
}

fn ada() -> Value {
    json!({"sub": "ada-1", "preferred_username": "ada", "name": "Ada Lovelace", "groups": ["admins"]})
}

/// The pictures are for people; the rules of accessibility hold here as on every page.
async fn looks_right(visit: &Visit, picture: &str) {
    visit.settle().await;
    visit.chrome.screenshot(picture).await;
    assert_eq!(
        axe::violations(&visit.chrome.client).await,
        Vec::<String>::new(),
        "{picture}"
    );
}

#[tokio::test]
async fn person_goes_to_the_provider_and_comes_back_to_the_page_they_wanted() {
    let provider = RealProvider::start(&[ada()]).await;
    let app = with_provider(&provider).start().await;
    let visit = Visit::to(&app, "/users?sort=-username").await;
    assert_eq!(visit.text("#sso").await, "Sign in with Keycloak");
    visit.find("#login #password").await;
    looks_right(&visit, "sso-login.png").await;
    visit.assert_clean().await;
    visit.click("#sso").await;

    // The provider's own page.
    visit.click("button[name='action'][value='deny']").await;
    assert!(
        visit
            .text("#sso-fault[data-fault='refused_by_provider']")
            .await
            .contains("identity provider")
    );
    assert_eq!(visit.path().await, "/login");
    looks_right(&visit, "sso-refused.png").await;
    visit.click("#sso").await;
    visit.click("button[name='sub'][value='ada-1']").await;

    let row = "#users tr[data-name='ada'][data-role='admin']";
    assert!(visit.text(row).await.contains("SSO"));
    assert!(visit.text("#account").await.contains("Ada Lovelace"));
    let url = visit.chrome.client.current_url().await.unwrap();
    assert_eq!(
        (url.path(), url.query()),
        ("/users", Some("sort=-username"))
    );
    visit.chrome.client.refresh().await.expect("a reload");
    visit.click(&format!("{row} .row-link")).await;
    visit.find("#role-of-provider").await;
    visit.find("#password-of-provider").await;
    assert_eq!(visit.count("#new-password").await, 0);
    assert!(visit.text("#facts").await.contains("identity provider"));
    looks_right(&visit, "sso-user.png").await;
    // What is not the provider's can be changed all the same.
    visit.type_into("#display-name", "Countess Lovelace").await;
    visit.click("#user [data-action='save']").await;
    visit
        .shows(
            "return document.querySelector('h1').textContent.trim()",
            json!("Countess Lovelace"),
        )
        .await;
}

#[tokio::test]
async fn session_that_ends_goes_on_after_signing_in_in_another_tab() {
    let provider = RealProvider::start(&[ada()]).await;
    let app = with_provider(&provider)
        .env("UNDERSTUDY_LOCAL_SIGN_IN", "off")
        .start()
        .await;
    let visit = Visit::to(&app, "/models").await;
    visit.find("#sso.primary").await;
    assert_eq!(visit.count("#login").await, 0, "no password is asked for");
    looks_right(&visit, "sso-alone.png").await;
    visit.click("#sso").await;
    visit.click("button[name='sub'][value='ada-1']").await;
    visit.find("#groups").await;
    visit.follow("/users/new").await;
    visit.type_into("#username", "typed before").await;

    let database = app.database().connect().await;
    database
        .execute("UPDATE sessions SET revoked_at = now()", &[])
        .await
        .unwrap();
    visit.find("#sign-in-again [data-action='new-tab']").await;
    assert_eq!(visit.count("#again-password").await, 0);
    looks_right(&visit, "sso-session-over.png").await;
    let client = &visit.chrome.client;
    let first = client.window().await.unwrap();
    visit.click("#sign-in-again [data-action='new-tab']").await;
    let (second, _) = until(SOON, "another tab", async || {
        let tabs = client.windows().await.unwrap();
        tabs.into_iter().find(|tab| *tab != first)
    })
    .await;
    client.switch_to_window(second).await.unwrap();
    visit.click("#sso").await;
    visit.click("button[name='sub'][value='ada-1']").await;
    visit.find("#groups").await;
    client.switch_to_window(first).await.unwrap();
    until(SOON, "the dialog closes", async || {
        (visit.count("#sign-in-again [data-action='new-tab']").await == 0).then_some(())
    })
    .await;
    let typed = "return document.querySelector('#username').value";
    visit.shows(typed, json!("typed before")).await;
}

#[tokio::test]
async fn provider_that_is_down_is_said_in_words() {
    let provider = RealProvider::start(&[ada()]).await;
    let app = with_provider(&provider).start().await;
    drop(provider);
    let visit = Visit::to(&app, "/login").await;
    visit.click("#sso").await;
    let said = visit.text(".sign-in-provider .notice").await;
    assert!(said.contains("cannot be reached"), "{said}");
    looks_right(&visit, "sso-down.png").await;
    visit.assert_clean_but(&[503]).await;
}
