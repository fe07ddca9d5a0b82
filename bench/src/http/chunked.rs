//! Bodies of unknown length: `size CRLF data CRLF … 0 CRLF trailers CRLF`, cut anywhere.

use std::io;

use super::broken;

/// Longest line of a size, with its extensions, or of a trailer.
const MAX_LINE: usize = 4096;

/// Reads a chunked body piece by piece.
#[derive(Debug, Default)]
pub struct Chunked {
    state: State,
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(usize),
    DataEnd,
    Trailer,
    Over,
}

impl Chunked {
    /// Takes what belongs to the body from the front of `bytes`; gives back how much that was.
    pub fn feed(&mut self, bytes: &[u8], mut body: impl FnMut(&[u8])) -> io::Result<usize> {
        let mut used = 0;
        while used < bytes.len() && self.state != State::Over {
            let rest = &bytes[used..];
            if let State::Data(left) = self.state {
                let taken = rest.len().min(left);
                body(&rest[..taken]);
                used += taken;
                self.state = match left - taken {
                    0 => State::DataEnd,
                    left => State::Data(left),
                };
                continue;
            }
            let end = rest.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(rest.len(), |end| end + 1);
            self.line.extend_from_slice(&rest[..taken]);
            used += taken;
            if self.line.len() > MAX_LINE {
                return Err(broken("an endless line between two chunks"));
            }
            if end.is_some() {
                self.state = after(self.state, self.line.trim_ascii())?;
                self.line.clear();
            }
        }
        Ok(used)
    }

    /// Whether the body has ended.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }
}

/// The state after a complete line.
fn after(state: State, line: &[u8]) -> io::Result<State> {
    match (state, line.is_empty()) {
        (State::Size, _) => match size(line)? {
            0 => Ok(State::Trailer),
            size => Ok(State::Data(size)),
        },
        (State::DataEnd, true) => Ok(State::Size),
        (State::DataEnd, false) => Err(broken("a chunk is longer than it says")),
        (State::Trailer, true) => Ok(State::Over),
        (state, _) => Ok(state),
    }
}

fn size(line: &[u8]) -> io::Result<usize> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    std::str::from_utf8(digits.trim_ascii())
        .ok()
        .and_then(|digits| usize::from_str_radix(digits, 16).ok())
        .ok_or_else(|| broken("a chunk without a size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"4;x=y\r\nWiki\r\nA\r\npedia in\r\n\r\n0\r\nx: y\r\n\r\nHTTP";

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        let length = BODY.len() - 4;
        for cut in 1..BODY.len() {
            let mut chunked = Chunked::default();
            let mut body = Vec::new();
            let mut used = 0;
            for piece in BODY.chunks(cut) {
                used += chunked
                    .feed(piece, |bytes| body.extend_from_slice(bytes))
                    .unwrap();
            }
            assert!(chunked.is_over());
            assert_eq!(body, b"Wikipedia in\r\n");
            assert_eq!(used, length, "what follows belongs to the next answer");
        }
    }

    #[test]
    fn what_is_not_a_chunk_is_refused() {
        let feed = |bytes: &[u8]| Chunked::default().feed(bytes, |_| {});
        assert!(feed(b"zz\r\n").is_err());
        assert!(feed(b"2\r\nabc\r\n").is_err());
        assert!(feed(&[b'1'; 5000]).is_err());
    }
}
