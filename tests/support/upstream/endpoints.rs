//! What a healthy backend answers at the endpoints beside chats, completions and embeddings.

use serde_json::{Value, json};

use super::MODEL;
use super::healthy::greeting;
use super::record::Recorded;
use super::reply::Reply;

/// Sound, as a backend that is called `name` makes it.
pub fn sound(name: &str) -> Vec<u8> {
    [b"ID3\0\xff\xfb\0", name.as_bytes()].concat()
}

/// Answers what these endpoints take.
pub fn reply(path: &str, name: &str, body: &Value) -> Option<Reply> {
    let streams = body["stream"] == true;
    let model = &body["model"];
    if path.ends_with("/responses") {
        return Some(match streams {
            true => Reply::typed_events(response_events(name)),
            false => Reply::json(200, &response(name, "completed", model)),
        });
    }
    if path.ends_with("/rerank") {
        let results =
            json!([{"index": 1, "relevance_score": 0.90}, {"index": 0, "relevance_score": 0.1}]);
        let reply = json!({"id": name, "model": model, "results": results});
        return Some(Reply::json(200, &reply));
    }
    if path.ends_with("/moderations") {
        let result = json!({"flagged": true, "categories": {"violence": true}, "category_scores": {"violence": 0.9}});
        let reply = json!({"id": name, "model": model, "results": [result]});
        return Some(Reply::json(200, &reply));
    }
    if path.ends_with("/images/generations") {
        return Some(match streams {
            true => Reply::typed_events(image_events()),
            false => Reply::json(
                200,
                &json!({"created": 1, "data": [{"b64_json": "AAAA", "revised_prompt": name}]}),
            ),
        });
    }
    if path.ends_with("/audio/speech") {
        return Some(match body["stream_format"] == "sse" {
            true => Reply::typed_events(speech_events()),
            false => Reply::body(200, "audio/mpeg", sound(name)),
        });
    }
    None
}

/// Answers a transcription by what stands in its form.
pub fn transcription(name: &str, request: &Recorded) -> Reply {
    let form = String::from_utf8_lossy(&request.body);
    let says =
        |field: &str, value: &str| form.contains(&format!("name=\"{field}\"\r\n\r\n{value}\r\n"));
    if says("stream", "true") {
        Reply::typed_events(transcript_events(name))
    } else if says("response_format", "srt") {
        let srt = format!("1\n00:00:00,000 --> 00:00:01,000\n{}\n", greeting(name));
        Reply::body(200, "application/x-subrip", srt)
    } else if says("response_format", "text") {
        Reply::body(
            200,
            "text/plain; charset=utf-8",
            format!("{}\n", greeting(name)),
        )
    } else {
        Reply::json(200, &json!({"text": greeting(name)}))
    }
}

/// A response as a whole.
pub fn response(name: &str, status: &str, model: &Value) -> Value {
    let part = json!({"type": "output_text", "text": greeting(name), "annotations": []});
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]});
    json!({
        "id": "resp_1", "object": "response", "created_at": 1, "status": status, "model": model, "error": null,
        "output": [message], "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": 3, "output_tokens": 3, "total_tokens": 6},
    })
}

/// An event of a response.
pub fn response_event(kind: &str, number: u64, fields: Value) -> Value {
    let mut event = json!({"type": format!("response.{kind}"), "sequence_number": number});
    for (name, value) in fields.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

/// An event of a response with a piece of its text.
pub fn text_delta(number: u64, text: &str) -> Value {
    let fields = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": text});
    response_event("output_text.delta", number, fields)
}

/// The events with which a response begins: nothing of its answer is in them.
pub fn response_preamble() -> Vec<Value> {
    let begun = json!({"response": {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "model": MODEL, "error": null,
        "output": [], "parallel_tool_calls": true, "tool_choice": "auto", "tools": [],
    }});
    let item = json!({"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []});
    let part = json!({"type": "output_text", "text": "", "annotations": []});
    vec![
        response_event("created", 0, begun.clone()),
        response_event("in_progress", 1, begun),
        response_event(
            "output_item.added",
            2,
            json!({"output_index": 0, "item": item}),
        ),
        response_event(
            "content_part.added",
            3,
            json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "part": part}),
        ),
    ]
}

/// The last event of a response.
pub fn response_end(name: &str, kind: &str, number: u64) -> Value {
    response_event(
        kind,
        number,
        json!({"response": response(name, kind, &json!(MODEL))}),
    )
}

fn response_events(name: &str) -> Vec<Value> {
    let mut events = response_preamble();
    events.push(text_delta(4, "hello "));
    events.push(text_delta(5, "from "));
    events.push(text_delta(6, name));
    let whole =
        json!({"item_id": "msg_1", "output_index": 0, "content_index": 0, "text": greeting(name)});
    events.push(response_event("output_text.done", 7, whole));
    events.push(response_end(name, "completed", 8));
    events
}

fn image_events() -> Vec<Value> {
    let about = json!({"b64_json": "AAAA", "created_at": 1, "size": "1024x1024", "quality": "high", "background": "opaque", "output_format": "png"});
    let with = |kind: &str| {
        let mut event = about.clone();
        event["type"] = json!(format!("image_generation.{kind}"));
        event
    };
    let mut partial = with("partial_image");
    partial["partial_image_index"] = json!(0);
    vec![partial, with("completed")]
}

fn speech_events() -> Vec<Value> {
    vec![
        json!({"type": "speech.audio.delta", "audio": "SUQz"}),
        json!({"type": "speech.audio.done", "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}),
    ]
}

fn transcript_events(name: &str) -> Vec<Value> {
    vec![
        json!({"type": "transcript.text.delta", "delta": "hello from "}),
        json!({"type": "transcript.text.delta", "delta": name}),
        json!({"type": "transcript.text.done", "text": greeting(name)}),
    ]
}
