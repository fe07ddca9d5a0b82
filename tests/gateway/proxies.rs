//! An instance's proxy is never gone round.

use serde_json::json;

use super::{CHAT, GROUP, assert_answered, chat};
use crate::support::App;
use crate::support::tls::TlsFront;
use crate::support::tunnel::Tunnel;
use crate::support::upstream::{Reply, Upstream};

#[tokio::test]
async fn requests_go_through_the_proxy_and_nowhere_else() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let proxy = Upstream::start("proxy");
    let fields = json!({"proxies": [{
        "url": format!("http://127.0.0.1:{}", proxy.port()),
        "username": "us", "password": "proxy-password",
    }]});
    let instance = app.instance_with("proxy", backend.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_answered(&answer, "proxy", 1);
    let request = proxy.request();
    assert_eq!(
        request.target,
        format!("http://127.0.0.1:{}{CHAT}", backend.port())
    );
    let credential = request
        .header("proxy-authorization")
        .expect("the proxy's credential");
    assert_eq!(credential, "Basic dXM6cHJveHktcGFzc3dvcmQ=");
    assert!(backend.all_requests().is_empty());
}

#[tokio::test]
async fn second_instance_answers_when_firsts_proxy_is_down_and_first_is_not_reached_directly() {
    let app = App::start().await;
    let first = Upstream::start("first");
    let second = Upstream::start("second");
    let dead = Upstream::refusing("proxy");
    let proxies = json!({"proxies": [{"url": format!("http://127.0.0.1:{}", dead.port())}]});
    let through = app.instance_with("first", first.port(), proxies).await;
    let direct = app.instance("second", &second).await;
    app.group(GROUP, [&through, &direct]).await;
    app.group("alone", [&through]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    caller
        .post(CHAT, &chat("alone"))
        .await
        .gateway_error(502, "all_instances_failed");
    assert_eq!(first.connections(), 0, "never gone round");
}

#[tokio::test]
async fn second_instance_answers_when_firsts_proxy_refuses_its_credential() {
    let app = App::start().await;
    let first = Upstream::start("first");
    let second = Upstream::start("second");
    let proxy = Upstream::start("proxy");
    proxy.always(Reply::failure(407).header("proxy-authenticate", "Basic"));
    let proxies = json!({"proxies": [{"url": format!("http://127.0.0.1:{}", proxy.port())}]});
    let through = app.instance_with("first", first.port(), proxies).await;
    let direct = app.instance("second", &second).await;
    app.group(GROUP, [&through, &direct]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    assert_eq!(first.connections(), 0, "never gone round");
}

#[tokio::test]
async fn environment_proxies_are_ignored() {
    let proxy = Upstream::start("proxy");
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let app = App::builder()
        .env("http_proxy", &address)
        .env("HTTP_PROXY", &address)
        .env("ALL_PROXY", &address)
        .start()
        .await;
    let backend = Upstream::start("backend");
    let instance = app.instance("backend", &backend).await;
    app.group(GROUP, [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_answered(&answer, "backend", 1);
    assert_eq!(proxy.connections(), 0);
    let failed = Upstream::refusing("failed");
    let instance = app.instance("failed", &failed).await;
    app.group("failed", [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat("failed")).await;
    answer.gateway_error(502, "all_instances_failed");
    assert_eq!(proxy.connections(), 0);
}

/// A name that only the proxy of the test can resolve.
const HIDDEN: &str = "backend.invalid";

#[tokio::test]
async fn tls_goes_through_an_http_proxy_in_a_tunnel() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let front = TlsFront::start(&backend, "127.0.0.1");
    let tunnel = Tunnel::start(HIDDEN, front.port());
    let fields = json!({
        "endpoint": {"scheme": "https"},
        "tls": {"ca_pem": front.ca_pem()},
        "proxies": [{
            "url": format!("http://127.0.0.1:{}", tunnel.port()),
            "username": "us", "password": "proxy-password",
        }],
    });
    let instance = app.instance_with("backend", front.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_answered(&answer, "backend", 1);
    let asked = format!("Basic dXM6cHJveHktcGFzc3dvcmQ=@127.0.0.1:{}", front.port());
    assert_eq!(tunnel.asked(), [asked]);
    let head = backend.request().head;
    assert!(
        !head.to_ascii_lowercase().contains("proxy-authorization"),
        "{head}"
    );
}

#[tokio::test]
async fn socks_proxy_resolves_the_name_itself_if_its_scheme_says_so() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let tunnel = Tunnel::start(HIDDEN, backend.port());
    let proxy = |scheme: &str| {
        json!({
            "endpoint": {"host": HIDDEN},
            "proxies": [{
                "url": format!("{scheme}://127.0.0.1:{}", tunnel.port()),
                "username": "us", "password": "proxy-password",
            }],
        })
    };
    let remote = app.instance_with("backend", 8000, proxy("socks5h")).await;
    let local = app.instance_with("local", 8000, proxy("socks5")).await;
    app.group(GROUP, [&remote]).await;
    app.group("resolved-here", [&local]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "backend", 1);
    assert_eq!(tunnel.asked(), [format!("us:proxy-password@{HIDDEN}:8000")]);
    let answer = caller.post(CHAT, &chat("resolved-here")).await;
    answer.gateway_error(502, "all_instances_failed");
    assert_eq!(
        tunnel.asked().len(),
        1,
        "a name that does not resolve here is not asked of the proxy"
    );
}

#[tokio::test]
async fn socks_proxy_gets_the_address_of_a_name_that_is_resolved_here() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let tunnel = Tunnel::start(HIDDEN, 1);
    let proxies = json!({"proxies": [{"url": format!("socks5://127.0.0.1:{}", tunnel.port())}]});
    let instance = app.instance_with("backend", backend.port(), proxies).await;
    app.group(GROUP, [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_answered(&answer, "backend", 1);
    assert_eq!(tunnel.asked(), [format!("@127.0.0.1:{}", backend.port())]);
}
