//! Transcriptions: a form with a file, of which only `model` changes, and answers that are JSON, text or events.

use serde_json::{Value, json};

use super::{GROUP, Pair, assert_headers};
use crate::support::client::{Answer, Client};
use crate::support::sse::Event;
use crate::support::upstream::{MODEL, Reply};

const PATH: &str = "/v1/audio/transcriptions";
const MIB: usize = 1024 * 1024;

/// A field of a form.
fn field(name: &str, value: &str) -> Vec<u8> {
    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}").into_bytes()
}

/// The file of a form.
fn file(bytes: &[u8]) -> Vec<u8> {
    let head = b"Content-Disposition: form-data; name=\"file\"; filename=\"a b.wav\"\r\nContent-Type: audio/wav\r\n\r\n";
    [head, bytes].concat()
}

fn form(boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

async fn send(caller: &Client, kind: &str, body: Vec<u8>) -> Answer {
    caller.call("POST", PATH).body(kind, body).await
}

async fn ask(pair: &Pair, parts: &[Vec<u8>]) -> Answer {
    send(
        &pair.caller,
        "multipart/form-data; boundary=b0undary",
        form("b0undary", parts),
    )
    .await
}

#[track_caller]
fn assert_heard(answer: &Answer, name: &str, attempts: usize) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_headers(answer, attempts);
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some(name),
        "{answer:?}"
    );
    assert_eq!(
        answer.json(),
        json!({"text": format!("hello from {name}")}),
        "{answer:?}"
    );
}

/// Sound with all that a careless reader could stumble over.
fn awkward() -> Vec<u8> {
    let text = b"RIFF\0\xff\r\n\r\n--b0und\r\n--\r\nx --b0undary\r\nname=\"model\"\r\n\r\nx--b0undary--\r\n";
    [&text[..], &(0..=255).collect::<Vec<u8>>(), b"\r\n"].concat()
}

#[tokio::test]
async fn form_survives_byte_for_byte_but_for_the_model() {
    let pair = Pair::start().await;
    let (model, sound, language) = (
        field("model", GROUP),
        file(&awkward()),
        field("language", "ru"),
    );
    let orders = [
        [model.clone(), sound.clone(), language.clone()],
        [sound.clone(), language.clone(), model.clone()],
        [language, model, sound],
    ];
    let mut count = 0;
    for boundary in [
        "b0undary",
        "----WebKitFormBoundary7MA4YWxkTrZu0gW",
        "a:b?c=d",
    ] {
        for parts in &orders {
            let mut body = form(boundary, parts);
            if count % 2 == 0 {
                // What stands before the first delimiter means nothing, and stays.
                body.splice(0..0, *b"\r\n");
            }
            let kind = format!("Multipart/Form-Data; charset=utf-8; boundary=\"{boundary}\"");
            assert_heard(&send(&pair.caller, &kind, body.clone()).await, "first", 1);
            let request = &pair.first.requests()[count];
            let at = body
                .windows(GROUP.len())
                .position(|found| found == GROUP.as_bytes())
                .unwrap();
            body.splice(at..at + GROUP.len(), MODEL.bytes());
            assert_eq!(request.body, body);
            assert_eq!(request.target, PATH);
            assert_eq!(
                request.header("content-length"),
                Some(body.len().to_string().as_str())
            );
            assert_eq!(request.header("transfer-encoding"), None);
            let kind = request.header("content-type");
            assert_eq!(
                kind,
                Some(format!("multipart/form-data; boundary=\"{boundary}\"").as_str())
            );
            count += 1;
        }
    }
}

#[tokio::test]
async fn second_instance_gets_the_whole_form_when_first_fails() {
    let pair = Pair::start().await;
    let sound = awkward().repeat(3_000);
    let parts = [field("model", GROUP), file(&sound)];
    let expected = form("b0undary", &[field("model", MODEL), file(&sound)]);
    for fault in [
        Reply::failure(500),
        Reply::close(),
        Reply::body(200, "text/html", "<html>"),
        Reply::body(200, "application/json", ""),
    ] {
        pair.first.next(fault);
        assert_heard(&ask(&pair, &parts).await, "second", 2);
        assert_heard(&ask(&pair, &parts).await, "first", 1);
    }
    for request in pair.second.requests() {
        assert!(request.body == expected, "the form arrived changed");
    }
}

#[tokio::test]
async fn parameters_of_an_instance_become_fields() {
    let parameters = json!({
        "defaults": {"language": "ru", "temperature": 0.2},
        "overrides": {"timestamp_granularities": ["word"], "prompt": "x"},
        "strip": ["user"],
    });
    let pair = Pair::with(json!({"parameters": parameters}), json!({})).await;
    let parts = [
        field("user", "me"),
        file(b"sound"),
        field("language", "de"),
        field("timestamp_granularities[]", "segment"),
        field("model", GROUP),
    ];
    assert_heard(&ask(&pair, &parts).await, "first", 1);
    let expected = [
        file(b"sound"),
        field("language", "de"),
        field("model", MODEL),
        field("prompt", "x"),
        field("timestamp_granularities[]", "word"),
        field("temperature", "0.2"),
    ];
    let request = pair.first.request();
    let found = String::from_utf8(request.body).unwrap();
    assert_eq!(
        found,
        String::from_utf8(form("b0undary", &expected)).unwrap()
    );
}

#[tokio::test]
async fn text_is_an_answer_where_text_was_asked_for() {
    let pair = Pair::start().await;
    let with = |format: &str| {
        [
            field("model", GROUP),
            field("response_format", format),
            file(b"sound"),
        ]
    };
    let answer = ask(&pair, &with("srt")).await.expect(200);
    assert_eq!(
        answer.text(),
        "1\n00:00:00,000 --> 00:00:01,000\nhello from first\n"
    );
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/plain")
    );
    let answer = ask(&pair, &with("text")).await.expect(200);
    assert_eq!(answer.text(), "hello from first\n");
    // Nobody speaks.
    pair.first.next(Reply::body(200, "text/plain", ""));
    let answer = ask(&pair, &with("vtt")).await.expect(200);
    assert_eq!(
        (answer.text(), answer.header("x-understudy-instance")),
        ("", Some("first"))
    );
    for fault in [
        Reply::body(200, "text/html", "<html>"),
        Reply::json(200, &json!({"error": {"message": "broke"}})),
    ] {
        pair.first.next(fault);
        let answer = ask(&pair, &with("text")).await.expect(200);
        assert_eq!(answer.text(), "hello from second\n");
    }
    // Where JSON was asked for text is no answer.
    pair.first
        .next(Reply::body(200, "text/plain", "hello from first"));
    assert_heard(&ask(&pair, &with("json")).await, "second", 2);
}

#[tokio::test]
async fn transcriptions_are_streamed_in_both_forms_that_backends_have() {
    let pair = Pair::start().await;
    let parts = [
        field("stream", "true"),
        file(b"sound"),
        field("model", GROUP),
    ];
    let events = ask(&pair, &parts).await.expect(200).events();
    let last = events.last().unwrap().json();
    assert_eq!(
        (last["type"].as_str(), last["text"].as_str()),
        (Some("transcript.text.done"), Some("hello from first"))
    );

    let half = json!({"type": "transcript.text.delta", "delta": "half an "});
    pair.first.next(Reply::typed_events([half]).then_close());
    let last = ask(&pair, &parts).await.expect(200).events().pop().unwrap();
    assert_eq!(last.error_code().as_deref(), Some("stream_interrupted"));

    let empty = json!({"type": "transcript.text.delta", "delta": ""});
    pair.first.next(Reply::typed_events([empty]).then_close());
    let answer = ask(&pair, &parts).await.expect(200);
    assert_eq!(answer.header("x-understudy-instance"), Some("second"));

    // As vLLM has it.
    let chunk = |text: &str, finish: Value| json!({"object": "transcription.chunk", "model": MODEL, "choices": [{"delta": {"content": text}, "finish_reason": finish}]});
    pair.first.next(
        Reply::events([
            chunk("", Value::Null),
            chunk("hello", Value::Null),
            chunk("", json!("stop")),
        ])
        .then_events(["[DONE]"]),
    );
    let events = ask(&pair, &parts).await.expect(200).events();
    assert_eq!(events[1].json()["model"], GROUP);
    assert!(events.last().is_some_and(Event::is_done));
}

#[tokio::test]
async fn forms_that_are_not_clear_are_400_and_bother_nobody() {
    let pair = Pair::start().await;
    let model = field("model", GROUP);
    let whole = form("b0undary", &[model.clone(), file(b"sound")]);
    let kind = "multipart/form-data; boundary=b0undary";
    let cut = whole.len() - "--\r\n".len();
    let line = |text: &str| form("b0undary", &[model.clone(), file(text.as_bytes())]);
    for (kind, body) in [
        (kind, Vec::new()),
        (kind, b"{}".to_vec()),
        (kind, whole[..cut].to_vec()),
        ("multipart/form-data; boundary=other", whole.clone()),
        ("multipart/form-data", whole.clone()),
        (
            "multipart/form-data; boundary=b0undary; boundary=other",
            whole.clone(),
        ),
        // Some readers take each of these for a delimiter.
        (
            kind,
            line("x\n--b0undary\nContent-Disposition: form-data; name=model\n\nother"),
        ),
        (
            kind,
            line("x\r\n--b0undary \r\nContent-Disposition: form-data; name=model\r\n\r\nother"),
        ),
        (kind, line("x\r\n--b0undaryx")),
        (kind, form("b0undary", &[b"name=model\r\n\r\nx".to_vec()])),
        (
            kind,
            form(
                "b0undary",
                &[b"Content-Disposition: form-data; name=\"a\"; name=\"model\"\r\n\r\nx".to_vec()],
            ),
        ),
        (kind, [whole.clone(), whole.clone()].concat()),
    ] {
        let text = String::from_utf8_lossy(&body).into_owned();
        let answer = send(&pair.caller, kind, body).await;
        let error = answer.gateway_error(400, "invalid_multipart");
        assert_eq!(
            answer.header("x-understudy-attempts"),
            Some("0"),
            "{text}: {error}"
        );
    }
    for (parts, param) in [
        (vec![file(b"sound")], "model"),
        (vec![model.clone(), file(b"sound"), model.clone()], "model"),
        (vec![model.clone(), field("model", "other")], "model"),
        (
            vec![
                b"Content-Disposition: form-data; name=\"model\"; filename=\"m\"\r\n\r\nx".to_vec(),
            ],
            "model",
        ),
        (vec![model.clone(), field("stream", "perhaps")], "stream"),
    ] {
        let error = ask(&pair, &parts)
            .await
            .gateway_error(400, "invalid_request");
        assert_eq!(error["param"], param, "{error}");
    }
    ask(&pair, &[field("model", "nobody")])
        .await
        .gateway_error(404, "model_not_found");
    send(&pair.caller, "application/json", b"{}".to_vec())
        .await
        .gateway_error(415, "unsupported_media_type");
    assert!(pair.first.all_requests().is_empty());
}

#[tokio::test]
async fn form_of_more_than_32_mib_is_413_and_one_of_32_mib_arrives() {
    let pair = Pair::start().await;
    let frame = form("b0undary", &[file(b""), field("model", GROUP)]).len();
    let sound = vec![b'\n'; 32 * MIB - frame];
    assert_heard(
        &ask(&pair, &[file(&sound), field("model", GROUP)]).await,
        "first",
        1,
    );
    let arrived = pair.first.request().body.len();
    assert_eq!(arrived, 32 * MIB - GROUP.len() + MODEL.len());
    let body = form(
        "b0undary",
        &[file(&[sound, vec![0]].concat()), field("model", GROUP)],
    );
    let call = pair
        .caller
        .call("POST", PATH)
        .body("multipart/form-data; boundary=b0undary", body);
    let refused = call.open().await;
    assert_eq!(refused.status(), 413);
}
