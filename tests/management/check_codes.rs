//! What a check finds has codes, so that a screen can say it in any language.

use serde_json::{Value, json};

use crate::support::App;
use crate::support::tls::TlsFront;
use crate::support::upstream::{Reply, Upstream};

/// The code of each step.
fn codes(result: &Value) -> Vec<String> {
    let steps = result["steps"].as_array().unwrap().iter();
    steps
        .map(|step| step["code"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn steps_of_a_check_have_codes() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut upstream = Upstream::start("a");
    let made = app.instance("a", &upstream).await;
    let path = format!("{}/check", made.path);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["code"], "ok", "{result}");
    let passed = [
        "ok",
        "ok",
        "not_applicable",
        "no_token_needed",
        "models_listed",
        "ok",
    ];
    assert_eq!(codes(&result), passed);
    assert_eq!(result["steps"][0]["params"]["found"], "127.0.0.1");
    assert_eq!(
        result["steps"][1]["params"]["found"],
        upstream.port().to_string()
    );
    assert_eq!(result["steps"][4]["params"]["count"], 1);

    let missing = json!({"model": "another"});
    admin.patch(&made.path, &missing).await.expect(200);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["code"], "model_missing", "{result}");
    assert_eq!(result["params"], json!({"model": "another"}));

    for (status, code) in [(401, "token_required"), (500, "http_status")] {
        upstream.models(Reply::failure(status));
        let result = admin.call("POST", &path).await.expect(200).json();
        assert_eq!(result["code"], code, "{result}");
        assert_eq!(result["params"], json!({"status": status}));
        assert_eq!(codes(&result).last().unwrap(), "not_reached");
    }

    upstream.kill().await;
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["code"], "connect_refused", "{result}");
    let closed = [
        "ok",
        "connect_refused",
        "not_reached",
        "not_reached",
        "not_reached",
        "not_reached",
    ];
    assert_eq!(codes(&result), closed);

    let elsewhere = json!({"endpoint": {"host": "no-such-host.invalid"}});
    admin.patch(&made.path, &elsewhere).await.expect(200);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["code"], "name_unknown", "{result}");
}

#[tokio::test]
async fn checks_tell_tokens_certificates_and_proxies_apart() {
    let app = App::start().await;
    let admin = app.admin().await;
    let upstream = Upstream::start("a");
    let made = app.instance("a", &upstream).await;
    let path = format!("{}/check", made.path);
    for (models, code, ok) in [(404, "unverified", true), (403, "token_refused", false)] {
        upstream.models(Reply::failure(models));
        let token = json!({"auth": {"type": "bearer"}, "tokens": [{"value": "t"}]});
        admin.patch(&made.path, &token).await.expect(200);
        let result = admin.call("POST", &path).await.expect(200).json();
        assert_eq!(
            (&result["code"], &result["ok"]),
            (&json!(code), &json!(ok)),
            "{result}"
        );
    }
    let plain = json!({
        "endpoint": {"scheme": "https"}, "tokens": [], "timeouts": {"connect_ms": 300},
    });
    admin.patch(&made.path, &plain).await.expect(200);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(
        result["code"], "timeout",
        "it says nothing to a handshake: {result}"
    );
    let silent = [
        "ok",
        "ok",
        "timeout",
        "not_reached",
        "not_reached",
        "not_reached",
    ];
    assert_eq!(codes(&result), silent);
    let front = TlsFront::start(&upstream, "127.0.0.1");
    let unknown = json!({"endpoint": {"port": front.port()}, "timeouts": null});
    admin.patch(&made.path, &unknown).await.expect(200);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(
        result["code"], "tls_failed",
        "nobody vouches for it: {result}"
    );
    let steps = codes(&result);
    assert_eq!(
        steps,
        [
            "ok",
            "ok",
            "tls_failed",
            "not_reached",
            "not_reached",
            "not_reached"
        ]
    );
    let closed = Upstream::refusing("proxy");
    let proxy = format!("http://127.0.0.1:{}", closed.port());
    let proxied = json!({"endpoint": {"scheme": "http"}, "proxies": [{"url": proxy}]});
    admin.patch(&made.path, &proxied).await.expect(200);
    let result = admin.call("POST", &path).await.expect(200).json();
    assert_eq!(result["code"], "proxy_failed", "{result}");
    admin
        .patch(&made.path, &json!({"proxies": []}))
        .await
        .expect(200);
}
