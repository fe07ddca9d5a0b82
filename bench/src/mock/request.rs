//! Recognising what is asked.

use std::io;

use super::Framing;
use crate::http::broken;

/// Where everything fails.
pub const FAILING_PATH: &str = "/failing";

const MAX_HEADERS: usize = 64;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A completion in one piece.
    Completion,
    /// A completion as events.
    Stream,
    /// What always fails.
    Failure,
    /// The list of models.
    Models,
    /// Whether it is alive.
    Health,
    /// What the mock does not have.
    SomethingElse,
}

/// The request at the front of `bytes` and its length, once it is complete.
pub fn read(bytes: &[u8]) -> io::Result<Option<(Asked, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head) = request.parse(bytes).map_err(broken)? else {
        return Ok(None);
    };
    let Framing::Length(body) = Framing::of(request.headers)? else {
        return Err(broken("the mock takes no chunked requests"));
    };
    let length = head + body;
    let Some(body) = bytes.get(head..length) else {
        return Ok(None);
    };
    let asked = match (request.method, request.path) {
        (Some("POST"), Some(path)) if path.starts_with(FAILING_PATH) => Asked::Failure,
        (Some("POST"), Some(_)) if wants_stream(body) => Asked::Stream,
        (Some("POST"), Some(_)) => Asked::Completion,
        (Some("GET"), Some("/v1/models")) => Asked::Models,
        (Some("GET"), Some("/health")) => Asked::Health,
        _ => Asked::SomethingElse,
    };
    Ok(Some((asked, length)))
}

/// Whether the body says `"stream": true`. A real parser would cost what the mock must not; text that quotes the phrase is not
/// among what the load generator sends.
fn wants_stream(body: &[u8]) -> bool {
    const KEY: &[u8] = b"\"stream\"";
    let Some(at) = body.windows(KEY.len()).position(|window| window == KEY) else {
        return false;
    };
    let value = body[at + KEY.len()..].trim_ascii_start();
    value
        .strip_prefix(b":")
        .is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(body: &str) -> Vec<u8> {
        let length = body.len();
        format!("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
            .into_bytes()
    }

    #[test]
    fn a_request_is_answered_when_its_body_is_there() {
        let request = post(r#"{"model":"a","stream":false}"#);
        assert_eq!(read(&request[..request.len() - 1]).unwrap(), None);
        let all = Some((Asked::Completion, request.len()));
        assert_eq!(read(&request).unwrap(), all);
    }

    #[test]
    fn a_stream_is_recognised_with_and_without_spaces() {
        for body in [r#"{"stream":true}"#, r#"{"stream" : true, "n": 1}"#] {
            let (asked, _) = read(&post(body)).unwrap().unwrap();
            assert_eq!(asked, Asked::Stream, "{body}");
        }
    }

    #[test]
    fn chunked_requests_are_refused_rather_than_misread() {
        let request = b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert!(read(request).is_err());
    }
}
