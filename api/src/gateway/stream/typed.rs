//! Events that name their type: responses, images, speech and transcriptions.
//!
//! What says that something begins or goes on commits to nothing; a piece of the answer does. Backends that stream a
//! transcription as they stream a chat are read like a chat.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{self, GroupName, Meaning, Reading, parsed, renamed, says_something};
use crate::gateway::sse::Event;

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sequence_number: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Nested<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
}

/// Reads an event, and puts the group's name in place of the backend's. `sequence` becomes its number, if it has one.
pub(super) fn read(event: Event, group: &GroupName, sequence: &mut Option<u64>) -> Reading {
    let Some(data) = event.data.clone() else {
        return event::read(event, group);
    };
    // `[DONE]`, broken JSON, a chat.
    let Some(typed) =
        parsed::<Typed<'_>>(&data).filter(|typed| typed.kind.is_some() || typed.choices.is_none())
    else {
        return event::read(event, group);
    };
    if let Some(number) = typed.sequence_number {
        *sequence = number.get().parse().ok().or(*sequence);
    }
    let name = event
        .name
        .as_deref()
        .and_then(|name| std::str::from_utf8(name).ok());
    let kind = typed.kind.as_deref().or(name).unwrap_or_default();
    let failed = typed.error.is_some_and(|error| error.get() != "null");
    let meaning = match kind {
        _ if failed || kind == "error" || name == Some("error") => Meaning::Error(data.clone()),
        "response.failed" => {
            let why = typed.response.map_or(&data[..], |why| why.get().as_bytes());
            Meaning::Error(data.slice_ref(why))
        }
        "response.completed"
        | "response.incomplete"
        | "transcript.text.done"
        | "speech.audio.done" => Meaning::Complete,
        // Of several images each has its end.
        "image_generation.completed" => Meaning::Finish,
        _ => match kind.rsplit_once('.').map_or("", |(_, last)| last) {
            "delta" => match typed.delta.or(typed.audio) {
                Some(piece) if says_something(piece) => Meaning::Content,
                _ => Meaning::Nothing,
            },
            // Something is there as a whole; of a tool also that it failed, which is for the model to deal with.
            "done" | "completed" | "partial_image" | "segment" | "failed" => Meaning::Content,
            _ => Meaning::Nothing,
        },
    };
    let nested = typed
        .response
        .and_then(|response| serde_json::from_str::<Nested<'_>>(response.get()).ok())
        .and_then(|response| response.model);
    let mut models: Vec<&str> = [typed.model, nested]
        .into_iter()
        .flatten()
        .map(RawValue::get)
        .collect();
    models.retain(|model| *model != "null");
    models.sort_by_key(|model| model.as_ptr());
    let raw = renamed(&event, &data, &models, group);
    Reading { meaning, raw }
}

#[cfg(test)]
mod tests {
    use super::event::reading_by;
    use super::*;

    fn reading(raw: &str) -> (Meaning, String) {
        reading_by(
            |event| read(event, &GroupName::from("group".to_owned()), &mut None),
            raw,
        )
    }

    fn meaning(data: &str) -> Meaning {
        reading(&format!("data: {data}\n\n")).0
    }

    #[test]
    fn what_only_begins_or_goes_on_commits_to_nothing() {
        for data in [
            r#"{"type":"response.created","response":{"model":"m","error":null}}"#,
            r#"{"type":"response.queued","response":{}}"#,
            r#"{"type":"response.in_progress","response":{}}"#,
            r#"{"type":"response.output_item.added","item":{"type":"message","content":[]}}"#,
            r#"{"type":"response.content_part.added","part":{"text":""}}"#,
            r#"{"type":"response.output_text.delta","delta":""}"#,
            r#"{"type":"response.output_text.delta"}"#,
            r#"{"type":"response.web_search_call.searching"}"#,
            r#"{"type":"transcript.text.delta","delta":""}"#,
            r#"{"type":"keepalive"}"#,
            r#"{"type":7}"#,
            "{}",
        ] {
            assert_eq!(meaning(data), Meaning::Nothing, "{data}");
        }
        assert_eq!(
            reading("event: response.created\ndata: {}\n\n").0,
            Meaning::Nothing
        );
        assert_eq!(reading(": ping\n\n").0, Meaning::Comment);
    }

    #[test]
    fn pieces_of_the_answer_are_content() {
        for data in [
            r#"{"type":"response.output_text.delta","delta":"a"}"#,
            r#"{"type":"response.reasoning_summary_text.delta","delta":"a"}"#,
            r#"{"type":"response.function_call_arguments.done","arguments":"{}"}"#,
            r#"{"type":"response.output_item.done","item":{}}"#,
            r#"{"type":"response.image_generation_call.partial_image"}"#,
            r#"{"type":"response.mcp_call.failed"}"#,
            r#"{"type":"image_generation.partial_image","b64_json":"AA=="}"#,
            r#"{"type":"speech.audio.delta","audio":"AA=="}"#,
            r#"{"type":"transcript.text.segment","text":"a"}"#,
            r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        ] {
            assert_eq!(meaning(data), Meaning::Content, "{data}");
        }
        assert_eq!(
            reading("event: response.output_text.delta\ndata: {\"delta\":\"a\"}\n\n").0,
            Meaning::Content
        );
    }

    #[test]
    fn ends_and_errors_are_recognised() {
        for data in [
            r#"{"type":"response.completed","response":{}}"#,
            r#"{"type":"response.incomplete","response":{"error":null}}"#,
            r#"{"type":"transcript.text.done","text":""}"#,
            r#"{"type":"speech.audio.done"}"#,
        ] {
            assert_eq!(meaning(data), Meaning::Complete, "{data}");
        }
        assert_eq!(
            meaning(r#"{"type":"image_generation.completed"}"#),
            Meaning::Finish
        );
        assert_eq!(meaning("[DONE]"), Meaning::Done);
        let failed =
            r#"{"type":"response.failed","response":{"error":{"code":"insufficient_quota"}}}"#;
        let Meaning::Error(object) = meaning(failed) else {
            panic!("no error")
        };
        assert_eq!(object, r#"{"error":{"code":"insufficient_quota"}}"#);
        for data in [
            r#"{"type":"error","code":"x","message":"y"}"#,
            r#"{"type":"error","error":{"message":"y"}}"#,
            r#"{"error":{"message":"y"}}"#,
        ] {
            assert_eq!(meaning(data), Meaning::Error(data.into()), "{data}");
        }
        assert!(matches!(
            reading("event: error\ndata: {}\n\n").0,
            Meaning::Error(_)
        ));
        assert!(matches!(
            reading("event: error\ndata: boom\n\n").0,
            Meaning::Error(_)
        ));
    }

    #[test]
    fn the_group_takes_the_place_of_the_backends_model_inside_of_a_response_too() {
        let raw = "event: response.created\ndata: {\"response\":{\"id\":1.0,\"model\" : \"m\",\"tools\":[{\"model\":\"x\"}]},\"model\":\"m\",\"type\":\"response.created\"}\r\n\r\n";
        assert_eq!(reading(raw).1, raw.replace("\"m\"", "\"group\""));
        let raw =
            "data: {\"type\":\"response.created\",\ndata: \"response\":{\"model\":\"m\"}}\n\n";
        assert_eq!(reading(raw).1, raw.replace("\"m\"", "\"group\""));
        let raw = "data: {\"type\":\"response.created\",\"response\":{\"model\":null}}\n\n";
        assert_eq!(reading(raw).1, raw);
    }
}
