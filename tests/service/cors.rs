//! Pages of other origins in a browser: they get nothing, unless the operator of the service names them.

use serde_json::json;

use crate::gateway::{CHAT, GROUP, chat};
use crate::support::App;
use crate::support::client::{Answer, Call, Client};
use crate::support::upstream::Upstream;

const GROUPS: &str = "/api/v1/model-groups";
const PAGE: &str = "https://chat.example";
const STRANGER: &str = "https://evil.example";

fn from(call: Call, origin: &str) -> Call {
    call.header("origin", origin)
}

async fn preflight(client: &Client, path: &str, origin: &str) -> Answer {
    let call = from(client.call("OPTIONS", path), origin);
    call.header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .await
}

#[track_caller]
fn assert_closed(answer: &Answer) {
    let told = answer
        .headers
        .keys()
        .find(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(told, None, "{answer:?}");
}

#[tokio::test]
async fn without_a_setting_no_page_of_another_origin_gets_anything() {
    let app = App::start().await;
    let (admin, gateway) = (app.admin().await, app.gateway().await);
    for origin in [PAGE, STRANGER, "null", "http://127.0.0.1"] {
        assert_closed(&from(admin.get(GROUPS), origin).await.expect(200));
        assert_closed(&from(gateway.get("/v1/models"), origin).await.expect(200));
        for path in [GROUPS, CHAT, "/api/v1/auth/login"] {
            let refused = preflight(&app.anonymous(), path, origin).await;
            assert_closed(&refused.expect(405));
        }
    }
}

#[tokio::test]
async fn page_of_a_named_origin_may_call_both_surfaces_without_the_cookie() {
    let setting = format!("{PAGE}, http://localhost:5173");
    let builder = App::builder().env("UNDERSTUDY_CORS_ORIGINS", &setting);
    let app = builder.start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    app.group(GROUP, [&instance]).await;
    let (admin, gateway) = (app.admin().await, app.gateway().await);
    let anonymous = app.anonymous();
    for path in [GROUPS, CHAT] {
        let asked = preflight(&anonymous, path, PAGE).await.expect(204);
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-methods", "GET, POST, PATCH, DELETE"),
            ("vary", "origin"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(asked.header(name), Some(value), "{name} of {asked:?}");
        }
        let headers = asked.header("access-control-allow-headers").unwrap();
        assert!(headers.contains("authorization") && headers.contains("content-type"));
        assert_eq!(asked.header("access-control-allow-credentials"), None);
        assert_closed(&preflight(&anonymous, path, STRANGER).await.expect(405));
    }
    let answers = [
        from(admin.get(GROUPS), PAGE).await.expect(200),
        from(gateway.post(CHAT, &chat(GROUP)), PAGE)
            .await
            .expect(200),
        // Failures, too: a page has to know why.
        from(anonymous.get(GROUPS), PAGE).await.expect(401),
        from(gateway.post(CHAT, &json!({})), PAGE).await.expect(400),
        from(admin.get("/api/v1/nonsense"), PAGE).await.expect(404),
    ];
    for answer in answers {
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, Some(PAGE), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let exposed = answer.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("retry-after") && exposed.contains("x-understudy-instance"));
    }
    assert_closed(&from(admin.get(GROUPS), STRANGER).await.expect(200));
    assert_closed(&admin.get(GROUPS).await.expect(200));
    assert_closed(&from(anonymous.get("/healthz/live"), PAGE).await.expect(200));
    // The cookie is for this very site, whoever else may call.
    let refresh = from(anonymous.call("POST", "/api/v1/auth/refresh"), PAGE);
    let refresh = refresh.header("cookie", "understudy_refresh=x").await;
    refresh.problem(403, "forbidden");
}
