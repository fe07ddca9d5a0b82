//! Which way checks go that are made by themselves: that of requests, and no other.

use rustix::process::Signal;
use serde_json::json;

use super::checks::{asked, every_second, shown};
use crate::support::App;
use crate::support::upstream::Upstream;
use crate::support::wait::SOON;

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
