//! Addresses that may not be reached: refused when they are entered, and no reason to leave an instance as it is.

use serde_json::json;

use super::{INSTANCES, instance};
use crate::support::App;

#[tokio::test]
async fn instance_whose_address_is_denied_by_now_can_still_be_paused() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin.post(INSTANCES, &instance("a")).await.expect(201);
    let path = made.header("location").unwrap();
    let database = app.database().connect().await;
    let moved = "UPDATE model_instances SET host = '169.254.169.254'";
    database.execute(moved, &[]).await.unwrap();

    let paused = admin.patch(path, &json!({"enabled": false})).await;
    assert_eq!(paused.expect(200).json()["enabled"], false);
    let denied = [("/endpoint/host", "egress_denied")];
    let port = admin.patch(path, &json!({"endpoint": {"port": 81}})).await;
    port.faults(422, "egress_denied", &denied);
    let kind = admin.patch(path, &json!({"kind": "local"})).await;
    kind.faults(422, "egress_denied", &denied);
    let check = admin.call("POST", &format!("{path}/check")).await;
    assert_eq!(check.expect(200).json()["ok"], false);
}

#[tokio::test]
async fn operator_decides_what_is_denied_and_allowed() {
    let app = App::builder()
        .env("UNDERSTUDY_EGRESS_DENY", "10.1.0.0/16")
        .env("UNDERSTUDY_EGRESS_ALLOW", "10.2.0.0/16")
        .start()
        .await;
    let admin = app.admin().await;
    let mut body = instance("a");
    body["endpoint"]["host"] = "10.1.2.3".into();
    let denied = admin.post(INSTANCES, &body).await;
    denied.faults(422, "egress_denied", &[("/endpoint/host", "egress_denied")]);
    body["endpoint"] = json!({"scheme": "https", "host": "10.2.3.4", "port": 443});
    body["kind"] = "cloud".into();
    admin.post(INSTANCES, &body).await.expect(201);
}

#[tokio::test]
async fn service_itself_is_never_a_backend() {
    let app = App::start().await;
    let port: u16 = app.address().split(':').nth(1).unwrap().parse().unwrap();
    let mut body = instance("self");
    body["endpoint"] = json!({"scheme": "http", "host": "localhost", "port": port});
    let denied = app.admin().await.post(INSTANCES, &body).await;
    denied.faults(422, "egress_denied", &[("/endpoint/host", "egress_denied")]);
}
