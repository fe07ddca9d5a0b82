//! Reads server-sent events (`text/event-stream`) out of the bytes of an answer.
//!
//! The browser's own `EventSource` cannot send a credential, so the application reads these streams with `fetch`, whose chunks end
//! anywhere: in the middle of a line, of a CRLF, of a character. The rule: what comes out depends on the bytes alone, never on where they were cut.

use std::time::Duration;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// What it is; `message` when the stream does not say.
    pub name: String,
    /// Its content; several `data` lines are lines of it.
    pub data: String,
    /// The id to resume after: this event's own or, if it has none, the last one before it.
    pub id: Option<String>,
}

/// Collects bytes and gives events as they become complete.
#[derive(Default)]
pub struct SseParser {
    /// The line that is still coming.
    line: Vec<u8>,
    /// The last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    /// Some line is complete, so a byte order mark is no longer one.
    begun: bool,
    name: String,
    data: Option<String>,
    id: Option<String>,
    retry: Option<Duration>,
}

impl SseParser {
    /// A parser at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and gives the events that they complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        let mut events = Vec::new();
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            self.line.extend_from_slice(&rest[..end]);
            let cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if cr {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            events.extend(self.end_line());
        }
        self.line.extend_from_slice(rest);
        events
    }

    /// How long the service wants to be left alone before somebody connects again.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Takes the line that has just ended; an empty one ends the event.
    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = self.data.take()?;
            return Some(SseEvent {
                name: if name.is_empty() {
                    "message".to_owned()
                } else {
                    name
                },
                data,
                id: self.id.clone(),
            });
        }
        let line = String::from_utf8_lossy(line);
        // A comment is a field without a name, and nobody's.
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = value.parse().ok().map(Duration::from_millis);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str, id: Option<&str>) -> SseEvent {
        SseEvent {
            name: name.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
        }
    }

    const STREAM: &str = "\u{feff}retry: 2000\n: heartbeat\n\nevent: delta\nid: 7\ndata: {\"content\":\"Привет 👋\"}\n\ndata\ndata:two\ndata:  three\n\nevent: nothing\n\nid:8\ndata: end\n\ndata: unfinished";

    fn expected() -> Vec<SseEvent> {
        vec![
            event("delta", "{\"content\":\"Привет 👋\"}", Some("7")),
            event("message", "\ntwo\n three", Some("7")),
            event("message", "end", Some("8")),
        ]
    }

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        for ending in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', ending);
            let bytes = stream.as_bytes();
            for cut in 0..=bytes.len() {
                let mut parser = SseParser::new();
                let mut events = parser.feed(&bytes[..cut]);
                events.extend(parser.feed(&[]));
                events.extend(parser.feed(&bytes[cut..]));
                assert_eq!(events, expected(), "{ending:?}, cut at {cut}");
                assert_eq!(parser.retry(), Some(Duration::from_secs(2)));
            }
            let mut parser = SseParser::new();
            let events: Vec<_> = bytes
                .iter()
                .flat_map(|byte| parser.feed(&[*byte]))
                .collect();
            assert_eq!(events, expected(), "{ending:?}, byte by byte");
        }
    }

    #[test]
    fn an_event_without_data_is_none_and_its_name_is_forgotten() {
        let mut parser = SseParser::new();
        assert_eq!(
            parser.feed(b"event: a\n\ndata: b\n\n"),
            [event("message", "b", None)]
        );
        assert_eq!(parser.feed(b"data\n\n"), [event("message", "", None)]);
    }

    #[test]
    fn bad_ids_and_delays_change_nothing() {
        let mut parser = SseParser::new();
        let events = parser.feed(
            b"id: 1\ndata: a\n\nid: 2\0\nretry: soon\nretry: -1\nretry:\nunknown: x\ndata: b\n\n",
        );
        assert_eq!(
            events,
            [
                event("message", "a", Some("1")),
                event("message", "b", Some("1"))
            ]
        );
        assert_eq!(parser.retry(), None);
    }

    #[test]
    fn an_empty_id_is_an_id() {
        let mut parser = SseParser::new();
        let events = parser.feed(b"id: 1\nid\ndata: a\n\n");
        assert_eq!(events, [event("message", "a", Some(""))]);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_stream() {
        let mut parser = SseParser::new();
        let events = parser.feed(b"data: a\xff\n\ndata: b\n\n");
        assert_eq!(
            events,
            [
                event("message", "a\u{fffd}", None),
                event("message", "b", None)
            ]
        );
    }
}
