//! Who may call the gateway: a key with the scope `gateway`, for the groups that it names, as long as it lives.

use std::time::Duration;

use serde_json::json;

use super::{CHAT, GROUP, Pair, assert_answered, chat};
use crate::support::App;
use crate::support::upstream::Upstream;
use crate::support::wait::until;

#[tokio::test]
async fn no_key_or_a_wrong_one_is_401_invalid_api_key() {
    let pair = Pair::start().await;
    let anonymous = pair.app.anonymous();
    let right = pair.caller.bearer().to_owned();
    let mut changed = right.clone();
    let last = changed.pop().unwrap();
    changed.push(if last == 'A' { 'B' } else { 'A' });
    let wrong = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer us-nonsense".to_owned(),
        format!("Bearer {changed}"),
        format!("Bearer {right}A"),
        format!("Bearer {right} {right}"),
        format!("Basic {right}"),
        right.clone(),
    ];
    let mut answers = vec![
        anonymous.post(CHAT, &chat(GROUP)).await,
        anonymous.get("/v1/models").await,
    ];
    for header in &wrong {
        answers.push(
            anonymous
                .post(CHAT, &chat(GROUP))
                .header("authorization", header)
                .await,
        );
        answers.push(
            anonymous
                .get("/v1/models")
                .header("authorization", header)
                .await,
        );
    }
    for answer in answers {
        let error = answer.gateway_error(401, "invalid_api_key");
        assert!(!error.to_string().contains(&right), "{error}");
        assert!(answer.header("www-authenticate").is_some(), "{answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    }
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn name_of_the_scheme_is_read_regardless_of_case() {
    let pair = Pair::start().await;
    let header = format!("bearer {}", pair.caller.bearer());
    let call = pair
        .app
        .anonymous()
        .post(CHAT, &chat(GROUP))
        .header("authorization", &header);
    assert_answered(&call.await, "first", 1);
}

#[tokio::test]
async fn credential_of_the_other_surface_is_403() {
    let pair = Pair::start().await;
    let operator = pair
        .app
        .key(&["groups:read", "manage:read", "manage:write"])
        .await;
    for client in [pair.app.admin().await, operator] {
        client
            .post(CHAT, &chat(GROUP))
            .await
            .gateway_error(403, "forbidden");
        client
            .get("/v1/models")
            .await
            .gateway_error(403, "forbidden");
    }
    let answer = pair.caller.get("/api/v1/model-groups").await;
    answer.problem(403, "forbidden");
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn key_of_both_surfaces_works_on_both() {
    let pair = Pair::start().await;
    let both = pair.app.key(&["gateway", "groups:read"]).await;
    assert_answered(&both.post(CHAT, &chat(GROUP)).await, "first", 1);
    both.get("/api/v1/model-groups").await.expect(200);
}

#[tokio::test]
async fn limited_key_knows_of_its_groups_alone() {
    let app = App::start().await;
    let upstream = Upstream::start("a");
    let instance = app.instance("a", &upstream).await;
    let mine = app.group("mine", [&instance]).await;
    app.group("theirs", [&instance]).await;
    let key = app
        .key_with(&["gateway"], json!({"group_ids": [mine.id]}))
        .await;
    key.post(CHAT, &chat("mine")).await.expect(200);
    let unknown = key
        .post(CHAT, &chat("nobody"))
        .await
        .gateway_error(404, "model_not_found");
    let theirs = key
        .post(CHAT, &chat("theirs"))
        .await
        .gateway_error(404, "model_not_found");
    let same = |error: &serde_json::Value| {
        error
            .to_string()
            .replace("theirs", "…")
            .replace("nobody", "…")
    };
    assert_eq!(
        same(&theirs),
        same(&unknown),
        "nothing tells a group from no group"
    );
    let list = key.get("/v1/models").await.expect(200).json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["data"][0]["id"], "mine");
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn revoked_key_is_refused_within_two_seconds() {
    let pair = Pair::start().await;
    assert_answered(&pair.ask().await, "first", 1);
    let admin = pair.app.admin().await;
    let keys = admin.get("/api/v1/api-keys").await.expect(200).json();
    let prefix_of = |key: &serde_json::Value| key["prefix"].as_str().unwrap().to_owned();
    let mine = keys["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| pair.caller.bearer().starts_with(&prefix_of(key)))
        .expect("the caller's key is listed")
        .clone();
    let path = format!("/api/v1/api-keys/{}", mine["id"].as_str().unwrap());
    admin.delete(&path).await.expect(204);
    let (answer, _) = until(Duration::from_secs(2), "the key is refused", async || {
        let answer = pair.ask().await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    answer.gateway_error(401, "invalid_api_key");
}

#[tokio::test]
async fn expired_key_is_refused() {
    let pair = Pair::start().await;
    let soon = chrono::Utc::now() + Duration::from_secs(3);
    let key = pair
        .app
        .key_with(&["gateway"], json!({"expires_at": soon.to_rfc3339()}))
        .await;
    assert_answered(&key.post(CHAT, &chat(GROUP)).await, "first", 1);
    let (answer, _) = until(Duration::from_secs(6), "the key ends", async || {
        let answer = key.post(CHAT, &chat(GROUP)).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    answer.gateway_error(401, "invalid_api_key");
    assert!(chrono::Utc::now() >= soon, "not before its time");
}
