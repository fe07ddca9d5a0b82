//! As much of HTTP/1.1 as the mock and the load generator need, and no more.
//!
//! A full client would cost more than some of the proxies that are measured with it. The rule: what arrives is still parsed for
//! real (heads by `httparse`, chunks one by one), so that a proxy which breaks the framing is noticed.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mod chunked;

use chunked::Chunked;

/// Headers of one message; more is an error.
const MAX_HEADERS: usize = 64;
/// Enough for an answer in one read, so that no second system call is needed.
pub const READ_BUFFER: usize = 16 * 1024;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// This many bytes.
    Length(usize),
    /// Chunks.
    Chunked,
}

impl Framing {
    /// What the headers say; a message without either has no body.
    pub fn of(headers: &[httparse::Header<'_>]) -> io::Result<Self> {
        let mut framing = Self::Length(0);
        for header in headers {
            if header.name.eq_ignore_ascii_case("transfer-encoding") {
                return Ok(Self::Chunked);
            }
            if header.name.eq_ignore_ascii_case("content-length") {
                let length = std::str::from_utf8(header.value)
                    .ok()
                    .and_then(|text| text.trim().parse().ok());
                framing = Self::Length(length.ok_or_else(|| broken("a bad content-length"))?);
            }
        }
        Ok(framing)
    }
}

/// What is said about an answer besides its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Bytes of the body.
    pub body_bytes: usize,
}

/// A keep-alive connection that asks one question at a time.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Client {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: BytesMut::with_capacity(READ_BUFFER),
        })
    }

    /// Sends `request` and reads the answer to its end; `body` sees the body's bytes as they come.
    pub async fn ask(&mut self, request: &[u8], mut body: impl FnMut(&[u8])) -> io::Result<Answer> {
        self.stream.write_all(request).await?;
        let (status, framing) = loop {
            self.read().await?;
            if let Some((length, status, framing)) = head(&self.buffer)? {
                self.buffer.advance(length);
                break (status, framing);
            }
        };
        let mut rest = Rest::new(framing);
        let mut body_bytes = 0;
        loop {
            let used = rest.feed(&self.buffer, |piece| {
                body_bytes += piece.len();
                body(piece);
            })?;
            self.buffer.advance(used);
            if rest.is_over() {
                return Ok(Answer { status, body_bytes });
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        self.buffer.reserve(READ_BUFFER);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The status and the framing of an answer whose head is complete, and the length of the head.
fn head(bytes: &[u8]) -> io::Result<Option<(usize, u16, Framing)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(bytes).map_err(broken)? {
        httparse::Status::Partial => Ok(None),
        httparse::Status::Complete(length) => {
            let status = response.code.unwrap_or_default();
            Ok(Some((length, status, Framing::of(response.headers)?)))
        }
    }
}

/// What is still to come of a body.
#[derive(Debug)]
enum Rest {
    Length(usize),
    Chunked(Chunked),
}

impl Rest {
    fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunked::default()),
        }
    }

    /// Takes what belongs to the body from the front of `bytes`; gives back how much that was.
    fn feed(&mut self, bytes: &[u8], mut body: impl FnMut(&[u8])) -> io::Result<usize> {
        match self {
            Self::Length(left) => {
                let used = bytes.len().min(*left);
                *left -= used;
                body(&bytes[..used]);
                Ok(used)
            }
            Self::Chunked(chunked) => chunked.feed(bytes, body),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_over(),
        }
    }
}

/// An answer that is not HTTP.
pub fn broken(what: impl ToString) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_known_length_is_read_to_its_end_and_not_beyond() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 ";
        let (length, status, framing) = head(bytes).unwrap().unwrap();
        assert_eq!((status, framing), (200, Framing::Length(5)));
        let mut rest = Rest::new(framing);
        let mut body = Vec::new();
        let used = rest
            .feed(&bytes[length..], |piece| body.extend_from_slice(piece))
            .unwrap();
        assert_eq!((used, body.as_slice()), (5, b"hello".as_slice()));
        assert!(rest.is_over());
    }

    #[test]
    fn half_a_head_is_waited_for_and_a_bad_one_is_refused() {
        assert!(head(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap().is_none());
        assert!(head(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").is_err());
    }
}
