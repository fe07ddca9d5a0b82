//! What one event of a stream means: content, a finish, an error, or nothing yet.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::gateway::sse::{self, Event};

/// What an event means for the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Text, a tool call, reasoning: the instance answers.
    Content,
    /// The answer is complete, with or without content.
    Finish,
    /// The answer is complete, and nothing follows.
    Complete,
    /// `[DONE]`
    Done,
    /// The instance reports an error; the object as it came.
    Error(Bytes),
    /// A role, an empty delta, usage: commits to nothing.
    Nothing,
    /// No data at all.
    Comment,
}

/// An event that was read.
#[derive(Debug)]
pub struct Reading {
    /// What it means.
    pub meaning: Meaning,
    /// What the caller gets: the event under the group's name.
    pub raw: Bytes,
}

/// The group's name, which stands in an answer in place of the backend's model.
#[derive(Debug)]
pub struct GroupName {
    /// As it is.
    pub plain: String,
    /// As JSON has it.
    quoted: String,
}

impl From<String> for GroupName {
    fn from(plain: String) -> Self {
        let quoted = Value::from(&*plain).to_string();
        Self { plain, quoted }
    }
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
}

/// An event's data as JSON, if it is.
pub(super) fn parsed<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(data).ok()?).ok()
}

/// Whether a value is more than a way to say nothing: some backends send empty strings and lists in place of `null`.
pub(super) fn says_something(value: &RawValue) -> bool {
    !matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
}

impl Delta<'_> {
    fn has_content(&self) -> bool {
        let parts = [
            self.content,
            self.reasoning_content,
            self.reasoning,
            self.refusal,
            self.tool_calls,
            self.function_call,
            self.audio,
        ];
        parts.into_iter().flatten().any(says_something)
    }
}

impl Choice<'_> {
    fn has_finished(&self) -> bool {
        self.finish_reason.is_some_and(says_something)
    }

    fn has_content(&self) -> bool {
        self.text.as_ref().is_some_and(|text| !text.is_empty())
            || self.delta.as_ref().is_some_and(Delta::has_content)
    }
}

/// Reads an event, and puts the group's name in place of the backend's.
pub(super) fn read(event: Event, group: &GroupName) -> Reading {
    let Some(data) = event.data.clone() else {
        return Reading {
            meaning: Meaning::Comment,
            raw: event.raw,
        };
    };
    if data.as_ref() == b"[DONE]" {
        return Reading {
            meaning: Meaning::Done,
            raw: event.raw,
        };
    }
    let failed = event.name.as_deref() == Some(b"error");
    let Some(chunk) = parsed::<Chunk<'_>>(&data) else {
        let meaning = if failed {
            Meaning::Error(data)
        } else {
            Meaning::Nothing
        };
        return Reading {
            meaning,
            raw: event.raw,
        };
    };
    if failed || chunk.error.is_some_and(|error| error.get() != "null") {
        return Reading {
            meaning: Meaning::Error(data),
            raw: event.raw,
        };
    }
    let choices = chunk.choices.as_deref().unwrap_or_default();
    let meaning = if choices.iter().any(Choice::has_finished) {
        Meaning::Finish
    } else if choices.iter().any(Choice::has_content) {
        Meaning::Content
    } else {
        Meaning::Nothing
    };
    let raw = match chunk.model {
        Some(model) => renamed(&event, &data, &[model.get()], group),
        None => event.raw.clone(),
    };
    Reading { meaning, raw }
}

/// The event with the group's name in place of these values, which are slices of its data, in their order.
pub(super) fn renamed(event: &Event, data: &Bytes, models: &[&str], group: &GroupName) -> Bytes {
    if models.iter().all(|model| *model == group.quoted) {
        return event.raw.clone();
    }
    // One line of data is a slice of the event; several were joined into a buffer of their own.
    let raw_start = event.raw.as_ptr() as usize;
    let inside = (data.as_ptr() as usize)
        .checked_sub(raw_start)
        .filter(|at| at + data.len() <= event.raw.len());
    let splice = |whole: &[u8], at: usize| {
        let mut bytes = BytesMut::with_capacity(whole.len() + models.len() * group.quoted.len());
        let mut done = 0;
        for model in models {
            let start = at + model.as_ptr() as usize - data.as_ptr() as usize;
            bytes.extend_from_slice(&whole[done..start]);
            bytes.extend_from_slice(group.quoted.as_bytes());
            done = start + model.len();
        }
        bytes.extend_from_slice(&whole[done..]);
        bytes.freeze()
    };
    match inside {
        Some(at) => splice(&event.raw, at),
        None => sse::encode(event.name.as_deref(), &splice(data, 0)),
    }
}

/// What a reader makes of one event, and what the caller gets of it.
#[cfg(test)]
pub(super) fn reading_by(read: impl FnOnce(Event) -> Reading, raw: &str) -> (Meaning, String) {
    let mut decoder = sse::Decoder::new(4096);
    decoder.push(raw.as_bytes());
    let Reading { meaning, raw } = read(decoder.next_event().unwrap().unwrap());
    (meaning, String::from_utf8(raw.to_vec()).unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(raw: &str) -> (Meaning, String) {
        reading_by(
            |event| read(event, &GroupName::from("group".to_owned())),
            raw,
        )
    }

    fn meaning(data: &str) -> Meaning {
        reading(&format!("data: {data}\n\n")).0
    }

    #[test]
    fn roles_and_empty_deltas_commit_to_nothing() {
        for data in [
            r#"{"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":null,"tool_calls":[]}}]}"#,
            r#"{"choices":[],"usage":{"total_tokens":1}}"#,
            r#"{"choices":[{"text":""}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant"},"finish_reason":""}]}"#,
            r#"{}"#,
            "not json",
        ] {
            assert_eq!(meaning(data), Meaning::Nothing, "{data}");
        }
    }

    #[test]
    fn text_tool_calls_and_reasoning_are_content() {
        for data in [
            r#"{"choices":[{"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"delta":{"content":" "},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0}]}}]}"#,
            r#"{"choices":[{"text":"a\n"}]}"#,
            r#"{"choices":[{"delta":{}},{"delta":{"content":"b"}}]}"#,
        ] {
            assert_eq!(meaning(data), Meaning::Content, "{data}");
        }
        assert_eq!(
            meaning(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#),
            Meaning::Finish
        );
        assert_eq!(meaning("[DONE]"), Meaning::Done);
        assert_eq!(reading(": ping\n\n").0, Meaning::Comment);
    }

    #[test]
    fn errors_are_recognised_by_object_and_by_name() {
        assert!(matches!(
            meaning(r#"{"error":{"message":"x"}}"#),
            Meaning::Error(_)
        ));
        assert!(matches!(
            reading("event: error\ndata: boom\n\n").0,
            Meaning::Error(_)
        ));
        assert_eq!(
            meaning(r#"{"error":null,"choices":[{"delta":{"content":"a"}}]}"#),
            Meaning::Content
        );
    }

    #[test]
    fn the_group_takes_the_place_of_the_backends_model() {
        let raw =
            "id: 7\ndata: {\"id\":1.0,\"model\" : \"m\\u0031\",\"x\":{\"model\":\"y\"}}\r\n\r\n";
        assert_eq!(reading(raw).1, raw.replace("\"m\\u0031\"", "\"group\""));
        assert_eq!(
            reading("event: e\ndata: {\"model\":\ndata: \"m\"}\n\n").1,
            "event: e\ndata: {\"model\":\ndata: \"group\"}\n\n"
        );
    }
}
