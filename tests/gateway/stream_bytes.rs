//! Server-sent events however they are cut, ended and written: the caller gets each one whole, under the group's name.

use serde_json::{Value, json};

use super::{GROUP, Pair, assert_answered};
use crate::support::sse::{self, Event};
use crate::support::upstream::healthy::content_event;
use crate::support::upstream::{MODEL, Reply};

const SHORT: &str =
    r#"{"model":"upstream-model","choices":[{"delta":{"content":"hello from first"}}]}"#;
const FINISH: &str =
    r#"{"model":"upstream-model","choices":[{"delta":{},"finish_reason":"stop"}]}"#;

fn assert_whole(answer: &crate::support::client::Answer) {
    assert_answered(answer, "first", 1);
    let events = answer.events();
    assert_eq!(events.len(), 3, "{answer:?}");
    for event in &events[..2] {
        assert_eq!(event.json()["model"], GROUP, "{answer:?}");
    }
    assert!(!answer.text().contains(MODEL), "{answer:?}");
}

#[tokio::test]
async fn events_split_at_every_byte_arrive_whole() {
    let pair = Pair::start().await;
    for end in ["\n", "\r\n", "\r"] {
        let body = [SHORT, FINISH, "[DONE]"]
            .map(|data| format!("data: {data}{end}{end}"))
            .concat();
        for at in 1..body.len() {
            pair.first
                .next(Reply::event_bytes(body.clone()).split_at(at));
        }
        for _ in 1..body.len() {
            assert_whole(&pair.ask_streamed().await);
        }
    }
}

#[tokio::test]
async fn events_that_come_byte_by_byte_arrive_whole() {
    let pair = Pair::start().await;
    for end in ["\n", "\r\n"] {
        let body = [SHORT, FINISH, "[DONE]"]
            .map(|data| format!("data: {data}{end}{end}"))
            .concat();
        pair.first.next(Reply::event_bytes(body).in_pieces_of(1));
        assert_whole(&pair.ask_streamed().await);
    }
}

#[tokio::test]
async fn events_are_read_in_every_form_that_the_format_allows() {
    let pair = Pair::start().await;
    let forms = [
        format!("data:{SHORT}\n\ndata:{FINISH}\n\ndata:[DONE]\n\n"),
        format!("\u{feff}data: {SHORT}\n\ndata: {FINISH}\n\ndata: [DONE]\n\n"),
        format!(
            "event: message\nid: 7\nretry: 10\ndata: {SHORT}\n\ndata: {FINISH}\n\ndata: [DONE]\n\n"
        ),
        format!("\n\n\ndata: {SHORT}\n\n\n\ndata: {FINISH}\n\ndata: [DONE]\n\n"),
        format!("data: {SHORT}\r\n\r\ndata: {FINISH}\n\ndata: [DONE]\r\n\r\n"),
        format!(
            "data: {}\n\ndata: {FINISH}\n\ndata: [DONE]\n\n",
            SHORT.replace(":[", ":\ndata: [")
        ),
    ];
    for body in forms {
        pair.first.next(Reply::event_bytes(body.clone()));
        let answer = pair.ask_streamed().await;
        let events: Vec<Event> = answer.events();
        assert_eq!(
            sse::text(&events),
            "hello from first",
            "{body:?}: {answer:?}"
        );
        assert_eq!(events.len(), 3, "{body:?}: {answer:?}");
        assert_eq!(events[0].json()["model"], GROUP, "{body:?}: {answer:?}");
        assert!(events[2].is_done(), "{body:?}: {answer:?}");
    }
}

#[tokio::test]
async fn unknown_fields_and_number_formats_of_events_survive() {
    let pair = Pair::start().await;
    let odd = r#"{"x_unknown":[1.0,1e2,123456789012345678901234567890], "model" : "upstream-model","choices":[{"delta":{"content":"hello from first"},"model":"upstream-model"}],"logprob":-0.10}"#;
    pair.first.next(Reply::events([odd, FINISH, "[DONE]"]));
    let answer = pair.ask_streamed().await;
    let expected = odd.replacen(r#""upstream-model""#, &format!("\"{GROUP}\""), 1);
    assert_eq!(answer.events()[0], Event::Data(expected), "{answer:?}");
}

#[tokio::test]
async fn unknown_fields_and_number_formats_of_whole_answers_survive() {
    let pair = Pair::start().await;
    let odd = r#"{ "x_unknown":[1.0,1e2,123456789012345678901234567890], "model" : "upstream-model","choices":[{"message":{"content":"hello from first"},"model":"upstream-model"}],"logprob":-0.10 }"#;
    pair.first.next(Reply::body(200, "application/json", odd));
    let answer = pair.ask().await;
    assert_answered(&answer, "first", 1);
    let expected = odd.replacen(r#""upstream-model""#, &format!("\"{GROUP}\""), 1);
    assert_eq!(answer.text(), expected);
}

#[tokio::test]
async fn text_of_every_script_survives_every_cut() {
    let pair = Pair::start().await;
    let text = "Привет, 世界 😀 é \"quoted\" \\n";
    let events = format!(
        "data: {}\n\ndata: {FINISH}\n\ndata: [DONE]\n\n",
        content_event(text)
    );
    let start = events.find("Привет").unwrap();
    for at in start..start + text.len() {
        pair.first
            .next(Reply::event_bytes(events.clone()).split_at(at));
        let answer = pair.ask_streamed().await.expect(200);
        assert_eq!(sse::text(&answer.events()), text);
    }
}

#[tokio::test]
async fn large_events_and_long_streams_arrive_in_full() {
    let pair = Pair::start().await;
    let words: Vec<String> = (0..2000).map(|n| format!("{n} ")).collect();
    let large = "x".repeat(1024 * 1024);
    let mut events: Vec<Value> = words.iter().map(|word| content_event(word)).collect();
    events.push(content_event(&large));
    pair.first
        .next(Reply::events(events).then_events([FINISH, "[DONE]"]));
    let answer = pair.ask_streamed().await.expect(200);
    let text = sse::text(&answer.events());
    assert_eq!(text.len(), words.concat().len() + large.len());
    assert!(text.starts_with(&words.concat()), "in order");
}

#[tokio::test]
async fn large_whole_answers_arrive_in_full() {
    let pair = Pair::start().await;
    let numbers: Vec<f64> = (0..300_000).map(|n| f64::from(n) / 7.0).collect();
    let data = json!([{"object": "embedding", "index": 0, "embedding": numbers}]);
    let body = json!({"object": "list", "data": data, "model": MODEL}).to_string();
    pair.first
        .next(Reply::body(200, "application/json", body.clone()).in_pieces_of(100_000));
    let question = json!({"model": GROUP, "input": "Hi"});
    let answer = pair
        .caller
        .post("/v1/embeddings", &question)
        .await
        .expect(200);
    assert_eq!(answer.text(), body.replace(MODEL, GROUP));
}
