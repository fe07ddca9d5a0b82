//! Whether a complete answer is one to what was asked: JSON, text or sound.

use std::borrow::Cow;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;
use understudy_shared::ReasonCode;

use super::Whole;
use crate::gateway::body::Object;
use crate::gateway::classify::{self, Failure};
use crate::gateway::question::Expected;
use crate::gateway::tokens;
use crate::gateway::upstream::Response;

/// Sound of which nothing more is known.
const RAW: &str = "application/octet-stream";

/// What a whole answer declares to be, if anything.
///
/// # Errors
/// If that is nothing that anybody asks for, so that it need not be read.
pub(super) fn whole(response: &Response) -> Result<String, Failure> {
    let kind = declared(response);
    match essence(kind).as_str() {
        "text/event-stream" => Err(Failure::sent(
            ReasonCode::BadAnswer,
            "its answer is a stream",
        )),
        "text/html" => Err(Failure::sent(ReasonCode::BadAnswer, "its answer is a page")),
        _ => Ok(kind.to_owned()),
    }
}

/// What sound declares to be.
pub(super) fn of_audio(response: &Response) -> String {
    match declared(response) {
        "" => RAW.to_owned(),
        kind => kind.to_owned(),
    }
}

fn declared(response: &Response) -> &str {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default()
}

/// Whether an answer declares to be sound, or nothing that it could not be.
pub(super) fn is_audio(response: &Response) -> bool {
    sound(declared(response))
}

fn essence(kind: &str) -> String {
    let kind = kind.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

fn sound(kind: &str) -> bool {
    let kind = essence(kind);
    let raw = [
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "application/ogg",
    ];
    kind.starts_with("audio/") || kind.starts_with("video/") || raw.contains(&kind.as_str())
}

/// The answer as its caller gets it.
///
/// # Errors
/// If it is an error, or no answer to what was asked.
pub(super) fn checked(
    expected: Expected,
    kind: String,
    body: Bytes,
    group: &str,
) -> Result<Whole, Failure> {
    match expected {
        Expected::Text => text(kind, body, group),
        Expected::Audio | Expected::AudioStream => audio(kind, body),
        Expected::Json | Expected::Events => json(&body, group),
    }
}

/// A JSON object under the group's name.
fn json(body: &Bytes, group: &str) -> Result<Whole, Failure> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(empty());
    }
    let object = Object::scan(body)
        .map_err(|_| Failure::sent(ReasonCode::BadAnswer, "its answer is not a JSON object"))?;
    told(&object, body, group)
}

fn told(object: &Object<'_>, body: &Bytes, group: &str) -> Result<Whole, Failure> {
    Ok(Whole {
        kind: Cow::Borrowed("application/json"),
        body: named(object, body, group)?,
        tokens: object.get("usage").and_then(tokens::read),
    })
}

fn named(object: &Object<'_>, body: &Bytes, group: &str) -> Result<Bytes, Failure> {
    if object.get("error").is_some_and(|error| error != "null") {
        return Err(classify::classify_error_object(body));
    }
    Ok(match object.get("model") {
        None | Some("null") => body.clone(),
        Some(_) => object.with("model", &Value::from(group)),
    })
}

/// Text as it came. Where nobody speaks a transcription is empty; a backend may also send JSON, above all an error.
fn text(kind: String, body: Bytes, group: &str) -> Result<Whole, Failure> {
    let kind = match essence(&kind) {
        json if json.ends_with("json") => {
            return match Object::scan(&body) {
                Ok(object) => told(&object, &body, group),
                Err(_) => Ok(Whole {
                    kind: Cow::Borrowed("application/json"),
                    body,
                    tokens: None,
                }),
            };
        }
        text if text.starts_with("text/") => Cow::Owned(kind),
        _ => Cow::Borrowed("text/plain; charset=utf-8"),
    };
    Ok(Whole {
        kind,
        body,
        tokens: None,
    })
}

/// Sound as it came.
fn audio(kind: String, body: Bytes) -> Result<Whole, Failure> {
    if !sound(&kind) {
        let error = Object::scan(&body)
            .is_ok_and(|object| object.get("error").is_some_and(|error| error != "null"));
        return Err(match error {
            true => classify::classify_error_object(&body),
            false => Failure::sent(ReasonCode::BadAnswer, "its answer is not sound"),
        });
    }
    if body.is_empty() {
        return Err(empty());
    }
    let kind = match kind.is_empty() {
        true => Cow::Borrowed(RAW),
        false => Cow::Owned(kind),
    };
    Ok(Whole {
        kind,
        body,
        tokens: None,
    })
}

fn empty() -> Failure {
    Failure::sent(ReasonCode::EmptyAnswer, "its answer is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        expected: Expected,
        kind: &str,
        body: &'static str,
    ) -> Result<(String, String), String> {
        let whole = checked(expected, kind.to_owned(), Bytes::from(body), "group");
        whole
            .map(|whole| {
                let body = String::from_utf8(whole.body.to_vec()).unwrap();
                (whole.kind.into_owned(), body)
            })
            .map_err(|failure| failure.code.to_string())
    }

    #[test]
    fn text_may_be_empty_and_is_not_taken_for_anything_else() {
        let text = |kind, body| check(Expected::Text, kind, body);
        for (kind, body) in [
            ("text/plain; charset=utf-8", ""),
            ("text/plain", "\n"),
            ("text/vtt", "WEBVTT\n\n"),
            ("text/plain", "{\"error\":{}}"),
            ("application/json", "\"quoted\""),
        ] {
            assert_eq!(text(kind, body), Ok((kind.to_owned(), body.to_owned())));
        }
        let srt = "1\n00:00:00,000 --> 00:00:01,000\nHi\n";
        for kind in ["application/x-subrip", "application/octet-stream", ""] {
            assert_eq!(
                text(kind, srt),
                Ok(("text/plain; charset=utf-8".to_owned(), srt.to_owned()))
            );
        }
        let error = "{\"error\":{\"message\":\"x\"}}";
        assert_eq!(
            text("application/json", error),
            Err("error_in_answer".to_owned())
        );
        let named = "{\"text\":\"a\",\"model\":\"group\"}";
        assert_eq!(
            text("application/json", "{\"text\":\"a\",\"model\":\"m\"}"),
            Ok(("application/json".to_owned(), named.to_owned()))
        );
    }

    #[test]
    fn sound_is_whatever_is_no_text() {
        let audio = |kind, body| check(Expected::Audio, kind, body);
        for kind in [
            "audio/mpeg",
            "Audio/L16; rate=24000",
            "application/octet-stream",
            "video/mp4",
        ] {
            assert_eq!(
                audio(kind, "    "),
                Ok((kind.to_owned(), "    ".to_owned()))
            );
        }
        assert_eq!(audio("", "a").unwrap().0, "application/octet-stream");
        assert_eq!(audio("audio/mpeg", ""), Err("empty_answer".to_owned()));
        for kind in [
            "application/json",
            "text/plain",
            "text/html",
            "text/event-stream",
        ] {
            assert_eq!(audio(kind, "{}"), Err("bad_answer".to_owned()), "{kind}");
        }
        assert_eq!(
            audio("application/json", "{\"error\":{\"message\":\"x\"}}"),
            Err("error_in_answer".to_owned())
        );
    }

    #[test]
    fn json_is_an_object_without_an_error() {
        let json = |body| check(Expected::Json, "application/json", body);
        let named = |body: &str| Ok(("application/json".to_owned(), body.to_owned()));
        assert_eq!(
            json("{\"model\":\"m\",\"error\":null}"),
            named("{\"model\":\"group\",\"error\":null}")
        );
        assert_eq!(json("{\"model\":null}"), named("{\"model\":null}"));
        assert_eq!(json(" "), Err("empty_answer".to_owned()));
        assert_eq!(json("[]"), Err("bad_answer".to_owned()));
        assert_eq!(json("{\"error\":\"x\"}"), Err("error_in_answer".to_owned()));
    }
}
