//! Signing in and out; refresh tokens that are used once.

use serde_json::json;

use super::{cookie, person};
use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME};
use crate::support::wait::{SOON, until};

const LOGIN: &str = "/api/v1/auth/login";
const REFRESH: &str = "/api/v1/auth/refresh";
const LOGOUT: &str = "/api/v1/auth/logout";
const ME: &str = "/api/v1/auth/me";

async fn login(app: &App) -> Answer {
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    app.anonymous().post(LOGIN, &body).await.expect(200)
}

async fn refresh(app: &App, cookie: &str) -> Answer {
    let origin = format!("http://{}", app.address());
    let call = app.anonymous().call("POST", REFRESH);
    call.header("cookie", cookie)
        .header("origin", &origin)
        .await
}

fn bearer(app: &App, session: &Answer) -> Client {
    app.anonymous()
        .with_bearer(session.json()["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn sign_in_gives_a_token_the_user_and_a_guarded_cookie() {
    let app = App::start().await;
    let body = json!({"username": ADMIN_USERNAME.to_uppercase(), "password": ADMIN_PASSWORD});
    let answer = app.anonymous().post(LOGIN, &body).await.expect(200);
    let session = answer.json();
    assert_eq!(session["user"]["username"], ADMIN_USERNAME);
    assert_eq!(session["user"]["role"], "admin");
    assert!(session["user"]["last_sign_in_at"].is_string(), "{answer:?}");
    assert!(session["expires_at"].is_string(), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let set = answer.header("set-cookie").unwrap();
    for part in [
        "understudy_refresh=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/api/v1/auth",
        "Max-Age=",
    ] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Secure"), "loopback in the clear: {set}");
    assert!(
        !answer
            .text()
            .contains(set.split(['=', ';']).nth(1).unwrap()),
        "the refresh token is in the cookie alone"
    );
    let me = bearer(&app, &answer).get(ME).await.expect(200);
    assert_eq!(me.json(), session["user"]);
}

#[tokio::test]
async fn cookie_is_secure_for_every_host_but_this_machine() {
    let app = App::start().await;
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    for (host, secure) in [
        ("understudy.example", true),
        ("10.0.0.5:8080", true),
        ("localhost:8080", false),
        ("[::1]:8080", false),
    ] {
        let answer = app
            .anonymous()
            .post(LOGIN, &body)
            .header("host", host)
            .await
            .expect(200);
        let set = answer.header("set-cookie").unwrap();
        assert_eq!(set.contains("; Secure"), secure, "{host}: {set}");
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_user_look_the_same() {
    let app = App::start().await;
    let tell = |answer: &Answer| {
        let mut problem = answer.problem(401, "unauthenticated");
        problem["request_id"] = json!(null);
        problem
    };
    let wrong = json!({"username": ADMIN_USERNAME, "password": "not the password"});
    let wrong = tell(&app.anonymous().post(LOGIN, &wrong).await);
    for username in ["nobody", "", "a\u{0}b", " admin", &"x".repeat(5000)] {
        let unknown = json!({"username": username, "password": ADMIN_PASSWORD});
        assert_eq!(
            tell(&app.anonymous().post(LOGIN, &unknown).await),
            wrong,
            "{username:?}"
        );
    }
}

#[tokio::test]
async fn disabled_user_is_out_at_once() {
    let app = App::start().await;
    let (name, user) = person(&app, "user").await;
    user.get(ME).await.expect(200);
    let database = app.database().connect().await;
    database
        .execute(
            "UPDATE users SET enabled = false WHERE username = $1",
            &[&name],
        )
        .await
        .unwrap();
    user.get(ME).await.problem(401, "unauthenticated");
    let body = json!({"username": name, "password": ADMIN_PASSWORD});
    app.anonymous()
        .post(LOGIN, &body)
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn refresh_gives_the_next_cookie_and_a_working_token() {
    let app = App::start().await;
    let mut session = login(&app).await;
    for _ in 0..3 {
        let next = refresh(&app, &cookie(&session)).await.expect(200);
        assert_ne!(cookie(&next), cookie(&session));
        bearer(&app, &next).get(ME).await.expect(200);
        session = next;
    }
}

#[tokio::test]
async fn second_use_of_a_refresh_token_ends_the_session_for_both() {
    let app = App::start().await;
    let other = login(&app).await;
    let first = login(&app).await;
    let second = refresh(&app, &cookie(&first)).await.expect(200);
    refresh(&app, &cookie(&first))
        .await
        .problem(401, "unauthenticated");
    refresh(&app, &cookie(&second))
        .await
        .problem(401, "unauthenticated");
    bearer(&app, &second)
        .get(ME)
        .await
        .problem(401, "unauthenticated");
    bearer(&app, &other).get(ME).await.expect(200);
}

#[tokio::test]
async fn two_tabs_that_refresh_at_the_same_moment_keep_their_session() {
    let app = App::start().await;
    let session = login(&app).await;
    let held = app.database().connect().await;
    held.batch_execute("BEGIN; SELECT 1 FROM refresh_tokens FOR UPDATE")
        .await
        .unwrap();
    let (app, cookie) = (&app, &cookie(&session));
    let release = async {
        let look = app.database().connect().await;
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until(SOON, "both wait", async || {
            let count: i64 = look.query_one(waiting, &[]).await.unwrap().get(0);
            (count == 2).then_some(())
        })
        .await;
        held.batch_execute("COMMIT").await.unwrap();
    };
    let (one, two, ()) = tokio::join!(refresh(app, cookie), refresh(app, cookie), release);
    let (renewed, late) = if one.status == 200 {
        (one, two)
    } else {
        (two, one)
    };
    late.problem(409, "conflict");
    assert!(late.header("set-cookie").is_none(), "{late:?}");
    refresh(app, &super::cookie(&renewed.expect(200)))
        .await
        .expect(200);
}

#[tokio::test]
async fn cookie_requests_need_an_origin_of_this_site() {
    let app = App::start().await;
    let session = login(&app).await;
    let cookie = cookie(&session);
    for path in [REFRESH, LOGOUT] {
        let call = || app.anonymous().call("POST", path).header("cookie", &cookie);
        call().await.problem(403, "forbidden");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1", ""] {
            call()
                .header("origin", origin)
                .await
                .problem(403, "forbidden");
        }
    }
    refresh(&app, &cookie).await.expect(200);
}

#[tokio::test]
async fn refresh_without_or_with_an_unknown_cookie_is_401() {
    let app = App::start().await;
    app.anonymous()
        .call("POST", REFRESH)
        .await
        .problem(401, "unauthenticated");
    refresh(&app, "understudy_refresh=bm9uc2Vuc2U")
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn sign_out_ends_the_session_at_once() {
    let app = App::start().await;
    let by_cookie = login(&app).await;
    let origin = format!("http://{}", app.address());
    let out = || {
        app.anonymous()
            .call("POST", LOGOUT)
            .header("cookie", &cookie(&by_cookie))
            .header("origin", &origin)
    };
    let answer = out().await.expect(204);
    assert!(
        answer.header("set-cookie").unwrap().contains("Max-Age=0"),
        "{answer:?}"
    );
    bearer(&app, &by_cookie)
        .get(ME)
        .await
        .problem(401, "unauthenticated");
    refresh(&app, &cookie(&by_cookie))
        .await
        .problem(401, "unauthenticated");
    out().await.expect(204);

    let by_token = login(&app).await;
    bearer(&app, &by_token)
        .call("POST", LOGOUT)
        .await
        .expect(204);
    bearer(&app, &by_token)
        .get(ME)
        .await
        .problem(401, "unauthenticated");
    app.anonymous()
        .call("POST", LOGOUT)
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn sessions_end_after_thirty_days_however_often_they_are_renewed() {
    let app = App::start().await;
    let session = refresh(&app, &cookie(&login(&app).await)).await.expect(200);
    let database = app.database().connect().await;
    let days = "SELECT extract(epoch FROM expires_at - created_at)::float8 / 86400 FROM sessions";
    let days: f64 = database.query_one(days, &[]).await.unwrap().get(0);
    assert!((days - 30.0).abs() < 0.01, "{days}");
    database
        .execute("UPDATE sessions SET expires_at = now()", &[])
        .await
        .unwrap();
    bearer(&app, &session)
        .get(ME)
        .await
        .problem(401, "unauthenticated");
    refresh(&app, &cookie(&session))
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn credentials_that_are_none_are_401() {
    let app = App::start().await;
    let right = bearer(&app, &login(&app).await).bearer().to_owned();
    for header in [
        "",
        "Bearer",
        "Bearer x",
        &format!("Basic {right}"),
        &right,
        &format!("Bearer {right}x"),
        "Bearer us-nonsense",
    ] {
        let answer = app
            .anonymous()
            .get(ME)
            .header("authorization", header)
            .await;
        answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").is_some(), "{answer:?}");
    }
    app.anonymous()
        .get(ME)
        .header("authorization", &format!("bEARER {right}"))
        .await
        .expect(200);
}
