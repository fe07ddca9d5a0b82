//! Backends over TLS: who they are is proven, or they are not spoken to.

use serde_json::json;

use super::{Pair, assert_answered};
use crate::support::tls::TlsFront;

/// Puts the first instance behind TLS, with these options.
async fn pair(name: &str, options: impl Fn(&TlsFront) -> serde_json::Value) -> (Pair, TlsFront) {
    let pair = Pair::start().await;
    let front = TlsFront::start(&pair.first, name);
    let change = json!({
        "endpoint": {"scheme": "https", "port": front.port()},
        "tls": options(&front),
    });
    let admin = pair.app.admin().await;
    admin
        .patch(&pair.first_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    (pair, front)
}

#[tokio::test]
async fn backend_of_a_trusted_authority_answers() {
    let (pair, _front) = pair("127.0.0.1", |front| json!({"ca_pem": front.ca_pem()})).await;
    assert_answered(&pair.ask().await, "first", 1);
    assert_answered(&pair.ask_streamed().await, "first", 1);
    assert_eq!(pair.first.connections(), 1, "kept and used again");
}

#[tokio::test]
async fn second_instance_answers_when_nobody_vouches_for_the_first() {
    let (pair, _front) = pair("127.0.0.1", |_| json!({})).await;
    assert_answered(&pair.ask().await, "second", 2);
    assert!(
        pair.first.all_requests().is_empty(),
        "no byte of the question went out"
    );
}

#[tokio::test]
async fn second_instance_answers_when_firsts_certificate_is_for_another_name() {
    let (pair, _front) = pair("other.example", |front| json!({"ca_pem": front.ca_pem()})).await;
    assert_answered(&pair.ask().await, "second", 2);
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn any_certificate_will_do_if_the_instance_says_so() {
    let (pair, _front) = pair("other.example", |_| json!({"insecure_skip_verify": true})).await;
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn second_instance_answers_when_first_speaks_no_tls() {
    let plain = json!({"endpoint": {"scheme": "https"}, "timeouts": {"connect_ms": 500}});
    let pair = Pair::with(plain, json!({})).await;
    assert_answered(&pair.ask().await, "second", 2);
}
