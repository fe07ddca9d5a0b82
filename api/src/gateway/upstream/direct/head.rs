//! Heads: of a request as it is written, of an answer as it is read (by httparse) and what follows from it (RFC 9112, section 6.3).

use std::mem::MaybeUninit;

use bytes::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, StatusCode};

use super::framing::{Chunks, Framing};
use super::link::Malformed;

/// Largest head of an answer, with the informational ones before it.
pub const MAX_HEAD: usize = 64 * 1024;
/// Headers of an answer.
const MAX_HEADERS: usize = 100;

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Where its body ends.
    pub framing: Framing,
    /// Whether the backend takes another request over this connection.
    pub keeps: bool,
}

/// Collects the bytes of a head.
#[derive(Debug)]
pub struct Reader {
    /// An answer to HEAD has no body, whatever it announces.
    bodiless: bool,
    /// What came before, if that was not a whole head.
    seen: Vec<u8>,
    /// Bytes of informational heads, which are passed over.
    passed: usize,
}

impl Reader {
    /// For the answer to a request of this method.
    pub fn new(method: &Method) -> Self {
        Self {
            bodiless: *method == Method::HEAD,
            seen: Vec::new(),
            passed: 0,
        }
    }

    /// Whether nothing has come yet.
    pub fn is_untouched(&self) -> bool {
        self.seen.is_empty() && self.passed == 0
    }

    /// Takes what came. Returns the head and how many of these bytes belong to it, once it is whole.
    ///
    /// # Errors
    /// If it is no head of an answer.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<(Head, usize)>, Malformed> {
        let before = self.seen.len();
        if before == 0 {
            return Ok(match self.look(bytes)? {
                Looked::Whole(head, length) => Some((head, length)),
                Looked::Part(passed) => {
                    self.seen.extend_from_slice(&bytes[passed..]);
                    None
                }
            });
        }
        self.seen.extend_from_slice(bytes);
        // A head that comes byte by byte is not read from its beginning each time.
        if !has_blank_line(&self.seen[before.saturating_sub(3)..]) {
            return match self.passed + self.seen.len() > MAX_HEAD {
                true => Err(HEAD_TOO_LARGE),
                false => Ok(None),
            };
        }
        let seen = std::mem::take(&mut self.seen);
        Ok(match self.look(&seen)? {
            // It was not whole before these bytes, so its end is among them.
            Looked::Whole(head, length) => Some((head, length - before)),
            Looked::Part(passed) => {
                self.seen.extend_from_slice(&seen[passed..]);
                None
            }
        })
    }

    fn look(&mut self, bytes: &[u8]) -> Result<Looked, Malformed> {
        let mut at = 0;
        loop {
            let parsed = parse(&bytes[at..], self.bodiless)?;
            let length = parsed
                .as_ref()
                .map_or(bytes.len() - at, |(_, length)| *length);
            if self.passed + length > MAX_HEAD {
                return Err(HEAD_TOO_LARGE);
            }
            match parsed {
                None => return Ok(Looked::Part(at)),
                Some((Some(head), _)) => return Ok(Looked::Whole(head, at + length)),
                Some((None, _)) => {
                    at += length;
                    self.passed += length;
                }
            }
        }
    }
}

enum Looked {
    /// A head that ends here.
    Whole(Head, usize),
    /// Not yet; this much of it is passed over.
    Part(usize),
}

fn has_blank_line(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\n\n") || bytes.windows(3).any(|three| three == b"\n\r\n")
}

/// The head at the beginning of these bytes and its length, if it is whole. No head stands for an informational one.
fn parse(bytes: &[u8], bodiless: bool) -> Result<Option<(Option<Head>, usize)>, Malformed> {
    let mut slots = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let complete = httparse::ParserConfig::default()
        .parse_response_with_uninit_headers(&mut parsed, bytes, &mut slots)
        .map_err(|error| match error {
            httparse::Error::TooManyHeaders => Malformed("its answer has too many headers"),
            _ => NOT_HTTP,
        })?;
    let (httparse::Status::Complete(length), Some(code)) = (complete, parsed.code) else {
        return Ok(None);
    };
    let status = StatusCode::from_u16(code).map_err(|_| NOT_HTTP)?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Malformed("it switches to another protocol"));
    }
    if status.is_informational() {
        return Ok(Some((None, length)));
    }
    // One copy, of which every value is a slice.
    let shared = Bytes::copy_from_slice(&bytes[..length]);
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for header in &*parsed.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| NOT_HTTP)?;
        let start = header
            .value
            .as_ptr()
            .addr()
            .wrapping_sub(bytes.as_ptr().addr());
        let end = start.wrapping_add(header.value.len());
        // An empty value need not lie within the head.
        let value = match shared.get(start..end) {
            Some(value) if !value.is_empty() => shared.slice_ref(value),
            _ => Bytes::new(),
        };
        let value = HeaderValue::from_maybe_shared(value).map_err(|_| NOT_HTTP)?;
        headers.append(name, value);
    }
    let modern = parsed.version == Some(1);
    let framing = match bodiless || matches!(code, 204 | 304) {
        true => Framing::Length(0),
        false => framing(&headers, modern)?,
    };
    let ambiguous = headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH);
    let kept = match modern {
        true => !says(&headers, "close"),
        false => says(&headers, "keep-alive"),
    };
    let head = Head {
        status,
        headers,
        framing,
        keeps: kept && !ambiguous && framing != Framing::UntilClosed,
    };
    Ok(Some((Some(head), length)))
}

fn framing(headers: &HeaderMap, modern: bool) -> Result<Framing, Malformed> {
    if let Some(last) = headers.get_all(TRANSFER_ENCODING).iter().next_back() {
        // HTTP/1.0 knows no chunks, so nobody can tell what is meant.
        if !modern {
            return Err(Malformed("HTTP/1.0 with a transfer encoding"));
        }
        let last = last.as_bytes().rsplit(|byte| *byte == b',').next();
        let chunked = last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        return Ok(match chunked {
            true => Framing::Chunked(Chunks::default()),
            false => Framing::UntilClosed,
        });
    }
    let mut length = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for part in value.as_bytes().split(|byte| *byte == b',') {
            let part = part.trim_ascii();
            let digits = !part.is_empty() && part.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(part).ok().filter(|_| digits);
            let parsed: u64 = text.and_then(|text| text.parse().ok()).ok_or(BAD_LENGTH)?;
            if length.is_some_and(|length| length != parsed) {
                return Err(BAD_LENGTH);
            }
            length = Some(parsed);
        }
    }
    Ok(length.map_or(Framing::UntilClosed, Framing::Length))
}

/// Whether the header `connection` has this word.
fn says(headers: &HeaderMap, word: &str) -> bool {
    headers.get_all(CONNECTION).iter().any(|value| {
        let mut words = value.as_bytes().split(|byte| *byte == b',');
        words.any(|said| said.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    })
}

const NOT_HTTP: Malformed = Malformed("it does not speak HTTP");
const HEAD_TOO_LARGE: Malformed = Malformed("the head of its answer is too large");
const BAD_LENGTH: Malformed = Malformed("the length of its answer is malformed");

/// The head of a request. A body announces its length; a request with a method that usually has one does so without one, too.
pub fn write(method: &Method, path: &str, headers: &HeaderMap, length: u64) -> Bytes {
    let values = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    let mut head = Vec::with_capacity(path.len() + values.sum::<usize>() + 64);
    for part in [method.as_str(), " ", path, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    for (name, value) in headers {
        // Neither can contain the end of a line: their types see to it.
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    if length > 0 || !matches!(*method, Method::GET | Method::HEAD) {
        head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head.into()
}

#[cfg(test)]
mod tests;
