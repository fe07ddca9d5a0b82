//! A body in pieces that knows its length: a changed form is sent without being put together.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// What is still to be sent.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    next: Bytes,
    /// What follows, the last piece first; of most bodies nothing.
    later: Vec<Bytes>,
}

impl From<Bytes> for Pieces {
    fn from(next: Bytes) -> Self {
        Self {
            next,
            later: Vec::new(),
        }
    }
}

impl From<Vec<Bytes>> for Pieces {
    fn from(mut later: Vec<Bytes>) -> Self {
        // An empty one would look like the end.
        later.retain(|piece| !piece.is_empty());
        later.reverse();
        let next = later.pop().unwrap_or_default();
        Self { next, later }
    }
}

impl Pieces {
    /// How many bytes it is.
    pub fn length(&self) -> u64 {
        let pieces = self.later.iter().chain([&self.next]);
        pieces.map(|piece| piece.len() as u64).sum()
    }

    /// Everything in order, behind a head.
    pub fn behind(self, head: Bytes) -> Vec<Bytes> {
        let body = [self.next].into_iter().chain(self.later.into_iter().rev());
        let body = body.filter(|piece| !piece.is_empty());
        [head].into_iter().chain(body).collect()
    }
}

impl From<Pieces> for reqwest::Body {
    fn from(pieces: Pieces) -> Self {
        match pieces.later.is_empty() {
            true => pieces.next.into(),
            false => Self::wrap(pieces),
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let later = self.later.pop().unwrap_or_default();
        let piece = std::mem::replace(&mut self.next, later);
        let frame = (!piece.is_empty()).then(|| Ok(Frame::data(piece)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_empty() && self.later.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_sent_in_order_and_their_length_is_known() {
        let texts = ["ab", "", "c", "", "", "def"];
        let mut pieces = Pieces::from(texts.map(Bytes::from).to_vec());
        assert_eq!(pieces.size_hint().exact(), Some(6));
        let mut sent = Vec::new();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut pieces).poll_frame(&mut cx) {
            sent.push(frame.into_data().unwrap());
        }
        assert_eq!(sent.concat(), b"abcdef");
        assert_eq!(pieces.size_hint().exact(), Some(0));
        assert!(pieces.is_end_stream());
    }
}
