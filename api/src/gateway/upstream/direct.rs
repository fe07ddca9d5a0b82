//! The way to a backend without a proxy: connections of our own, kept for the next request.
//!
//! A connection has no task of its own: whoever waits for an answer drives it. So nothing has to be handed over between tasks, a
//! caller who reads slowly slows the backend down, and dropping a request or its answer closes the connection at once. The
//! price: an idle connection notices nothing until it is used, which then tells whether the request was sent.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::{HeaderMap, Method, Uri};
use tokio::time::Instant;

use super::connect::{Connector, Fault};
use super::pieces::Pieces;
use super::route::POOL_IDLE;
use framing::Framing;
use link::Link;

pub mod framing;
pub mod head;
mod link;

pub(super) use head::Head;
pub(super) use link::{Broken, Io};

/// Connections that wait for the next request.
const MAX_IDLE: usize = 256;

/// The way to one backend.
#[derive(Debug)]
pub(super) struct Direct {
    connector: Connector,
    pool: Rc<Pool>,
    connecting: Arc<AtomicU64>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// There is no connection.
    Connect(Fault),
    /// The request was not written to it.
    Unsent(Broken),
    /// It failed later.
    Sent(Broken),
}

/// A request as it is written: with its token, so it is never printed.
struct Question {
    method: Method,
    /// Its head, and its body.
    pieces: Vec<Bytes>,
}

impl Direct {
    /// A way without a connection yet.
    pub fn new(connector: Connector, connecting: &Arc<AtomicU64>) -> Self {
        Self {
            connector,
            pool: Rc::default(),
            connecting: Arc::clone(connecting),
        }
    }

    /// Sends a request and waits for the head of the answer. Of connections that were kept, those that turn out to be closed before
    /// anything was written are passed over.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn send(
        &self,
        method: Method,
        target: &Uri,
        headers: &HeaderMap,
        body: Pieces,
    ) -> Result<(Head, Body), NoAnswer> {
        let path = target.path_and_query().map_or("/", |path| path.as_str());
        let head = head::write(&method, path, headers, body.length());
        let question = Question {
            method,
            pieces: body.behind(head),
        };
        while let Some(mut link) = self.pool.take() {
            if !link.is_quiet() {
                continue;
            }
            match self.exchange(link, &question).await {
                Err((_, false)) => {}
                Err((broken, true)) => return Err(NoAnswer::Sent(broken)),
                Ok(answered) => return Ok(answered),
            }
        }
        let link = self.connect().await?;
        let answered = self.exchange(link, &question).await;
        answered.map_err(|(broken, begun)| match begun {
            true => NoAnswer::Sent(broken),
            false => NoAnswer::Unsent(broken),
        })
    }

    async fn connect(&self) -> Result<Link, NoAnswer> {
        let started = Instant::now();
        let connected = self.connector.connect().await;
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.connecting.store(micros, Ordering::Relaxed);
        let io = connected.map_err(NoAnswer::Connect)?;
        if !self.pool.swept.replace(true) {
            actix_web::rt::spawn(sweep(Rc::downgrade(&self.pool)));
        }
        Ok(Link::new(io, Rc::clone(&self.pool.alive)))
    }

    /// One request over one connection. If there is no answer, says as well whether any of the request may have been written.
    async fn exchange(
        &self,
        mut link: Link,
        question: &Question,
    ) -> Result<(Head, Body), (Broken, bool)> {
        link.begin(question.pieces.clone());
        let mut reader = head::Reader::new(&question.method);
        let mut data = BytesMut::new();
        let answered = std::future::poll_fn(|cx| {
            loop {
                let read = link.poll_read(cx, |bytes| begin(&mut reader, bytes, &mut data));
                if let Some(begun) = ready!(read)?? {
                    return Poll::Ready(Ok(begun));
                }
            }
        });
        let (head, framing, clean) = match answered.await {
            Ok(begun) => begun,
            Err(broken) => return Err((broken, link.has_begun() || !reader.is_untouched())),
        };
        let mut body = Body {
            data: data.freeze(),
            framing,
            keeps: head.keeps,
            link: Some(link),
            pool: Rc::clone(&self.pool),
        };
        body.settle(clean);
        Ok((head, body))
    }
}

/// The head of an answer and the beginning of its body, which goes to `data`; also says whether nothing came behind the answer.
fn begin(
    reader: &mut head::Reader,
    bytes: &[u8],
    data: &mut BytesMut,
) -> Result<Option<(Head, Framing, bool)>, Broken> {
    if bytes.is_empty() {
        return Err(Broken::Incomplete);
    }
    let Some((head, length)) = reader.take(bytes)? else {
        return Ok(None);
    };
    let mut framing = head.framing;
    let rest = &bytes[length..];
    let taken = framing.take(rest, data)?;
    Ok(Some((head, framing, taken == rest.len())))
}

/// The body of an answer, and the connection that it comes over.
#[derive(Debug)]
pub(super) struct Body {
    /// What has come and nobody has taken yet.
    data: Bytes,
    framing: Framing,
    /// Whether the backend takes another request over this connection.
    keeps: bool,
    /// None once the whole body has come.
    link: Option<Link>,
    pool: Rc<Pool>,
}

impl Body {
    /// The next piece, and nothing after the last one.
    ///
    /// # Errors
    /// If the answer is broken off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        loop {
            if !self.data.is_empty() {
                return Poll::Ready(Ok(Some(std::mem::take(&mut self.data))));
            }
            let Some(link) = &mut self.link else {
                return Poll::Ready(Ok(None));
            };
            let mut data = BytesMut::new();
            let framing = &mut self.framing;
            let read = link.poll_read(cx, |bytes| {
                let taken = framing.take(bytes, &mut data)?;
                Ok::<_, Broken>((bytes.len(), taken))
            });
            let (came, taken) = match ready!(read).flatten() {
                Ok(read) => read,
                Err(broken) => {
                    self.link = None;
                    return Poll::Ready(Err(broken));
                }
            };
            self.data = data.freeze();
            if came == 0 {
                self.link = None;
                if self.framing != Framing::UntilClosed {
                    return Poll::Ready(Err(Broken::Incomplete));
                }
            }
            self.settle(came == taken);
        }
    }

    /// Once the whole body has come, keeps the connection for the next request, if there may be one. What came behind the body
    /// belongs to nobody.
    fn settle(&mut self, clean: bool) {
        if self.framing.is_over()
            && let Some(link) = self.link.take()
            && self.keeps
            && clean
            && link.is_done()
        {
            self.pool.keep(link);
        }
    }
}

/// Connections that wait for the next request, the longest waiting first.
#[derive(Debug, Default)]
struct Pool {
    idle: RefCell<Vec<Link>>,
    /// Held by every connection, idle or not.
    alive: Rc<()>,
    swept: Cell<bool>,
}

impl Pool {
    /// The one that was used last: it is the least likely to have been closed meanwhile.
    fn take(&self) -> Option<Link> {
        let mut idle = self.idle.borrow_mut();
        let link = idle.pop()?;
        if link.idle_since.elapsed() < POOL_IDLE {
            return Some(link);
        }
        // The others have waited for longer.
        idle.clear();
        None
    }

    fn keep(&self, mut link: Link) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < MAX_IDLE {
            link.idle_since = Instant::now();
            idle.push(link);
        }
    }
}

/// Closes connections that nobody needed for a while, until there are none.
async fn sweep(pool: Weak<Pool>) {
    let mut pause = POOL_IDLE;
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle.borrow_mut();
        let stale = idle.partition_point(|link| link.idle_since.elapsed() >= POOL_IDLE);
        idle.drain(..stale);
        if Rc::strong_count(&pool.alive) == 1 {
            idle.shrink_to_fit();
            pool.swept.set(false);
            return;
        }
        let oldest = idle.first().map(|link| link.idle_since.elapsed());
        // At least a little, so that a busy pool is not looked at all the time.
        pause = POOL_IDLE
            .saturating_sub(oldest.unwrap_or_default())
            .max(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests;
