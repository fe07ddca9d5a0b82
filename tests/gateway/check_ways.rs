//! Which way checks go that are made by themselves: that of requests, and no other.

use rustix::process::Signal;
use serde_json::json;

use super::checks::{asked, every_second, shown};
use crate::support::App;
use crate::support::tls::TlsFront;
use crate::support::tunnel::Tunnel;
use crate::support::upstream::{Reply, Upstream};
use crate::support::wait::SOON;

/// A name that only the proxy of the test can resolve.
const HIDDEN: &str = "backend.invalid";
/// What is asked over TLS or a proxy, and what follows from the answer.
const MODES: [(&str, &str, &str); 2] = [
    ("models", "GET /v1/models", "check_passed"),
    ("tcp", "HEAD /", "unverified"),
];

#[tokio::test]
async fn checks_over_tls_trust_whom_the_instance_trusts() {
    let app = App::start().await;
    for (mode, line, code) in MODES {
        let upstream = Upstream::start(mode);
        let front = TlsFront::start(&upstream, "127.0.0.1");
        let mut fields = every_second(mode);
        fields["endpoint"] = json!({"scheme": "https"});
        let name = format!("{mode}, trusted by nobody");
        let stranger = app.instance_with(&name, front.port(), fields.clone()).await;
        let down = shown(&app, &stranger, "down", "down").await;
        let error = down["last_error"].as_str().unwrap_or_default();
        assert!(error.contains("certificate"), "{down}");
        assert!(
            upstream.all_requests().is_empty(),
            "no byte of the question went out"
        );
        fields["tls"] = json!({"ca_pem": front.ca_pem()});
        let instance = app.instance_with(mode, front.port(), fields).await;
        shown(&app, &instance, "up", code).await;
        assert_eq!(asked(&upstream)[0], line);
    }
}

#[tokio::test]
async fn checks_go_through_the_tunnels_of_the_instance_and_never_around_them() {
    let app = App::start().await;
    for (scheme, host, tls) in [
        ("http", HIDDEN, true),
        ("socks5h", HIDDEN, true),
        ("socks5h", HIDDEN, false),
        ("socks5", "127.0.0.1", false),
    ] {
        for (mode, line, code) in MODES {
            let upstream = Upstream::start("a");
            let dead = Upstream::refusing("dead");
            let front = TlsFront::start(&upstream, host);
            let port = match tls {
                true => front.port(),
                false => upstream.port(),
            };
            let tunnel = Tunnel::start(HIDDEN, port);
            let url = |port: u16| format!("{scheme}://127.0.0.1:{port}");
            let mut fields = every_second(mode);
            fields["endpoint"] = match tls {
                true => json!({"scheme": "https", "host": host}),
                false => json!({"host": host}),
            };
            fields["tls"] = json!({"ca_pem": front.ca_pem()});
            fields["proxies"] = json!([
                {"url": url(dead.port())},
                {"url": url(tunnel.port()), "username": "us", "password": "proxy-password"},
            ]);
            let name = format!("{mode} by {scheme}, TLS {tls}");
            let instance = app.instance_with(&name, port, fields).await;
            shown(&app, &instance, "up", code).await;
            let credential = match scheme {
                "http" => "Basic dXM6cHJveHktcGFzc3dvcmQ=",
                _ => "us:proxy-password",
            };
            let asked_for = tunnel.asked();
            assert_eq!(
                asked_for[0],
                format!("{credential}@{host}:{port}"),
                "{name}"
            );
            assert_eq!(asked(&upstream)[0], line, "{name}");
            assert!(
                upstream.connections() <= asked_for.len(),
                "{name}: gone round"
            );
            let head = upstream.all_requests()[0].head.to_ascii_lowercase();
            assert!(!head.contains("proxy-auth"), "{head}");
            let admin = app.admin().await;
            let proxies = admin.get(&instance.path).await.json()["proxies"].clone();
            assert_eq!(
                (&proxies[0]["state"], &proxies[1]["state"]),
                (&json!("down"), &json!("up")),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn proxy_that_speaks_for_a_backend_which_it_does_not_reach_does_not_make_it_reachable() {
    let app = App::start().await;
    let (upstream, proxy) = (Upstream::start("a"), Upstream::start("proxy"));
    proxy.always(Reply::failure(502));
    let mut fields = every_second("tcp");
    fields["proxies"] = json!([{"url": format!("http://127.0.0.1:{}", proxy.port())}]);
    let instance = app.instance_with("a", upstream.port(), fields).await;
    let status = shown(&app, &instance, "down", "down").await;
    assert_eq!(status["last_error"], "it answered its check with HTTP 502");
    proxy.always(Reply::failure(404));
    shown(&app, &instance, "up", "unverified").await;
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn checks_go_through_the_proxies_of_the_instance_and_never_around_them() {
    let app = App::start().await;
    let (upstream, proxy) = (Upstream::start("a"), Upstream::start("proxy"));
    let mut fields = every_second("auto");
    fields["proxies"] = json!([{"url": format!("http://127.0.0.1:{}", proxy.port())}]);
    let instance = app.instance_with("a", upstream.port(), fields).await;
    shown(&app, &instance, "up", "check_passed").await;
    // The scripted proxy answers for the backend.
    let asked = asked(&proxy);
    let url = format!("GET http://127.0.0.1:{}/health", upstream.port());
    assert_eq!(asked[0], url);
    assert_eq!(upstream.connections(), 0);
    let admin = app.admin().await;
    let proxies = admin.get(&instance.path).await.json()["proxies"].clone();
    assert_eq!(proxies[0]["state"], "up", "{proxies}");
}

#[tokio::test]
async fn checks_keep_to_the_egress_policy() {
    let mut app = App::start().await;
    let upstream = Upstream::start("a");
    let mut made = Vec::new();
    for mode in ["auto", "tcp"] {
        let fields = every_second(mode);
        made.push(app.instance_with(mode, upstream.port(), fields).await);
    }
    shown(&app, &made[0], "up", "check_passed").await;
    shown(&app, &made[1], "up", "unverified").await;
    app.signal(Signal::KILL);
    app.exit_code(SOON).await;
    // Stored while it was allowed.
    let before = upstream.connections();
    let strict = App::builder()
        .env("DATABASE_URL", &app.database().url())
        .env("UNDERSTUDY_EGRESS_DENY", "127.0.0.0/8")
        .start()
        .await;
    for instance in &made {
        let status = shown(&strict, instance, "down", "down").await;
        let error = status["last_error"].as_str().unwrap_or_default();
        assert!(!error.is_empty(), "{status}");
    }
    assert_eq!(upstream.connections(), before);
}
