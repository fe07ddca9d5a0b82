//! The way to a backend without a proxy: connections of hyper's, kept for the next request.
//!
//! A connection has no task of its own: whoever waits for an answer drives it. So nothing has to be handed over between tasks, a
//! caller who reads slowly slows the backend down, and dropping a request or its answer closes the connection at once. The
//! price: an idle connection notices nothing until it is used, which then tells whether the request was sent.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use tokio::time::Instant;

use super::connect::{Connected, Connector, Fault};
use super::pieces::Pieces;
use super::route::POOL_IDLE;

/// Connections that wait for the next request.
const MAX_IDLE: usize = 256;
/// Largest head of an answer.
const MAX_HEAD: usize = 64 * 1024;

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
    Unsent(hyper::Error),
    /// It failed later.
    Sent(hyper::Error),
}

type Driving = Pin<Box<dyn Future<Output = hyper::Result<()>>>>;

/// A connection.
struct Link {
    sender: SendRequest<Pieces>,
    /// What reads and writes; none once it is closed.
    driving: Option<Driving>,
    idle_since: Instant,
    /// Tells the pool that there is a connection.
    _alive: Rc<()>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
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
        mut request: Request<Pieces>,
    ) -> Result<(Response<()>, Body), NoAnswer> {
        while let Some(link) = self.pool.take() {
            match self.exchange(link, request).await {
                Err((_, Some(unsent))) => request = *unsent,
                Err((error, None)) => return Err(NoAnswer::Sent(error)),
                Ok(answered) => return Ok(answered),
            }
        }
        let link = self.connect().await?;
        self.exchange(link, request)
            .await
            .map_err(|(error, unsent)| match unsent {
                Some(_) => NoAnswer::Unsent(error),
                None => NoAnswer::Sent(error),
            })
    }

    async fn connect(&self) -> Result<Link, NoAnswer> {
        let started = Instant::now();
        let connected = self.connector.connect().await;
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.connecting.store(micros, Ordering::Relaxed);
        let mut builder = Builder::new();
        builder.max_header_size(MAX_HEAD);
        let shaken = match connected.map_err(NoAnswer::Connect)? {
            Connected::Plain(io) => {
                let shaken = builder.handshake(io).await;
                shaken.map(|(sender, driving)| (sender, Box::pin(driving) as Driving))
            }
            Connected::Tls(io) => {
                let shaken = builder.handshake(*io).await;
                shaken.map(|(sender, driving)| (sender, Box::pin(driving) as Driving))
            }
        };
        let (sender, driving) = shaken.map_err(NoAnswer::Unsent)?;
        if !self.pool.swept.replace(true) {
            actix_web::rt::spawn(sweep(Rc::downgrade(&self.pool)));
        }
        Ok(Link {
            sender,
            driving: Some(driving),
            idle_since: started,
            _alive: Rc::clone(&self.pool.alive),
        })
    }

    /// One request over one connection; gives it back if nothing of it was written.
    async fn exchange(
        &self,
        mut link: Link,
        request: Request<Pieces>,
    ) -> Result<(Response<()>, Body), (hyper::Error, Option<Box<Request<Pieces>>>)> {
        let mut answer = std::pin::pin!(link.sender.try_send_request(request));
        let driving = &mut link.driving;
        let answered = std::future::poll_fn(|cx| {
            drive(driving, cx);
            answer.as_mut().poll(cx)
        });
        match answered.await {
            Ok(response) => {
                let (head, incoming) = response.into_parts();
                let body = Body {
                    incoming,
                    link: Some(link),
                    pool: Rc::clone(&self.pool),
                };
                Ok((Response::from_parts(head, ()), body))
            }
            Err(mut error) => {
                let unsent = error.take_message().map(Box::new);
                Err((error.into_error(), unsent))
            }
        }
    }
}

/// Reads and writes what can be. What goes wrong is told to whoever waits for the answer.
fn drive(driving: &mut Option<Driving>, cx: &mut Context<'_>) {
    if let Some(future) = driving
        && future.as_mut().poll(cx).is_ready()
    {
        *driving = None;
    }
}

/// The body of an answer, and the connection that it comes over.
#[derive(Debug)]
pub(super) struct Body {
    incoming: Incoming,
    link: Option<Link>,
    pool: Rc<Pool>,
}

impl Body {
    /// The next piece, and nothing after the last one.
    ///
    /// # Errors
    /// If the answer is broken off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, hyper::Error> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, hyper::Error>> {
        let mut driven = false;
        loop {
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing that is used here.
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => {
                    self.give_back();
                    return Poll::Ready(Ok(None));
                }
                Poll::Pending if driven => return Poll::Pending,
                Poll::Pending => {
                    driven = true;
                    match &mut self.link {
                        Some(link) => drive(&mut link.driving, cx),
                        None => return Poll::Pending,
                    }
                }
            }
        }
    }

    /// Keeps the connection for the next request, if the answer was read from it to its end.
    fn give_back(&mut self) {
        if let Some(link) = self.link.take()
            && link.driving.is_some()
            && link.sender.is_ready()
        {
            self.pool.keep(link);
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.give_back();
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
