//! Pools of tokens and lists of proxies: the next of the same instance comes before the next instance.

use serde_json::{Value, json};

use super::{CHAT, GROUP, assert_answered, assert_failed, chat, streamed_chat};
use crate::support::App;
use crate::support::app::Made;
use crate::support::tls::TlsFront;
use crate::support::tunnel::Tunnel;
use crate::support::upstream::{Blackhole, Recorded, Reply, Upstream};

struct Pool {
    app: App,
    upstream: Upstream,
    instance: Made,
    second: Upstream,
}

impl Pool {
    /// An instance with two tokens, and a second one.
    async fn start() -> Self {
        let app = App::start().await;
        let (upstream, second) = (Upstream::start("pool"), Upstream::start("second"));
        let fields = json!({
            "auth": {"type": "bearer"},
            "tokens": [{"label": "a", "value": "token-a"}, {"label": "b", "value": "token-b"}],
        });
        let instance = app.instance_with("pool", upstream.port(), fields).await;
        let other = app.instance("second", &second).await;
        app.group(GROUP, [&instance, &other]).await;
        Self {
            app,
            upstream,
            instance,
            second,
        }
    }

    async fn field(&self, pointer: &str) -> Value {
        let shown = self.app.admin().await.get(&self.instance.path).await;
        shown.expect(200).json().pointer(pointer).unwrap().clone()
    }

    async fn token_states(&self) -> [Value; 2] {
        [
            self.field("/tokens/0/state").await,
            self.field("/tokens/1/state").await,
        ]
    }

    /// The tokens that were used, in order.
    fn used(&self) -> Vec<String> {
        let requests = self.upstream.requests();
        let token = |request: &Recorded| request.header("authorization").unwrap().to_owned();
        requests.iter().map(token).collect()
    }
}

#[tokio::test]
async fn next_token_of_the_pool_answers_when_one_is_refused() {
    let pool = Pool::start().await;
    let caller = pool.app.gateway().await;
    assert_eq!(pool.token_states().await, ["unknown", "unknown"]);
    pool.upstream.next(Reply::failure(401));
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "pool", 1);
    assert_eq!(pool.used(), ["Bearer token-a", "Bearer token-b"]);
    assert_eq!(pool.token_states().await, ["invalid", "ok"]);
    assert_eq!(pool.field("/status/state").await, "up");
    assert_answered(&caller.post(CHAT, &streamed_chat(GROUP)).await, "pool", 1);
    assert_eq!(pool.used()[2..], ["Bearer token-b"]);
}

#[tokio::test]
async fn next_token_of_the_pool_answers_when_the_quota_of_one_is_used_up() {
    let pool = Pool::start().await;
    let caller = pool.app.gateway().await;
    let quota = Reply::error(429, "insufficient_quota", "insufficient_quota", "no money");
    pool.upstream.next(quota);
    assert_answered(&caller.post(CHAT, &streamed_chat(GROUP)).await, "pool", 1);
    assert_eq!(pool.used(), ["Bearer token-a", "Bearer token-b"]);
    assert_eq!(pool.token_states().await, ["exhausted", "ok"]);

    pool.upstream.next(Reply::failure(402));
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    assert_eq!(pool.token_states().await, ["exhausted", "exhausted"]);
    assert_eq!(pool.field("/status/state").await, "cooling");
    assert!(pool.field("/status/retry_at").await.is_string());
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 1);
    assert_eq!(pool.used().len(), 3);
}

#[tokio::test]
async fn instance_that_refuses_every_token_is_auth_failed() {
    let pool = Pool::start().await;
    let caller = pool.app.gateway().await;
    pool.upstream.always(Reply::failure(401));
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    assert_eq!(pool.used(), ["Bearer token-a", "Bearer token-b"]);
    assert_eq!(pool.token_states().await, ["invalid", "invalid"]);
    assert_eq!(pool.field("/status/state").await, "auth_failed");
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 1);

    // A changed token is another chance.
    pool.upstream.recover();
    let admin = pool.app.admin().await;
    let tokens = json!({"tokens": [{"label": "c", "value": "token-c"}]});
    admin.patch(&pool.instance.path, &tokens).await.expect(200);
    pool.app.settled().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "pool", 1);
    assert_eq!(pool.used()[2..], ["Bearer token-c"]);
    assert!(pool.second.requests().len() >= 2);
}

#[tokio::test]
async fn next_proxy_is_used_when_one_is_down_and_the_backend_is_never_reached_directly() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let (dead, refusing, alive) = (
        Upstream::refusing("dead"),
        Upstream::start("refusing"),
        Upstream::start("backend"),
    );
    refusing.always(Reply::failure(407).header("proxy-authenticate", "Basic"));
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let fields = json!({"proxies": [
        {"url": url(dead.port())},
        {"url": url(refusing.port()), "username": "us", "password": "wrong"},
        {"url": url(alive.port()), "username": "us", "password": "proxy-password"},
    ]});
    let instance = app.instance_with("backend", backend.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "backend", 1);
    assert_eq!(refusing.requests().len(), 1);
    let credential = alive
        .request()
        .header("proxy-authorization")
        .map(str::to_owned);
    assert_eq!(
        credential.as_deref(),
        Some("Basic dXM6cHJveHktcGFzc3dvcmQ=")
    );
    let shown = app.admin().await.get(&instance.path).await.json();
    let states: Vec<&Value> = shown["proxies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["state"])
        .collect();
    assert_eq!(states, ["down", "down", "up"]);
    assert_eq!(shown["status"]["state"], "up");

    // While they are down nobody waits for them again.
    assert_answered(
        &caller.post(CHAT, &streamed_chat(GROUP)).await,
        "backend",
        1,
    );
    assert_eq!((refusing.requests().len(), alive.requests().len()), (1, 2));
    assert_eq!(backend.connections(), 0, "never gone round");
}

#[tokio::test]
async fn next_proxy_tunnels_when_one_is_down() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let dead = Upstream::refusing("dead");
    let tunnel = Tunnel::start("backend.invalid", backend.port());
    let fields = json!({
        "endpoint": {"host": "backend.invalid"},
        "proxies": [
            {"url": format!("socks5h://127.0.0.1:{}", dead.port())},
            {"url": format!("socks5h://127.0.0.1:{}", tunnel.port()), "username": "us", "password": "proxy-password"},
        ],
    });
    let instance = app.instance_with("backend", 8000, fields).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "backend", 1);
    assert_eq!(tunnel.asked(), ["us:proxy-password@backend.invalid:8000"]);
    let head = backend.request().head;
    assert!(
        !head.contains("proxy-password") && !head.to_ascii_lowercase().contains("proxy-auth"),
        "{head}"
    );
}

#[tokio::test]
async fn instance_whose_proxies_are_all_down_is_down_and_the_next_one_answers() {
    let app = App::start().await;
    let (backend, second) = (Upstream::start("backend"), Upstream::start("second"));
    let dead = [Upstream::refusing("dead"), Upstream::refusing("dead")];
    let url = |upstream: &Upstream| json!({"url": format!("http://127.0.0.1:{}", upstream.port())});
    let fields = json!({"proxies": [url(&dead[0]), url(&dead[1])]});
    let instance = app.instance_with("backend", backend.port(), fields).await;
    let other = app.instance("second", &second).await;
    app.group(GROUP, [&instance, &other]).await;
    app.group("alone", [&instance]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 2);
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "second", 1);
    let shown = app.admin().await.get(&instance.path).await.json();
    assert_eq!(
        (&shown["status"]["state"], &shown["status"]["code"]),
        (&json!("down"), &json!("down"))
    );
    // Nobody else is left: it is asked all the same, over its proxies.
    let answer = caller.post(CHAT, &chat("alone")).await;
    answer.gateway_error(502, "all_instances_failed");
    assert_eq!(
        answer.header("x-understudy-attempts"),
        Some("1"),
        "{answer:?}"
    );
    assert_eq!(backend.connections(), 0, "never gone round");
}

#[tokio::test]
async fn messages_and_logs_name_neither_tokens_nor_proxies() {
    let app = App::start().await;
    let upstream = Upstream::start("pool");
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"value": "sk-canary-one"}, {"value": "sk-canary-two"}],
    });
    let instance = app.instance_with("pool", upstream.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    upstream.always(Reply::error(
        401,
        "invalid_api_key",
        "invalid_api_key",
        "sk-canary-one is wrong",
    ));
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_failed(&answer, 502, "all_instances_failed", 1);
    let shown = app.admin().await.get(&instance.path).await;
    for text in [format!("{answer:?}"), format!("{shown:?}"), app.log()] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn error_about_the_quota_in_an_answer_of_200_is_the_tokens_matter() {
    let pool = Pool::start().await;
    let caller = pool.app.gateway().await;
    let error = json!({"error": {"message": "no money", "code": "insufficient_quota"}});
    pool.upstream.next(Reply::json(200, &error));
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "pool", 1);
    assert_eq!(pool.token_states().await, ["exhausted", "ok"]);
    let pool = Pool::start().await;
    let caller = pool.app.gateway().await;
    pool.upstream.next(Reply::events([&error]));
    assert_answered(&caller.post(CHAT, &streamed_chat(GROUP)).await, "pool", 1);
    assert_eq!(pool.token_states().await, ["exhausted", "ok"]);
}

#[tokio::test]
async fn proxy_that_never_answers_is_given_up_on_for_the_next() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let (hole, alive) = (Blackhole::start().await, Upstream::start("backend"));
    let url = |port: u16| json!({"url": format!("http://127.0.0.1:{port}")});
    let fields = json!({
        "proxies": [url(hole.port()), url(alive.port())], "timeouts": {"connect_ms": 300},
    });
    let instance = app.instance_with("backend", backend.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let caller = app.gateway().await;
    assert_answered(&caller.post(CHAT, &chat(GROUP)).await, "backend", 1);
    let shown = app.admin().await.get(&instance.path).await.json();
    assert_eq!(shown["proxies"][0]["state"], "down", "{shown}");
    assert_eq!(backend.connections(), 0, "never gone round");
}

#[tokio::test]
async fn certificate_that_is_not_trusted_is_not_the_proxys_fault() {
    let app = App::start().await;
    let backend = Upstream::start("backend");
    let front = TlsFront::start(&backend, "127.0.0.1");
    let tunnel = Tunnel::start("backend.invalid", front.port());
    let fields = json!({
        "endpoint": {"scheme": "https"},
        "proxies": [{"url": format!("http://127.0.0.1:{}", tunnel.port())}],
    });
    let instance = app.instance_with("backend", front.port(), fields).await;
    app.group(GROUP, [&instance]).await;
    let answer = app.gateway().await.post(CHAT, &chat(GROUP)).await;
    assert_failed(&answer, 502, "all_instances_failed", 1);
    assert_eq!(tunnel.asked().len(), 1);
    let shown = app.admin().await.get(&instance.path).await.json();
    assert_eq!(shown["proxies"][0]["state"], "unknown", "{shown}");
    assert_eq!(shown["status"]["code"], "connect_failed", "{shown}");
}

#[tokio::test]
async fn check_goes_through_tokens_and_proxies_as_requests_do() {
    let app = App::start().await;
    let admin = app.admin().await;
    let backend = Upstream::start("backend");
    let (dead, alive) = (Upstream::refusing("dead"), Upstream::start("backend"));
    let url = |upstream: &Upstream| json!({"url": format!("http://127.0.0.1:{}", upstream.port())});
    let fields = json!({
        "auth": {"type": "bearer"},
        "tokens": [{"value": "token-a"}, {"value": "token-b"}],
        "proxies": [url(&dead), url(&alive)],
    });
    let instance = app.instance_with("backend", backend.port(), fields).await;
    let check = async || {
        let path = format!("{}/check", instance.path);
        admin.call("POST", &path).await.expect(200).json()
    };
    let result = check().await;
    assert_eq!(result["ok"], true, "{result}");
    assert_eq!(
        result["steps"][1]["detail"], "through proxy 2 of 2",
        "{result}"
    );
    assert_eq!(
        result["steps"][3]["detail"], "token 1 of 2 is accepted",
        "{result}"
    );
    let shown = admin.get(&instance.path).await.json();
    let state = |pointer: &str| shown.pointer(pointer).unwrap().clone();
    assert_eq!(
        [state("/proxies/0/state"), state("/proxies/1/state")],
        ["down", "up"]
    );
    assert_eq!(
        [state("/tokens/0/state"), state("/tokens/1/state")],
        ["ok", "unknown"]
    );

    alive.models(Reply::failure(401));
    let result = check().await;
    assert_eq!(result["code"], "token_refused", "{result}");
    let shown = admin.get(&instance.path).await.json();
    assert_eq!(shown["status"]["state"], "auth_failed", "{shown}");
    let used: Vec<String> = alive
        .all_requests()
        .iter()
        .map(|request| request.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(used, ["Bearer token-a", "Bearer token-a", "Bearer token-b"]);
    assert_eq!(backend.connections(), 0, "never gone round");
}
