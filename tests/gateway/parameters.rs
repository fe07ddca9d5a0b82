//! What is changed in a body on its way to a backend, and that nothing else is: unknown fields, number formats, the order of
//! keys and even spaces arrive as they were sent.

use serde_json::json;

use super::{CHAT, Pair, assert_answered};
use crate::support::upstream::MODEL;

async fn sent(pair: &Pair, body: &str) -> String {
    let before = pair.first.requests().len();
    let answer = pair
        .caller
        .call("POST", CHAT)
        .body("application/json", body.to_owned())
        .await;
    assert_answered(&answer, "first", 1);
    pair.first.requests()[before].text().to_owned()
}

#[tokio::test]
async fn body_survives_byte_for_byte_but_for_the_model() {
    let pair = Pair::start().await;
    let numbers = "1.0,1e2,1E-7,0.1000,123456789012345678901234567890,-0,1.7976931348623157e309";
    let text = r#""\u00e9é\n\/\ud83d\ude00 \"model\": \"chat-default\"""#;
    let body = format!(
        " {{ \"temperature\":1.0, \"z_unknown\":[{numbers}], \"a_unknown\":{{\"model\":\"chat-default\",\"b\":{text}}},\n\
         \t\"model\" :  \"chat-default\" , \"messages\":[{{\"role\":\"user\",\"content\":{text}}}],\"dup\":1,\"dup\":2 }}\n"
    );
    let expected = body.replace(
        "\"model\" :  \"chat-default\" ,",
        &format!("\"model\" :  \"{MODEL}\" ,"),
    );
    assert_ne!(body, expected);
    assert_eq!(sent(&pair, &body).await, expected);
}

#[tokio::test]
async fn model_is_found_wherever_it_stands_and_however_it_is_written() {
    let pair = Pair::start().await;
    for (body, expected) in [
        (
            r#"{"model":"chat-default"}"#.to_owned(),
            format!(r#"{{"model":"{MODEL}"}}"#),
        ),
        (
            r#"{"a":{"model":"x"},"b":["model"],"model":"chat\u002ddefault"}"#.to_owned(),
            format!(r#"{{"a":{{"model":"x"}},"b":["model"],"model":"{MODEL}"}}"#),
        ),
        (
            r#"{"mod\u0065l":"chat-default","x":"}"}"#.to_owned(),
            format!(r#"{{"mod\u0065l":"{MODEL}","x":"}}"}}"#),
        ),
    ] {
        assert_eq!(sent(&pair, &body).await, expected);
    }
}

#[tokio::test]
async fn model_with_characters_that_json_escapes_is_written_as_json() {
    let strange = "models\\a \"b\"/ü";
    let pair = Pair::with(json!({"model": strange}), json!({})).await;
    sent(&pair, r#"{"model":"chat-default"}"#).await;
    assert_eq!(pair.first.request().json()["model"], strange);
}

#[tokio::test]
async fn defaults_are_added_overrides_forced_and_stripped_fields_removed() {
    let parameters = json!({
        "defaults": {"temperature": 0.2, "top_p": 0.9, "stop": ["a", "b"]},
        "overrides": {"max_tokens": 64, "seed": 7},
        "strip": ["logit_bias", "user"],
    });
    let pair = Pair::with(json!({"parameters": parameters}), json!({})).await;
    let body = r#"{"model":"chat-default","temperature":1.50,"max_tokens":9000,"user":"me","logit_bias":{"1":2},"kept":1e0}"#;
    let text = sent(&pair, body).await;
    assert!(
        text.contains(r#""temperature":1.50"#),
        "the caller's own stays as it was written: {text}"
    );
    assert!(text.contains(r#""kept":1e0"#), "{text}");
    let expected = json!({
        "model": MODEL, "temperature": 1.5, "max_tokens": 64, "kept": 1.0,
        "top_p": 0.9, "stop": ["a", "b"], "seed": 7,
    });
    let mut found: serde_json::Value = serde_json::from_str(&text).unwrap();
    // Compared as numbers: how the caller wrote these two is checked above.
    found["temperature"] = json!(1.5);
    found["kept"] = json!(1.0);
    assert_eq!(found, expected);
    assert_eq!(text.matches("max_tokens").count(), 1, "{text}");
}

#[tokio::test]
async fn field_that_is_null_is_not_absent() {
    let parameters = json!({"defaults": {"temperature": 0.2}});
    let pair = Pair::with(json!({"parameters": parameters}), json!({})).await;
    let text = sent(&pair, r#"{"model":"chat-default","temperature":null}"#).await;
    assert_eq!(text, format!(r#"{{"model":"{MODEL}","temperature":null}}"#));
}

#[tokio::test]
async fn stripped_fields_leave_valid_json_wherever_they_stood() {
    let parameters = json!({"strip": ["a", "b"]});
    let pair = Pair::with(json!({"parameters": parameters}), json!({})).await;
    for body in [
        r#"{"a":1,"model":"chat-default"}"#,
        r#"{"model":"chat-default","a":1}"#,
        r#"{"a":[1,{"a":2}],"model":"chat-default","b":"x, y"}"#,
        r#"{ "a" : 1 , "b" : 2 , "model" : "chat-default" }"#,
        r#"{"a":1,"a":2,"model":"chat-default"}"#,
    ] {
        let text = sent(&pair, body).await;
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(found, json!({"model": MODEL}), "{body} became {text}");
    }
}

#[tokio::test]
async fn each_instance_gets_its_own_parameters() {
    let pair = Pair::with(json!({"parameters": {"overrides": {"seed": 1}}}), json!({})).await;
    let admin = pair.app.admin().await;
    let change = json!({"parameters": {"overrides": {"seed": 2}}, "model": "another"});
    admin
        .patch(&pair.second_instance.path, &change)
        .await
        .expect(200);
    pair.app.settled().await;
    pair.first
        .next(crate::support::upstream::Reply::failure(500));
    assert_answered(&pair.ask().await, "second", 2);
    assert_eq!(pair.first.request().json()["seed"], 1);
    assert_eq!(pair.first.request().json()["model"], MODEL);
    assert_eq!(pair.second.request().json()["seed"], 2);
    assert_eq!(pair.second.request().json()["model"], "another");
}

#[tokio::test]
async fn content_length_is_the_changed_bodys() {
    let pair = Pair::start().await;
    assert_answered(&pair.ask().await, "first", 1);
    let request = pair.first.request();
    let length = request.body.len().to_string();
    assert_eq!(
        request.header("content-length"),
        Some(length.as_str()),
        "{request:?}"
    );
    assert_eq!(request.header("transfer-encoding"), None);
    assert_eq!(request.header("content-type"), Some("application/json"));
    let encoding = request.header("accept-encoding");
    assert!(
        matches!(encoding, None | Some("identity")),
        "what is changed must not come compressed: {request:?}"
    );
}
