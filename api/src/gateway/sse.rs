//! Server-sent events, cut out of a stream of bytes that may break anywhere.
//!
//! Knows lines and events, not their meaning. Memory is bounded: an event larger than the limit is an error.

use bytes::{Buf as _, Bytes, BytesMut};

/// May stand at the very beginning and means nothing.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One event: its bytes as they came, including the blank line, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The event as it came.
    pub raw: Bytes,
    /// The lines `data:`, joined; none if there is none (a comment, a ping).
    pub data: Option<Bytes>,
    /// The line `event:`.
    pub name: Option<Bytes>,
}

/// An event was larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {0} bytes")]
pub struct EventTooLarge(pub usize);

/// Cuts events out of chunks.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// Bytes of the buffer that are known to have no end of an event.
    scanned: usize,
    /// Where the line that is being read begins.
    line_start: usize,
    /// The last byte consumed was a carriage return, so a line feed that follows belongs to it.
    after_cr: bool,
    begun: bool,
    limit: usize,
}

impl Decoder {
    /// A decoder for events of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            line_start: 0,
            after_cr: false,
            begun: false,
            limit,
        }
    }

    /// Bytes that are held until their event ends.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Changes how large an event may be.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Takes a chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
        // Whatever else the stream begins with, even a blank line: what follows is no mark any more.
        let undecided = self.buffer.len() < 3 && BYTE_ORDER_MARK.starts_with(&self.buffer);
        if !self.begun && !undecided {
            self.begun = true;
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.advance(BYTE_ORDER_MARK.len());
                self.scanned = 0;
                self.line_start = 0;
            }
        }
    }

    /// The next whole event.
    ///
    /// # Errors
    /// If the event that is being read is larger than the limit.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventTooLarge> {
        loop {
            let Some(offset) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                return if self.buffer.len() > self.limit {
                    Err(EventTooLarge(self.limit))
                } else {
                    Ok(None)
                };
            };
            let at = self.scanned + offset;
            let byte = self.buffer[at];
            // The line feed of a CRLF whose carriage return has ended the line already.
            if byte == b'\n' && at == self.line_start && self.after_cr {
                self.after_cr = false;
                if at == 0 {
                    self.buffer.advance(1);
                    self.scanned = 0;
                    self.line_start = 0;
                } else {
                    self.scanned = at + 1;
                    self.line_start = at + 1;
                }
                continue;
            }
            let blank = at == self.line_start;
            self.after_cr = byte == b'\r';
            if !blank {
                self.scanned = at + 1;
                self.line_start = at + 1;
                continue;
            }
            let mut end = at + 1;
            if self.after_cr && self.buffer.get(end) == Some(&b'\n') {
                self.after_cr = false;
                end += 1;
            }
            let raw = self.buffer.split_to(end).freeze();
            self.scanned = 0;
            self.line_start = 0;
            if raw.len() > self.limit {
                return Err(EventTooLarge(self.limit));
            }
            // A blank line alone separates nothing.
            if raw.len() <= 2 {
                continue;
            }
            return Ok(Some(parse(raw)));
        }
    }
}

/// Reads the lines of an event.
fn parse(raw: Bytes) -> Event {
    let mut data: Option<Bytes> = None;
    let mut joined: Option<BytesMut> = None;
    let mut name = None;
    let mut start = 0;
    while start < raw.len() {
        let end =
            memchr::memchr2(b'\n', b'\r', &raw[start..]).map_or(raw.len(), |offset| start + offset);
        let line = &raw[start..end];
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = start + colon + 1;
                let value = if raw.get(value) == Some(&b' ') && value < end {
                    value + 1
                } else {
                    value
                };
                (&line[..colon], value..end)
            }
            None => (line, end..end),
        };
        match field {
            b"data" => match (&data, &mut joined) {
                (None, _) => data = Some(raw.slice(value)),
                (Some(_), Some(joined)) => {
                    joined.extend_from_slice(b"\n");
                    joined.extend_from_slice(&raw[value]);
                }
                (Some(first), None) => {
                    let mut lines = BytesMut::from(&first[..]);
                    lines.extend_from_slice(b"\n");
                    lines.extend_from_slice(&raw[value]);
                    joined = Some(lines);
                }
            },
            b"event" => name = Some(raw.slice(value)),
            _ => {}
        }
        start = end + 1;
    }
    Event {
        data: joined.map(BytesMut::freeze).or(data),
        name,
        raw,
    }
}

/// An event with this data, and the name of the original.
pub fn encode(name: Option<&[u8]>, data: &[u8]) -> Bytes {
    let mut raw = BytesMut::with_capacity(data.len() + 32);
    if let Some(name) = name {
        raw.extend_from_slice(b"event: ");
        raw.extend_from_slice(name);
        raw.extend_from_slice(b"\n");
    }
    for line in data.split(|byte| *byte == b'\n') {
        raw.extend_from_slice(b"data: ");
        raw.extend_from_slice(line);
        raw.extend_from_slice(b"\n");
    }
    raw.extend_from_slice(b"\n");
    raw.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<(Option<String>, Option<String>)> {
        let mut decoder = Decoder::new(1024);
        let mut events = Vec::new();
        let text =
            |bytes: Option<Bytes>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(event) = decoder.next_event().unwrap() {
                events.push((text(event.name), text(event.data)));
            }
        }
        events
    }

    fn data(chunks: &[&[u8]]) -> Vec<String> {
        decode(chunks)
            .into_iter()
            .filter_map(|(_, data)| data)
            .collect()
    }

    #[test]
    fn every_split_gives_the_same_events() {
        let streams: [&str; 4] = [
            "data: {\"a\":1}\n\ndata: é\n\n: ping\n\nevent: x\ndata: 1\ndata:2\n\ndata: [DONE]\n\n",
            "data: {\"a\":1}\r\n\r\ndata: é\r\n\r\n: ping\r\n\r\nevent: x\r\ndata: 1\r\ndata:2\r\n\r\ndata: [DONE]\r\n\r\n",
            "data: {\"a\":1}\r\rdata: é\r\r: ping\r\revent: x\rdata: 1\rdata:2\r\rdata: [DONE]\r\r",
            "\u{feff}data: {\"a\":1}\n\n\n\ndata: é\n\n: ping\n\nevent: x\ndata: 1\ndata:2\n\ndata: [DONE]\n\n",
        ];
        for stream in streams {
            let bytes = stream.as_bytes();
            let expected = ["{\"a\":1}", "é", "1\n2", "[DONE]"];
            assert_eq!(data(&[bytes]), expected);
            for cut in 1..bytes.len() {
                assert_eq!(
                    data(&[&bytes[..cut], &bytes[cut..]]),
                    expected,
                    "{stream:?} cut at {cut}"
                );
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(data(&single), expected, "{stream:?} byte by byte");
        }
    }

    #[test]
    fn a_byte_order_mark_is_one_at_the_very_beginning_alone() {
        // Found by fuzzing: behind a blank line it was taken for one if the bytes came one by one.
        let stream = "\n\u{feff}data: 1\n\ndata: 2\n\n".as_bytes();
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(data(&[stream]), ["2"]);
        assert_eq!(data(&single), ["2"]);
    }

    #[test]
    fn names_comments_and_lines_without_a_colon_are_told_apart() {
        assert_eq!(
            decode(&[b": comment\n\nevent: error\ndata\n\nretry: 3\n\n"]),
            [
                (None, None),
                (Some("error".into()), Some(String::new())),
                (None, None)
            ]
        );
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut decoder = Decoder::new(16);
        decoder.push(b"data: 0123456789");
        assert_eq!(decoder.next_event(), Ok(None));
        decoder.push(b"0");
        assert_eq!(decoder.next_event(), Err(EventTooLarge(16)));
    }

    #[test]
    fn an_event_survives_encoding() {
        let raw = encode(Some(b"x"), b"1\n2");
        assert_eq!(raw, "event: x\ndata: 1\ndata: 2\n\n");
        assert_eq!(decode(&[&raw]), [(Some("x".into()), Some("1\n2".into()))]);
    }
}
