//! Signing in with an identity provider: the whole way with a real one, and everything that can be wrong on it.

mod faults;
mod people;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use url::Url;

use super::cookie;
use crate::support::App;
use crate::support::app::AppBuilder;
use crate::support::client::{Answer, Client};
use crate::support::identity::{CLIENT_ID, CLIENT_SECRET, RealProvider, ScriptedProvider};

const METHODS: &str = "/api/v1/auth/methods";
const START: &str = "/api/v1/auth/oidc/start";
const CALLBACK: &str = "/api/v1/auth/oidc/callback";
const REFRESH: &str = "/api/v1/auth/refresh";
const ME: &str = "/api/v1/auth/me";

/// A service whose people come from this provider.
fn with_provider(issuer: &str) -> AppBuilder {
    App::builder()
        .env("UNDERSTUDY_OIDC_ISSUER", issuer)
        .env("UNDERSTUDY_OIDC_CLIENT_ID", CLIENT_ID)
        .env("UNDERSTUDY_OIDC_CLIENT_SECRET", CLIENT_SECRET)
        .env("UNDERSTUDY_OIDC_NAME", "Tests")
        .env("UNDERSTUDY_OIDC_ADMIN_VALUES", "admins")
        .env("UNDERSTUDY_OIDC_OPERATOR_VALUES", "operators,ops")
        .env("UNDERSTUDY_OIDC_USER_VALUES", "staff")
}

/// Somebody whose browser has begun to sign in.
struct Begun {
    app: Client,
    origin: String,
    cookie: String,
    location: String,
    query: HashMap<String, String>,
}

async fn start(app: &App, return_to: &str) -> Answer {
    let origin = format!("http://{}", app.address());
    let body = json!({"return_to": return_to});
    let call = app.anonymous().post(START, &body);
    call.header("origin", &origin).await
}

impl Begun {
    async fn at(app: &App) -> Self {
        Self::on_the_way_to(app, "/models").await
    }

    async fn on_the_way_to(app: &App, return_to: &str) -> Self {
        let answer = start(app, return_to).await.expect(200);
        let location = answer.json()["location"].as_str().unwrap().to_owned();
        let query = Url::parse(&location).unwrap();
        Self {
            app: app.anonymous(),
            origin: format!("http://{}", app.address()),
            cookie: cookie(&answer),
            query: query.query_pairs().into_owned().collect(),
            location,
        }
    }

    /// Comes back from the provider with this query.
    async fn comes_back(&self, query: &str) -> Answer {
        let path = format!("{CALLBACK}?{query}");
        let call = self.app.get(&path).header("cookie", &self.cookie);
        call.await.expect(303)
    }

    /// Comes back as the provider sends people back.
    async fn returns(&self) -> Answer {
        let query = format!("code=a-code&state={}&session_state=x", self.query["state"]);
        self.comes_back(&query).await
    }

    /// The claims of somebody, with the nonce of this attempt.
    fn claims(&self, subject: &str, more: Value) -> Value {
        let mut claims = json!({"sub": subject, "nonce": self.query["nonce"], "groups": ["staff"]});
        crate::support::app::merge(&mut claims, more);
        claims
    }
}

/// Where an answer leads: the outcome and the page after it.
#[track_caller]
fn outcome(answer: &Answer) -> (String, Option<String>) {
    let location = answer.header("location").expect("a page");
    assert!(location.starts_with("/login?"), "{answer:?}");
    let url = Url::parse("http://app").unwrap().join(location).unwrap();
    let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
    (query["sso"].clone(), query.get("next").cloned())
}

/// The cookies that an answer sets, the name and value of each.
fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|set| set.to_str().unwrap().to_owned()).collect()
}

/// Whoever was signed in, as the web application goes on: by the refresh cookie.
async fn session(app: &App, answer: &Answer) -> Client {
    assert_eq!(outcome(answer).0, "done", "{answer:?}");
    let set = cookies(answer);
    let refresh = set
        .iter()
        .find(|set| set.starts_with("understudy_refresh="))
        .unwrap_or_else(|| panic!("no session: {answer:?}"));
    let origin = format!("http://{}", app.address());
    let renewed = app
        .anonymous()
        .call("POST", REFRESH)
        .header("cookie", refresh.split(';').next().unwrap())
        .header("origin", &origin)
        .await
        .expect(200);
    let token = renewed.json()["access_token"].clone();
    app.anonymous().with_bearer(token.as_str().unwrap())
}

/// Somebody whom the scripted provider lets in.
async fn lets_in(app: &App, provider: &ScriptedProvider, subject: &str, more: Value) -> Answer {
    let begun = Begun::at(app).await;
    provider.says(begun.claims(subject, more));
    begun.returns().await
}

#[tokio::test]
async fn whole_way_with_a_real_provider_ends_in_a_session_with_the_role_of_the_claim() {
    let people = json!({
        "sub": "ada-1", "preferred_username": "ada", "name": "Ada Lovelace", "email": "ada@id.example", "groups": ["staff", "ops"],
    });
    let provider = RealProvider::start(&[people]).await;
    let app = with_provider(&provider.issuer()).start().await;
    let methods = app.anonymous().get(METHODS).await.expect(200).json();
    assert_eq!(methods, json!({"local": true, "oidc": {"name": "Tests"}}));

    let begun = Begun::on_the_way_to(&app, "/models?sort=name&q=a%26b").await;
    let asked = &begun.query;
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!(asked["redirect_uri"], format!("{}{CALLBACK}", begun.origin));
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["scope"], "openid profile email");
    for name in ["state", "nonce", "code_challenge"] {
        assert!(asked[name].len() >= 16, "{name}: {asked:?}");
        assert!(
            !begun.cookie.contains(asked[name].as_str()),
            "the cookie is closed"
        );
    }
    let back = provider.authorize(&begun.location, "ada-1").await;
    let query = Url::parse(&back).unwrap().query().unwrap().to_owned();
    let answer = begun.comes_back(&query).await;
    let (done, next) = outcome(&answer);
    assert_eq!(
        (done.as_str(), next.as_deref()),
        ("done", Some("/models?sort=name&q=a%26b"))
    );
    let set = cookies(&answer);
    assert_eq!(set.len(), 2, "{set:?}");
    let refresh = set
        .iter()
        .find(|set| set.starts_with("understudy_refresh="));
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth"] {
        assert!(refresh.unwrap().contains(part), "{part} in {set:?}");
    }
    let over = set.iter().find(|set| set.starts_with("understudy_oidc=;"));
    assert!(over.unwrap().contains("Max-Age=0"), "{set:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let ada = session(&app, &answer).await;
    let me = ada.get(ME).await.expect(200).json();
    assert_eq!(
        (
            &me["username"],
            &me["display_name"],
            &me["role"],
            &me["sign_in"]
        ),
        (
            &json!("ada"),
            &json!("Ada Lovelace"),
            &json!("operator"),
            &json!("oidc")
        )
    );
    ada.get("/api/v1/model-instances").await.expect(200);

    // The same way a second time, and the same way back once more.
    let replayed = begun.comes_back(&query).await;
    assert_eq!(outcome(&replayed).0, "attempt_over");
    let again = Begun::at(&app).await;
    let back = provider.authorize(&again.location, "ada-1").await;
    let query = Url::parse(&back).unwrap().query().unwrap().to_owned();
    let ada = session(&app, &again.comes_back(&query).await).await;
    assert_eq!(ada.get(ME).await.json()["id"], me["id"]);

    let hours = "SELECT extract(epoch FROM max(s.expires_at - s.created_at))::float8 / 3600 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.username = 'ada'";
    let database = app.database().connect().await;
    let hours: f64 = database.query_one(hours, &[]).await.unwrap().get(0);
    assert!((hours - 12.0).abs() < 0.01, "{hours}");
    let told = [
        app.log(),
        app.transcript(),
        app.database().everything().await,
    ]
    .concat();
    assert!(!told.contains(CLIENT_SECRET), "the secret is told");
}

#[tokio::test]
async fn secret_of_pkce_and_of_the_client_reach_the_provider_alone() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let begun = Begun::at(&app).await;
    provider.says(begun.claims("1", json!({})));
    session(&app, &begun.returns().await).await;
    let asked = provider.token_questions().remove(0);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&asked["code_verifier"]));
    assert_eq!(challenge, begun.query["code_challenge"]);
    assert_eq!(asked["grant_type"], "authorization_code");
    assert_eq!(asked["code"], "a-code");
    assert_eq!(asked["redirect_uri"], begun.query["redirect_uri"]);
    assert!(asked["authorization"].starts_with("Basic "), "{asked:?}");
    assert!(!begun.location.contains(&asked["code_verifier"]));
    let told = [
        app.log(),
        app.transcript(),
        app.database().everything().await,
    ]
    .concat();
    assert!(!told.contains(&asked["code_verifier"]), "it is told");

    // The role was in the token, so nothing else is asked; without it the provider is.
    assert_eq!(provider.questions("/userinfo").len(), 0);
    let begun = Begun::at(&app).await;
    provider.says(begun.claims("1", json!({"groups": null})));
    provider.says_of_the_person(json!({"sub": "1", "groups": ["admins"]}));
    let admin = session(&app, &begun.returns().await).await;
    assert_eq!(admin.get(ME).await.json()["role"], "admin");
    let begun = Begun::at(&app).await;
    provider.says(begun.claims("2", json!({"groups": null})));
    assert_eq!(
        outcome(&begun.returns().await).0,
        "provider_unavailable",
        "of another person"
    );

    // A client without a secret has its name in the form.
    let app = with_provider(&provider.issuer())
        .without_env("UNDERSTUDY_OIDC_CLIENT_SECRET")
        .start()
        .await;
    session(&app, &lets_in(&app, &provider, "1", json!({})).await).await;
    let asked = provider.token_questions().pop().unwrap();
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert!(!asked.contains_key("authorization"), "{asked:?}");

    // A provider that takes the secret in the form alone gets it there.
    let provider = ScriptedProvider::start().await;
    provider
        .describes_itself(json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}));
    let app = with_provider(&provider.issuer()).start().await;
    session(&app, &lets_in(&app, &provider, "1", json!({})).await).await;
    assert_eq!(
        provider.token_questions()[0]["client_secret"],
        CLIENT_SECRET
    );
}

#[tokio::test]
async fn only_pages_of_this_site_are_come_back_to_and_only_from_here() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer())
        .env("UNDERSTUDY_TRUSTED_PROXIES", "127.0.0.1")
        .start()
        .await;
    for return_to in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "models",
        "",
        "/\t/x",
    ] {
        let refused = start(&app, return_to).await;
        refused.faults(
            422,
            "validation_failed",
            &[("/return_to", "validation_failed")],
        );
    }
    start(&app, &format!("/{}", "x".repeat(1000)))
        .await
        .expect(422);
    let call = |origin: Option<&str>| {
        let call = app.anonymous().post(START, &json!({}));
        match origin {
            Some(origin) => call.header("origin", origin),
            None => call,
        }
    };
    call(None).await.problem(403, "forbidden");
    call(Some("https://evil.example"))
        .await
        .problem(403, "forbidden");
    // Over TLS the cookie is for TLS alone.
    let secure = call(Some("https://understudy.example"))
        .header("host", "understudy.example")
        .header("x-forwarded-proto", "https")
        .await
        .expect(200);
    let set = secure.header("set-cookie").unwrap();
    for part in [
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "Path=/api/v1/auth/oidc",
        "Max-Age=600",
    ] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(set.len() < 4000, "{set}");
}

#[tokio::test]
async fn service_that_names_its_own_address_is_signed_in_to_there_alone() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer())
        .env("UNDERSTUDY_PUBLIC_URL", "https://understudy.example")
        .start()
        .await;
    let refused = start(&app, "/models").await.problem(403, "forbidden");
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("https://understudy.example")
    );
    let right = app
        .anonymous()
        .post(START, &json!({}))
        .header("host", "understudy.example")
        .header("origin", "https://understudy.example")
        .await
        .expect(200)
        .json();
    let redirect =
        "redirect_uri=https%3A%2F%2Funderstudy.example%2Fapi%2Fv1%2Fauth%2Foidc%2Fcallback";
    assert!(
        right["location"].as_str().unwrap().contains(redirect),
        "{right}"
    );
}

#[tokio::test]
async fn without_a_provider_there_is_none() {
    let app = App::start().await;
    let methods = app.anonymous().get(METHODS).await.expect(200).json();
    assert_eq!(methods, json!({"local": true, "oidc": null}));
    start(&app, "/models").await.problem(404, "not_found");
    app.anonymous()
        .get(CALLBACK)
        .await
        .problem(404, "not_found");
}
