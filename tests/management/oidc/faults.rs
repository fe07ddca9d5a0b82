//! What can be wrong on the way: none of it opens a session, each has its reason.

use serde_json::{Value, json};

use super::super::AUDIT_LOG;
use super::{Begun, CALLBACK, START, cookies, lets_in, outcome, session, start, with_provider};
use crate::support::App;
use crate::support::identity::{CLIENT_SECRET, ScriptedProvider};
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};

/// Nobody was signed in, for this reason, and the attempt is over.
#[track_caller]
fn refused(answer: &crate::support::client::Answer, fault: &str, why: &str) {
    assert_eq!(outcome(answer).0, fault, "{why}: {answer:?}");
    let set = cookies(answer);
    assert_eq!(set.len(), 1, "{why}: {set:?}");
    assert!(set[0].starts_with("understudy_oidc=;"), "{why}: {set:?}");
}

/// The records of failed sign-ins, the latest first.
async fn failures(app: &App) -> Vec<Value> {
    let path = format!("{AUDIT_LOG}?action=session.sign_in_failed");
    let list = app.admin().await.get(&path).await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn token_that_is_not_the_providers_for_us_and_now_is_not_believed() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let now = chrono::Utc::now().timestamp();
    for (why, claims) in [
        ("another issuer", json!({"iss": "https://evil.example"})),
        ("another client", json!({"aud": "somebody-else"})),
        (
            "another client, too",
            json!({"aud": ["understudy-tests", "somebody-else"]}),
        ),
        ("given to another client", json!({"azp": "somebody-else"})),
        ("of another attempt", json!({"nonce": "another"})),
        ("of no attempt", json!({"nonce": null})),
        ("over", json!({"exp": now - 1, "iat": now - 60})),
        ("without an end", json!({"exp": null})),
        ("of nobody", json!({"sub": null})),
    ] {
        let answer = lets_in(&app, &provider, "1", claims).await;
        let (fault, _) = outcome(&answer);
        // What is not even a token of OpenID Connect is no answer of a provider.
        let expected = match why {
            "without an end" | "of nobody" => "provider_unavailable",
            _ => "invalid_token",
        };
        refused(&answer, expected, why);
        assert!(!fault.is_empty());
    }
    provider.is_forged(true);
    refused(
        &lets_in(&app, &provider, "1", json!({})).await,
        "invalid_token",
        "forged",
    );
    provider.is_forged(false);
    let records = failures(&app).await;
    assert_eq!(
        records[0]["changes"]["reason"]["after"], "invalid_token",
        "{records:?}"
    );
    assert_eq!(records[0]["outcome"], "failure");
    assert_eq!(records[0]["actor"]["kind"], "anonymous");
    let users = app.admin().await.get("/api/v1/users").await.json();
    assert_eq!(users["total"], 1, "nobody was made: {users}");

    // A provider that exchanges its key is believed at once; nothing but its key has to be asked for again.
    session(&app, &lets_in(&app, &provider, "1", json!({})).await).await;
    provider.exchanges_its_key();
    session(&app, &lets_in(&app, &provider, "1", json!({})).await).await;
    assert_eq!(
        provider
            .questions("/.well-known/openid-configuration")
            .len(),
        1
    );
    assert!(!app.log().contains(CLIENT_SECRET));
}

#[tokio::test]
async fn only_the_browser_that_began_ends_it_and_only_once() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer()).start().await;
    let mut begun = Begun::at(&app).await;
    provider.says(begun.claims("1", json!({})));
    let state = begun.query["state"].clone();
    for (why, query) in [
        ("another state", "code=c&state=another".to_owned()),
        ("no state", "code=c".to_owned()),
        ("state twice", format!("code=c&state={state}&state={state}")),
        ("no code", format!("state={state}")),
        ("code twice", format!("code=c&code=d&state={state}")),
        ("nothing", String::new()),
        (
            "another provider",
            format!("code=c&state={state}&iss=https%3A%2F%2Fevil.example"),
        ),
    ] {
        refused(&begun.comes_back(&query).await, "attempt_over", why);
    }
    let path = format!("{CALLBACK}?code=c&state={state}");
    let stranger = app.anonymous().get(&path).await.expect(303);
    refused(&stranger, "attempt_over", "another browser");
    let right = begun.cookie.clone();
    begun.cookie = format!("{}AAAA", &right[..right.len() - 4]);
    refused(&begun.returns().await, "attempt_over", "changed");
    begun.cookie = right;
    assert_eq!(
        provider.token_questions().len(),
        0,
        "the provider was not asked for any of it"
    );
    assert_eq!(failures(&app).await.len(), 0, "strangers fill no log");

    session(&app, &begun.returns().await).await;
    // The provider would give another token for the same code; the attempt is over all the same.
    refused(&begun.returns().await, "attempt_over", "a second time");
    provider.refuses_tokens(400);
    let begun = Begun::at(&app).await;
    refused(
        &begun.returns().await,
        "attempt_over",
        "a code that was used",
    );

    // Somebody who changes their mind at the provider.
    let begun = Begun::at(&app).await;
    let state = &begun.query["state"];
    let query = format!("error=access_denied&state={state}");
    let denied = begun.comes_back(&query).await;
    refused(&denied, "refused_by_provider", "denied");
    assert_eq!(outcome(&denied).1.as_deref(), Some("/models"));
    let records = failures(&app).await;
    assert_eq!(records.len(), 3, "{records:?}");
    // Some providers leave the state out when they refuse; nobody else's is taken for it.
    let begun = Begun::at(&app).await;
    let without = begun.comes_back("error=access_denied").await;
    refused(&without, "refused_by_provider", "without a state");
    let others = begun.comes_back("error=access_denied&state=another").await;
    refused(&others, "attempt_over", "of another attempt");
    assert_eq!(failures(&app).await.len(), 3);
}

#[tokio::test]
async fn provider_that_is_down_or_lies_about_itself_is_said_to_be_unavailable() {
    let mut provider = ScriptedProvider::start().await;
    let issuer = provider.issuer();
    provider.describes_itself(json!({"issuer": "https://evil.example"}));
    let app = with_provider(&issuer).start().await;
    let unavailable = async || {
        let answer = start(&app, "/models").await;
        answer.problem(503, "identity_provider_unavailable");
        assert!(answer.header("set-cookie").is_none());
        answer
    };
    unavailable().await;
    // It is left alone for two seconds.
    let recovers = async || {
        crate::support::wait::until(
            crate::support::wait::SOON,
            "it is asked again",
            async || {
                let answer = start(&app, "/models").await;
                (answer.status == 200).then_some(())
            },
        )
        .await
    };
    provider.describes_itself(json!({"issuer": issuer}));
    recovers().await;
    let begun = Begun::at(&app).await;
    provider.says(begun.claims("1", json!({})));
    provider.goes_down().await;
    let answer = begun.returns().await;
    refused(&answer, "provider_unavailable", "down");
    app.sign_in(ADMIN_USERNAME, ADMIN_PASSWORD).await;

    // Neither is one whose keys would travel in the clear, or that lies where nothing may be asked.
    for document in [
        json!({"jwks_uri": "http://id.example/keys"}),
        json!({"token_endpoint": "http://10.0.0.1/token"}),
        json!({"jwks_uri": "https://169.254.169.254/keys"}),
    ] {
        let provider = ScriptedProvider::start().await;
        provider.describes_itself(document);
        let app = with_provider(&provider.issuer()).start().await;
        start(&app, "/models")
            .await
            .problem(503, "identity_provider_unavailable");
    }
}

#[tokio::test]
async fn failures_from_one_address_are_limited() {
    let provider = ScriptedProvider::start().await;
    let app = with_provider(&provider.issuer())
        .env("UNDERSTUDY_TRUSTED_PROXIES", "127.0.0.1")
        .start()
        .await;
    let origin = format!("http://{}", app.address());
    let fail = async |address: &str| {
        let begun = Begun::at(&app).await;
        let path = format!(
            "{CALLBACK}?error=access_denied&state={}",
            begun.query["state"]
        );
        let call = app.anonymous().get(&path).header("cookie", &begun.cookie);
        outcome(&call.header("x-forwarded-for", address).await.expect(303)).0
    };
    for _ in 0..100 {
        assert_eq!(fail("192.0.2.1").await, "refused_by_provider");
    }
    assert_eq!(fail("192.0.2.1").await, "rate_limited");
    assert_eq!(fail("192.0.2.2").await, "refused_by_provider");
    let call = app.anonymous().post(START, &json!({}));
    call.header("origin", &origin).await.expect(200);
}
