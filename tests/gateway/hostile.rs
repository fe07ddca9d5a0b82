//! Bodies and answers that were made to hurt: the service goes on, and the caller gets what the table says.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{CHAT, GROUP, Pair, assert_answered, chat};
use crate::support::upstream::healthy::{chat_event, content_event};
use crate::support::upstream::{MODEL, Reply};
use crate::support::wait::soon;

const DEEP: usize = 200_000;

fn nested() -> String {
    format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP))
}

#[tokio::test]
async fn deeply_nested_body_hurts_nobody() {
    // The same answer to everything: the scripted backend itself does not read bodies of this kind.
    let whole = json!({"choices": [{"message": {"content": "hello from first"}}]});
    let pair = Pair::whose_first_answers(Reply::json(200, &whole)).await;
    for body in [
        format!(r#"{{"model":"{GROUP}","x":{}}}"#, nested()),
        format!(r#"{{"x":{},"model":"{GROUP}"}}"#, nested()),
        nested(),
        "[".repeat(DEEP),
        r#"{"x":"#.repeat(DEEP),
    ] {
        let answer = pair
            .caller
            .call("POST", CHAT)
            .body("application/json", body)
            .await;
        let status = answer.status;
        assert!([200, 400].contains(&status), "{status}");
    }
    let arrived = pair.first.requests();
    assert!(arrived.iter().all(|request| request.body.len() > 2 * DEEP));
    assert_answered(&pair.ask().await, "first", 1);
}

#[tokio::test]
async fn deeply_nested_answer_hurts_nobody() {
    let pair = Pair::start().await;
    let deep = nested();
    let replies = [
        Reply::body(200, "application/json", deep.clone()),
        Reply::body(200, "application/json", "[".repeat(DEEP)),
        Reply::body(200, "application/json", format!(r#"{{"error":{deep}}}"#)),
        Reply::body(500, "application/json", format!(r#"{{"error":{deep}}}"#)),
    ];
    for reply in replies {
        pair.first.next(reply);
        assert_answered(&pair.ask().await, "second", 2);
        assert_answered(&pair.ask().await, "first", 1);
    }
    let events = Reply::events([format!(r#"{{"choices":{deep}}}"#), "[DONE]".to_owned()]);
    pair.first.next(events);
    assert_answered(&pair.ask_streamed().await, "second", 2);
    let busy = format!(r#"{{"error":{{"message":{deep}}}}}"#);
    pair.first.next(Reply::body(429, "application/json", busy));
    assert_answered(&pair.ask().await, "second", 2);
}

#[tokio::test]
async fn second_instance_answers_when_firsts_head_does_not_end() {
    let line = format!("x-filler: {}\r\n", "x".repeat(1000));
    let endless = Reply::raw(format!("HTTP/1.1 200 OK\r\n{}", line.repeat(2000)));
    let pair = Pair::whose_first_answers(endless).await;
    assert_answered(&pair.ask().await, "second", 2);
}

#[tokio::test]
async fn second_instance_answers_when_firsts_answer_is_no_text() {
    let body = b"{\"choices\":[{\"message\":{\"content\":\"\xff\xfe\"}}]}".to_vec();
    let pair = Pair::whose_first_answers(Reply::body(200, "application/json", body)).await;
    assert_answered(&pair.ask().await, "second", 2);
}

#[tokio::test]
async fn finish_reason_that_says_nothing_is_no_finish() {
    let pair = Pair::start().await;
    let empty = chat_event(
        &json!(MODEL),
        &json!({"role": "assistant", "content": ""}),
        &json!(""),
    );
    pair.first.next(Reply::events([empty.clone()]).then_close());
    assert_answered(&pair.ask_streamed().await, "second", 2);

    // Nor does it make a torn stream look complete.
    let mut begun = content_event("half");
    begun["choices"][0]["finish_reason"] = json!("");
    pair.first.next(Reply::events([empty, begun]));
    let answer = pair.ask_streamed().await.expect(200);
    let last = answer.events().pop().unwrap();
    assert_eq!(
        last.error_code().as_deref(),
        Some("stream_interrupted"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn callers_headers_stay_with_the_gateway() {
    let pair = Pair::start().await;
    let call = pair
        .caller
        .post(CHAT, &chat(GROUP))
        .header("x-forwarded-for", "203.0.113.7")
        .header("openai-organization", "somebody-elses")
        .header("api-key", "somebody-elses");
    assert_answered(&call.await, "first", 1);
    let request = pair.first.request();
    for name in ["x-forwarded-for", "openai-organization", "api-key"] {
        assert_eq!(request.header(name), None, "{request:?}");
    }
}

#[tokio::test]
async fn backend_gets_the_request_id_of_the_answer() {
    let pair = Pair::start().await;
    let answer = pair.ask().await.expect(200);
    assert_eq!(
        pair.first.request().header("x-request-id"),
        answer.header("x-request-id")
    );
}

#[tokio::test]
async fn caller_who_asks_before_sending_a_body_is_told_to_go_on() {
    let pair = Pair::start().await;
    let body = chat(GROUP).to_string();
    let mut stream = TcpStream::connect(pair.app.address()).await.unwrap();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        pair.app.address(),
        pair.caller.bearer(),
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    soon("100 Continue", async {
        while !received.ends_with(b"\r\n\r\n") {
            assert_ne!(
                stream.read_buf(&mut received).await.unwrap(),
                0,
                "{received:?}"
            );
        }
    })
    .await;
    assert!(received.starts_with(b"HTTP/1.1 100 "), "{received:?}");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    soon("the answer", stream.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("hello from first"), "{answer}");
}

#[tokio::test]
async fn whole_answer_where_a_stream_was_asked_for_is_no_answer_to_that() {
    let pair = Pair::start().await;
    let whole = json!({"choices": [{"message": {"content": "hello from first"}}]});
    pair.first.next(Reply::json(200, &whole));
    assert_answered(&pair.ask_streamed().await, "second", 2);
    let stream: [Value; 1] = [content_event("hello from first")];
    pair.first
        .next(Reply::events(stream).then_events(["[DONE]"]));
    assert_answered(&pair.ask().await, "second", 2);
}
