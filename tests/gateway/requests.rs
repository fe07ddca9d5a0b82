//! Requests that are at fault themselves: a specific 4xx in OpenAI's shape, and no instance is bothered.

use serde_json::{Value, json};

use super::{CHAT, GROUP, Pair, assert_answered, chat};
use crate::support::client::{Answer, Client};
use crate::support::wait::soon;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MIB: usize = 1024 * 1024;

async fn send(caller: &Client, body: impl Into<String>) -> Answer {
    let body: String = body.into();
    caller
        .call("POST", CHAT)
        .body("application/json", body)
        .await
}

/// The gateway's errors about a request name no attempt and no instance.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) -> Value {
    let error = answer.gateway_error(status, code);
    assert_eq!(
        answer.header("x-understudy-attempts"),
        Some("0"),
        "{answer:?}"
    );
    assert_eq!(answer.header("x-understudy-instance"), None, "{answer:?}");
    assert!(answer.header("x-request-id").is_some(), "{answer:?}");
    error
}

#[tokio::test]
async fn body_that_is_not_json_is_400_invalid_json() {
    let pair = Pair::start().await;
    let bodies = [
        "",
        "{",
        "not json",
        r#"{"model":"chat-default",}"#,
        r#"{"model":"chat-default"} trailing"#,
        r#"{"model":"chat-default","n":01}"#,
        r#"{"model":"chat-default","text":"\x"}"#,
        "{\"model\":\"chat-default\",\"text\":\"a\u{1}b\"}",
        r#"{'model':'chat-default'}"#,
    ];
    for body in bodies {
        assert_refused(&send(&pair.caller, body).await, 400, "invalid_json");
    }
    let latin1 = b"{\"model\":\"chat-default\",\"text\":\"\xe9\"}".to_vec();
    let answer = pair
        .caller
        .call("POST", CHAT)
        .body("application/json", latin1)
        .await;
    assert_refused(&answer, 400, "invalid_json");
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn body_without_a_usable_model_is_400_invalid_request() {
    let pair = Pair::start().await;
    let bodies = [
        json!({"messages": []}),
        json!({"model": null}),
        json!({"model": 7}),
        json!({"model": ["chat-default"]}),
        json!({"model": {"name": "chat-default"}}),
    ];
    for body in bodies {
        let answer = pair.caller.post(CHAT, &body).await;
        let error = assert_refused(&answer, 400, "invalid_request");
        assert_eq!(error["param"], "model", "{error}");
    }
    for body in ["[]", "7", "\"chat-default\"", "null"] {
        assert_refused(&send(&pair.caller, body).await, 400, "invalid_request");
    }
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn model_that_is_named_twice_is_400() {
    let pair = Pair::start().await;
    for body in [
        r#"{"model":"chat-default","model":"chat-default"}"#,
        r#"{"model":"chat-default","x":1,"model":"other"}"#,
        r#"{"model":"chat-default","mod\u0065l":"other"}"#,
    ] {
        assert_refused(&send(&pair.caller, body).await, 400, "invalid_request");
    }
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn stream_that_is_no_boolean_is_400_invalid_request() {
    let pair = Pair::start().await;
    for stream in [json!("true"), json!(1), json!([])] {
        let body = json!({"model": GROUP, "stream": stream});
        let error = assert_refused(&pair.caller.post(CHAT, &body).await, 400, "invalid_request");
        assert_eq!(error["param"], "stream", "{error}");
    }
    let body = json!({"model": GROUP, "stream": null});
    assert_answered(&pair.caller.post(CHAT, &body).await, "first", 1);
}

#[tokio::test]
async fn unknown_group_is_404_model_not_found() {
    let pair = Pair::start().await;
    for name in ["nobody", "", "chat-default ", "чат", &"x".repeat(1000)] {
        let error = assert_refused(
            &pair.caller.post(CHAT, &chat(name)).await,
            404,
            "model_not_found",
        );
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!(error["param"], "model");
    }
}

#[tokio::test]
async fn other_content_type_is_415() {
    let pair = Pair::start().await;
    let body = chat(GROUP).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "nonsense",
    ] {
        let answer = pair
            .caller
            .call("POST", CHAT)
            .body(kind, body.clone())
            .await;
        assert_refused(&answer, 415, "unsupported_media_type");
    }
    let none = pair
        .caller
        .post(CHAT, &chat(GROUP))
        .without_header("content-type")
        .await;
    assert_refused(&none, 415, "unsupported_media_type");
    let charset = "application/json; charset=utf-8";
    let answer = pair.caller.call("POST", CHAT).body(charset, body).await;
    assert_answered(&answer, "first", 1);
}

#[tokio::test]
async fn body_of_more_than_32_mib_is_413() {
    let pair = Pair::start().await;
    let frame = chat(GROUP).to_string().len() + r#","padding":"""#.len();
    let padded = |length: usize| {
        let mut body = chat(GROUP);
        body["padding"] = json!("x".repeat(length - frame));
        body.to_string()
    };
    let exact = padded(32 * MIB);
    assert_eq!(exact.len(), 32 * MIB);
    assert_answered(&send(&pair.caller, exact).await, "first", 1);
    assert_eq!(
        pair.first.request().json()["padding"]
            .as_str()
            .unwrap()
            .len(),
        32 * MIB - frame
    );

    let declared = too_large(&pair, "content-length: 33554433\r\n", b"").await;
    assert!(declared.starts_with("HTTP/1.1 413 "), "{declared}");
    assert!(
        declared.contains(r#""code":"body_too_large""#),
        "{declared}"
    );

    let mut chunk = format!("{:x}\r\n", 33 * MIB).into_bytes();
    chunk.resize(chunk.len() + 33 * MIB, b' ');
    chunk.extend_from_slice(b"\r\n0\r\n\r\n");
    let chunked = too_large(&pair, "transfer-encoding: chunked\r\n", &chunk).await;
    assert!(chunked.starts_with("HTTP/1.1 413 "), "{chunked}");
    assert_eq!(pair.first.requests().len(), 1, "nobody is bothered with it");
}

/// Sends a body that is refused before it is read whole, and gives the beginning of the answer.
async fn too_large(pair: &Pair, framing: &str, body: &[u8]) -> String {
    let stream = TcpStream::connect(pair.app.address()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{framing}\r\n",
        pair.app.address(),
        pair.caller.bearer(),
    );
    let body = body.to_vec();
    let write = tokio::spawn(async move {
        writer.write_all(head.as_bytes()).await?;
        writer.write_all(&body).await?;
        // Keeps the connection open, so that the answer is not one to a caller who left.
        std::future::pending::<std::io::Result<()>>().await
    });
    let mut received = Vec::new();
    soon("an answer to a body that is too large", async {
        while !received.ends_with(b"}") {
            let read = reader.read_buf(&mut received).await.unwrap_or(0);
            if read == 0 {
                break;
            }
        }
    })
    .await;
    write.abort();
    String::from_utf8(received).unwrap()
}

#[tokio::test]
async fn unknown_paths_and_methods_have_openais_errors() {
    let pair = Pair::start().await;
    pair.caller
        .post("/v1/nothing", &json!({}))
        .await
        .gateway_error(404, "not_found");
    pair.caller
        .get("/v1/")
        .await
        .gateway_error(404, "not_found");
    let answer = pair.caller.get(CHAT).await;
    answer.gateway_error(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
    let answer = pair.caller.post("/v1/models", &json!({})).await;
    answer.gateway_error(405, "method_not_allowed");
}

#[tokio::test]
async fn answers_may_not_be_guessed_at_by_browsers() {
    let pair = Pair::start().await;
    for answer in [
        pair.ask().await,
        pair.ask_streamed().await,
        send(&pair.caller, "{").await,
    ] {
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{answer:?}"
        );
    }
}
