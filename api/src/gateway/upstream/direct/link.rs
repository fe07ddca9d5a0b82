//! One connection, and the request and the answer that are on it.
//!
//! It has no buffer of its own: what is read goes through one of its worker's, so that a connection that waits for the next event
//! of a stream holds next to nothing.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// Bytes that are read at once.
const READ: usize = 64 * 1024;
/// Pieces that are written at once.
const WRITE: usize = 16;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// What it says is not what an HTTP server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Why there is no answer, or not the whole of it.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The backend does not speak HTTP.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It closed the connection too early.
    #[error("the connection was closed before the answer was complete")]
    Incomplete,
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
}

/// What is connected.
pub enum Io {
    /// As it is.
    Plain(TcpStream),
    /// Within TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection.
pub struct Link {
    io: Io,
    unsent: Unsent,
    /// Whether what was written has left; TLS may hold some of it.
    flushed: bool,
    /// Whether a byte of the request may have left.
    begun: bool,
    /// Writing failed. The backend may have answered all the same, say that the request is too large.
    refused: Option<io::Error>,
    /// Since when nobody needs it.
    pub idle_since: Instant,
    /// Tells the pool that there is a connection.
    _alive: Rc<()>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// What of a request is still to be written: with its token, so it is never printed.
#[derive(Default)]
struct Unsent {
    /// None of them is empty; the first `next` are written.
    pieces: Vec<Bytes>,
    next: usize,
}

impl Link {
    /// A new connection.
    pub fn new(io: Io, alive: Rc<()>) -> Self {
        Self {
            io,
            unsent: Unsent::default(),
            flushed: true,
            begun: false,
            refused: None,
            idle_since: Instant::now(),
            _alive: alive,
        }
    }

    /// Whether the other side has neither closed it nor said anything while nobody asked.
    pub fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let mut byte = [0];
        self.io
            .poll_read(&mut cx, &mut ReadBuf::new(&mut byte))
            .is_pending()
    }

    /// The next request, which is written while its answer is waited for.
    pub fn begin(&mut self, pieces: Vec<Bytes>) {
        self.unsent = Unsent { pieces, next: 0 };
        self.flushed = false;
        self.begun = false;
    }

    /// Whether a byte of the request may have left.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether the whole request has left, so that there may be another one.
    pub fn is_done(&self) -> bool {
        self.flushed && self.refused.is_none()
    }

    /// Writes what can be written, and reads what has come; nothing has come when the connection was closed.
    pub fn poll_read<T>(
        &mut self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Poll<Result<T, Broken>> {
        if !self.flushed
            && self.refused.is_none()
            && let Poll::Ready(Err(error)) = self.poll_write(cx)
        {
            self.refused = Some(error);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            let read = ready!(self.io.poll_read(cx, &mut buffer));
            // Why it could not be written says more than that nothing was answered.
            match (read, self.refused.take()) {
                (Ok(()), None) => Poll::Ready(Ok(take(buffer.filled()))),
                (Ok(()), Some(refused)) if !buffer.filled().is_empty() => {
                    self.refused = Some(refused);
                    Poll::Ready(Ok(take(buffer.filled())))
                }
                (_, Some(error)) | (Err(error), None) => Poll::Ready(Err(error.into())),
            }
        })
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let [_, ..] = self.unsent.rest() {
            let mut slices = [IoSlice::new(&[]); WRITE];
            let rest = self.unsent.rest();
            for (slice, piece) in slices.iter_mut().zip(rest) {
                *slice = IoSlice::new(piece);
            }
            let slices = &slices[..rest.len().min(WRITE)];
            let written = ready!(self.io.poll_write(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.begun = true;
            self.unsent.advance(written);
        }
        ready!(self.io.poll_flush(cx))?;
        self.unsent = Unsent::default();
        self.flushed = true;
        Poll::Ready(Ok(()))
    }
}

impl Unsent {
    fn rest(&self) -> &[Bytes] {
        &self.pieces[self.next..]
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(piece) = self.pieces.get_mut(self.next) {
            let step = written.min(piece.len());
            piece.advance(step);
            written -= step;
            if !piece.is_empty() {
                return;
            }
            self.next += 1;
        }
    }
}

impl Io {
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buffer),
            Self::Tls(io) => Pin::new(io).poll_read(cx, buffer),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(io) => Pin::new(io).poll_write_vectored(cx, slices),
            Self::Tls(io) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }
}
