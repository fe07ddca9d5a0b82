//! An answer of a backend, whichever way it came.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::{direct, explain};

/// The head of an answer, and what reads its body. Dropping it before its end closes the connection.
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Direct(direct::Body),
    Proxied(reqwest::Body),
}

/// Why a body is not complete.
#[derive(Debug, thiserror::Error)]
pub enum BrokenBody {
    /// Without a proxy.
    #[error("{0}")]
    Direct(#[source] direct::Broken),
    /// Through a proxy.
    #[error("{0}")]
    Proxied(#[source] reqwest::Error),
}

impl BrokenBody {
    /// Why, in plain words, without addresses.
    pub fn explain(&self) -> String {
        explain(self)
    }
}

impl Response {
    pub(super) fn direct((head, body): (direct::Head, direct::Body)) -> Self {
        Self {
            status: head.status,
            headers: head.headers,
            body: Body::Direct(body),
        }
    }

    pub(super) fn proxied(response: reqwest::Response) -> Self {
        let (head, body) = hyper::Response::from(response).into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body: Body::Proxied(body),
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Lets go of the headers: they are slices of the buffer that they were read into, which would live as long as they do, beside the
    /// one that the body is read into.
    pub fn forget_headers(&mut self) {
        self.headers = HeaderMap::new();
    }

    /// The next piece of the body, and nothing after the last one. Giving up waiting loses nothing.
    ///
    /// # Errors
    /// If the body is broken off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BrokenBody> {
        match &mut self.body {
            Body::Direct(body) => body.chunk().await.map_err(BrokenBody::Direct),
            Body::Proxied(body) => loop {
                match body.frame().await.transpose() {
                    Ok(Some(frame)) => {
                        // Trailers say nothing that is used here.
                        if let Ok(data) = frame.into_data() {
                            return Ok(Some(data));
                        }
                    }
                    Ok(None) => return Ok(None),
                    Err(error) => return Err(BrokenBody::Proxied(error)),
                }
            },
        }
    }
}
