//! Addresses that the service must not reach: refused when they are saved, and again whenever it connects.

use serde_json::json;

use super::{CHAT, GROUP, Pair, chat};
use crate::support::App;
use crate::support::app::{instance, merge};

const INSTANCES: &str = "/api/v1/model-instances";

#[tokio::test]
async fn denied_network_is_not_connected_to_even_if_it_was_saved_before() {
    let pair = Pair::start().await;
    let strict = App::builder()
        .env("DATABASE_URL", &pair.app.database().url())
        .env("UNDERSTUDY_EGRESS_DENY", "127.0.0.0/8")
        .start()
        .await;
    let caller = strict.anonymous().with_bearer(pair.caller.bearer());
    let answer = caller.post(CHAT, &chat(GROUP)).await;
    answer.gateway_error(502, "all_instances_failed");
    let admin = strict.admin().await;
    // Neither by a try of the group, nor by a check or for the list of models, which are one.
    let question = json!({"question": "Hi"});
    let tried = admin.post(&format!("{}/try", pair.group.path), &question);
    tried.await.problem(502, "all_instances_failed");
    let check = format!("{}/check", pair.first_instance.path);
    let checked = admin.call("POST", &check).await.expect(200).json();
    assert_eq!(checked["ok"], false, "{checked}");
    assert_eq!(pair.first.connections() + pair.second.connections(), 0);
    let refused = admin.post(INSTANCES, &instance("c", pair.first.port()));
    refused.await.problem(422, "egress_denied");
}

#[tokio::test]
async fn denied_network_is_not_reached_by_name_either() {
    let app = App::builder()
        .env("UNDERSTUDY_EGRESS_DENY", "127.0.0.0/8,::1")
        .start()
        .await;
    let upstream = crate::support::upstream::Upstream::start("a");
    let mut body = instance("a", upstream.port());
    merge(&mut body, json!({"endpoint": {"host": "localhost"}}));
    let refused = app.admin().await.post(INSTANCES, &body).await;
    refused.faults(422, "egress_denied", &[("/endpoint/host", "egress_denied")]);
}

#[tokio::test]
async fn metadata_and_the_service_itself_are_never_reached() {
    let app = App::start().await;
    let own: u16 = app.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let admin = app.admin().await;
    for (host, port) in [
        ("169.254.169.254", 80),
        ("[::ffff:169.254.169.254]", 80),
        ("::ffff:169.254.169.254", 80),
        ("0xa9fea9fe", 80),
        ("2852039166", 80),
        ("0.0.0.0", 8000),
        ("224.0.0.1", 80),
        ("127.0.0.1", own),
        ("localhost", own),
        ("127.1", own),
    ] {
        let mut body = instance("denied", port);
        merge(&mut body, json!({"endpoint": {"host": host}}));
        let answer = admin.post(INSTANCES, &body).await;
        assert_eq!(answer.status, 422, "{host}:{port}: {answer:?}");
        if !host.starts_with('[') {
            answer.problem(422, "egress_denied");
        }
    }
    let stored = admin.get(INSTANCES).await.expect(200).json();
    assert_eq!(stored["total"], 0, "{stored}");
}

#[tokio::test]
async fn allowed_network_does_not_lift_what_is_always_denied() {
    let app = App::builder()
        .env("UNDERSTUDY_EGRESS_ALLOW", "0.0.0.0/0,::/0")
        .start()
        .await;
    let own: u16 = app.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let admin = app.admin().await;
    admin
        .post(INSTANCES, &instance("self", own))
        .await
        .problem(422, "egress_denied");
    let mut metadata = instance("metadata", 80);
    merge(
        &mut metadata,
        json!({"endpoint": {"host": "169.254.169.254"}}),
    );
    admin
        .post(INSTANCES, &metadata)
        .await
        .problem(422, "egress_denied");
}

#[tokio::test]
async fn proxies_are_held_to_the_same_rules() {
    let app = App::start().await;
    let mut body = instance("a", 8000);
    merge(
        &mut body,
        json!({"proxies": [{"url": "http://169.254.169.254:3128"}]}),
    );
    let answer = app.admin().await.post(INSTANCES, &body).await;
    answer.faults(422, "egress_denied", &[("/proxies/0/url", "egress_denied")]);
}
