//! Where the body of an answer ends (RFC 9112, sections 6.3 and 7.1): by its length, by its chunks, or with the connection.
//!
//! It goes on from any byte, so that nothing is held back between two reads. What is not data is bounded: chunk extensions and
//! trailers say nothing that is used here.

use bytes::BytesMut;

use super::link::Malformed;

/// Bytes of chunk extensions and trailers in one answer.
const MAX_BESIDE_DATA: usize = 16 * 1024;

/// How the end of a body is told, and how far the body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks, of which the last is empty.
    Chunked(Chunks),
    /// All that comes until the connection is closed.
    UntilClosed,
}

/// How far a chunked body has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    next: Next,
    /// Bytes of this chunk that are still to come.
    left: u64,
    beside_data: usize,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    /// The first digit of a size.
    #[default]
    Size,
    /// Another digit, or what ends the size.
    MoreSize,
    /// An extension, which means nothing here.
    Extension,
    /// The line feed behind a size.
    SizeEnd,
    /// Data.
    Data,
    /// The carriage return behind data.
    DataCr,
    /// The line feed behind data.
    DataLf,
    /// A trailer, or the line that ends everything.
    Trailer,
    /// The rest of a trailer.
    TrailerLine,
    /// The line feed behind a trailer.
    TrailerEnd,
    /// The very last line feed.
    LastLf,
    /// Nothing: it is over.
    Over,
}

impl Framing {
    /// Whether the whole body has come. One that lasts until the connection is closed never knows.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.next == Next::Over,
            Self::UntilClosed => false,
        }
    }

    /// Takes what came; the data of it goes to `out`. Returns how many bytes belong to the body.
    ///
    /// # Errors
    /// If it is not what was announced.
    pub fn take(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<usize, Malformed> {
        match self {
            Self::Length(left) => {
                let taken = prefix(bytes, *left);
                out.extend_from_slice(taken);
                *left -= taken.len() as u64;
                Ok(taken.len())
            }
            Self::Chunked(chunks) => chunks.take(bytes, out),
            Self::UntilClosed => {
                out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }
}

/// As much of it as is wanted.
fn prefix(bytes: &[u8], wanted: u64) -> &[u8] {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    &bytes[..wanted.min(bytes.len())]
}

impl Chunks {
    fn take(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<usize, Malformed> {
        out.reserve(bytes.len());
        let mut at = 0;
        while at < bytes.len() && self.next != Next::Over {
            if self.next == Next::Data {
                let taken = prefix(&bytes[at..], self.left);
                out.extend_from_slice(taken);
                self.left -= taken.len() as u64;
                at += taken.len();
                if self.left == 0 {
                    self.next = Next::DataCr;
                }
            } else {
                self.next = self.step(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    fn step(&mut self, byte: u8) -> Result<Next, Malformed> {
        Ok(match (self.next, byte) {
            (Next::Size | Next::MoreSize, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let left = self.left.checked_mul(16).ok_or(CHUNK_TOO_LARGE)?;
                self.left = left | u64::from(digit);
                Next::MoreSize
            }
            (Next::MoreSize | Next::Extension, b'\r') => Next::SizeEnd,
            (Next::MoreSize, b';' | b' ' | b'\t') => self.beside_data(Next::Extension)?,
            // A line feed alone ends the line for some readers and not for others.
            (Next::Extension | Next::TrailerLine, b'\n') => return Err(BAD_CHUNK),
            (Next::Extension, _) => self.beside_data(Next::Extension)?,
            (Next::SizeEnd, b'\n') if self.left == 0 => Next::Trailer,
            (Next::SizeEnd, b'\n') => Next::Data,
            (Next::DataCr, b'\r') => Next::DataLf,
            (Next::DataLf, b'\n') => Next::Size,
            (Next::Trailer, b'\r') => Next::LastLf,
            (Next::TrailerLine, b'\r') => Next::TrailerEnd,
            (Next::Trailer, b'\n') => return Err(BAD_CHUNK),
            (Next::Trailer | Next::TrailerLine, _) => self.beside_data(Next::TrailerLine)?,
            (Next::TrailerEnd, b'\n') => Next::Trailer,
            (Next::LastLf, b'\n') => Next::Over,
            _ => return Err(BAD_CHUNK),
        })
    }

    fn beside_data(&mut self, next: Next) -> Result<Next, Malformed> {
        self.beside_data += 1;
        if self.beside_data > MAX_BESIDE_DATA {
            return Err(Malformed("much in its chunks is no data"));
        }
        Ok(next)
    }
}

const BAD_CHUNK: Malformed = Malformed("a chunk is malformed");
const CHUNK_TOO_LARGE: Malformed = Malformed("a chunk is too large");

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `bytes` behind the body, and the body, fed in two parts.
    fn read(
        mut framing: Framing,
        bytes: &[u8],
        cut: usize,
    ) -> Result<(bool, usize, String), Malformed> {
        let mut out = BytesMut::new();
        let mut taken = framing.take(&bytes[..cut], &mut out)?;
        if taken == cut {
            taken += framing.take(&bytes[cut..], &mut out)?;
        }
        let text = String::from_utf8(out.to_vec()).unwrap();
        Ok((framing.is_over(), bytes.len() - taken, text))
    }

    fn every_cut(framing: Framing, text: &str) -> Result<(bool, usize, String), Malformed> {
        let bytes = text.as_bytes();
        let whole = read(framing, bytes, 0);
        for cut in 0..=bytes.len() {
            assert_eq!(read(framing, bytes, cut), whole, "{text:?} cut at {cut}");
        }
        whole
    }

    fn chunked(text: &str) -> Result<(bool, usize, String), Malformed> {
        every_cut(Framing::Chunked(Chunks::default()), text)
    }

    #[test]
    fn length_counts_and_leaves_what_follows() {
        let read = every_cut(Framing::Length(4), "{\"\"}HTTP").unwrap();
        assert_eq!(read, (true, 4, "{\"\"}".to_owned()));
        assert!(!every_cut(Framing::Length(4), "{").unwrap().0);
        assert!(Framing::Length(0).is_over());
    }

    #[test]
    fn chunks_are_put_together_whatever_stands_beside_their_data() {
        let over = |text: &str, rest: usize| Ok((true, rest, text.to_owned()));
        assert_eq!(chunked("0\r\n\r\n"), over("", 0));
        assert_eq!(chunked("2\r\n{}\r\n0\r\n\r\nHTTP"), over("{}", 4));
        assert_eq!(
            chunked("1;a=\"b\"\r\n{\r\n01 \r\n}\r\n000\r\n\r\n"),
            over("{}", 0)
        );
        assert_eq!(
            chunked("A\r\n0123456789\r\n0a\r\n0123456789\r\n0;x\r\n\r\n"),
            over("01234567890123456789", 0)
        );
        assert_eq!(
            chunked("2\r\n{}\r\n0\r\na: b\r\nc:d\r\n\r\n!"),
            over("{}", 1)
        );
        for open in [
            "",
            "2",
            "2\r\n{",
            "2\r\n{}\r\n",
            "2\r\n{}\r\n0\r\n",
            "0\r\na: b\r\n\r",
        ] {
            assert!(!chunked(open).unwrap().0, "{open:?} is not over");
        }
    }

    #[test]
    fn malformed_chunks_are_no_chunks() {
        for bad in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            " 1\r\n{\r\n",
            "1\n{\r\n",
            "1\r{\r\n",
            "1\r\n{}\r\n",
            "1;a\n{\r\n",
            "2\r\n{}0\r\n\r\n",
            "0\r\n\n",
            "0\r\na: b\n\r\n",
            "10000000000000000\r\n",
        ] {
            assert!(chunked(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let long = "x".repeat(MAX_BESIDE_DATA + 1);
        for bad in [
            format!("1;{long}\r\n"),
            format!("0\r\n{long}"),
            "1;x\r\n{\r\n".repeat(MAX_BESIDE_DATA / 2 + 1),
        ] {
            let mut framing = Framing::Chunked(Chunks::default());
            assert!(framing.take(bad.as_bytes(), &mut BytesMut::new()).is_err());
        }
    }
}
