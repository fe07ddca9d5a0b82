//! Callers who write down what became of each of their requests, by its id.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::site::{ANSWER, STREAMS, WHOLE};
use crate::gateway::{CHAT, chat, streamed_chat};
use crate::support::sse::{self, Event};

const GROUPS: &str = "/api/v1/model-groups";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Whole,
    Stream,
    Read,
}

/// One request.
#[derive(Debug)]
struct Entry {
    kind: Kind,
    began: Instant,
    /// Who answered, from the head of the answer on.
    by: Option<String>,
    /// When it was over, and what was wrong with it, if anything.
    over: Option<(Instant, Option<String>)>,
}

/// What became of all requests.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: StdMutex<BTreeMap<String, Entry>>,
    next: AtomicUsize,
    stopped: AtomicBool,
    /// Held while something is written: a process that is killed then may or may not have done it, and nobody can say.
    pub writing: Mutex<()>,
}

impl Ledger {
    fn begin(&self, kind: Kind) -> String {
        let id = format!("{kind:?}-{}", self.next.fetch_add(1, Ordering::Relaxed));
        let entry = Entry {
            kind,
            began: Instant::now(),
            by: None,
            over: None,
        };
        self.entries.lock().unwrap().insert(id.clone(), entry);
        id
    }

    fn note(&self, id: &str, change: impl FnOnce(&mut Entry)) {
        change(self.entries.lock().unwrap().get_mut(id).expect("it began"));
    }

    fn count(&self, like: impl Fn(&Entry) -> bool) -> usize {
        let entries = self.entries.lock().unwrap();
        entries.values().filter(|entry| like(entry)).count()
    }

    /// Requests of models that a replica answered well.
    pub fn answered_by(&self, name: &str) -> usize {
        self.count(|entry| {
            entry.kind != Kind::Read
                && entry.by.as_deref() == Some(name)
                && matches!(entry.over, Some((_, None)))
        })
    }

    /// Ids of the streams that a replica has begun and not ended.
    pub fn begun_by(&self, name: &str) -> BTreeSet<String> {
        let entries = self.entries.lock().unwrap();
        let of_it = entries.iter().filter(|(_, entry)| {
            entry.kind == Kind::Stream && entry.over.is_none() && entry.by.as_deref() == Some(name)
        });
        of_it.map(|(id, _)| id.clone()).collect()
    }

    /// Ids of the requests of models that are not over.
    pub fn open(&self) -> BTreeSet<String> {
        let entries = self.entries.lock().unwrap();
        let open = entries
            .iter()
            .filter(|(_, entry)| entry.kind != Kind::Read && entry.over.is_none());
        open.map(|(id, _)| id.clone()).collect()
    }

    /// What failed, and how.
    pub fn failed(&self) -> BTreeMap<String, String> {
        let entries = self.entries.lock().unwrap();
        let failed = entries.iter().filter_map(|(id, entry)| {
            let (_, fault) = entry.over.as_ref()?;
            Some((id.clone(), fault.clone()?))
        });
        failed.collect()
    }

    /// Nobody begins anything from now on.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// What it was, in one line.
    pub fn figures(&self, took: Duration) -> String {
        let entries = self.entries.lock().unwrap();
        let mut told = format!("{:.0} s, {} requests", took.as_secs_f64(), entries.len());
        for kind in [Kind::Whole, Kind::Stream, Kind::Read] {
            let of_kind: Vec<_> = entries
                .values()
                .filter(|entry| entry.kind == kind)
                .collect();
            let longest = of_kind
                .iter()
                .filter_map(|entry| Some(entry.over.as_ref()?.0 - entry.began))
                .max();
            let longest = longest.unwrap_or_default().as_millis();
            write!(told, ", {} {kind:?} (longest {longest} ms)", of_kind.len()).unwrap();
        }
        let mut ends: Vec<Instant> = entries
            .values()
            .filter_map(|entry| entry.over.as_ref().map(|(at, _)| *at))
            .collect();
        ends.sort();
        let gap = ends.windows(2).map(|pair| pair[1] - pair[0]).max();
        let failed = entries
            .values()
            .filter(|entry| matches!(entry.over, Some((_, Some(_)))));
        write!(
            told,
            "; {} failed; longest time without an answer {} ms",
            failed.count(),
            gap.unwrap_or_default().as_millis()
        )
        .unwrap();
        told
    }
}

/// A connection that is kept from one request to the next, as SDKs do.
struct Kept {
    address: String,
    credential: String,
    sender: Option<SendRequest<Full<Bytes>>>,
}

/// What came of a request: who answered, the body, and what is wrong.
type Outcome = Result<Bytes, String>;

impl Kept {
    async fn ask(
        &mut self,
        (method, path, id): (&str, &str, &str),
        body: &Value,
        ledger: &Ledger,
    ) -> Outcome {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.address)
            .header("authorization", format!("Bearer {}", self.credential))
            .header("content-type", "application/json")
            .header("if-match", "*")
            .header("x-request-id", id)
            .body(Full::from(body.to_string()))
            .expect("a request");
        let sender = match self.sender.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let sender = self.sender.insert(sender);
        let ready = sender.ready().await;
        ready.map_err(|error| format!("no connection: {error}"))?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| format!("no answer: {error}"))?;
        let by = answer.headers().get("x-served-by");
        let by = by.and_then(|name| name.to_str().ok()).map(str::to_owned);
        let status = answer.status();
        ledger.note(id, |entry| entry.by = by);
        match answer.into_body().collect().await {
            Err(_) => {
                self.sender = None;
                Err("torn".to_owned())
            }
            Ok(body) if status != 200 => Err(format!("{status}: {:?}", body.to_bytes())),
            Ok(body) => Ok(body.to_bytes()),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = TcpStream::connect(&self.address).await;
        let stream = stream.map_err(|error| format!("no connection: {error}"))?;
        let _ = stream.set_nodelay(true);
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// Whether the answer is the right one.
fn judge(kind: Kind, body: &Bytes) -> Result<(), String> {
    let text = String::from_utf8_lossy(body);
    let right = match kind {
        Kind::Read => text.contains("\"items\""),
        Kind::Whole => {
            let answer: Value = serde_json::from_slice(body).unwrap_or_default();
            answer["choices"][0]["message"]["content"] == ANSWER
        }
        Kind::Stream => {
            let events = sse::parse(&text);
            events.last().is_some_and(Event::is_done) && sse::text(&events) == ANSWER
        }
    };
    right
        .then_some(())
        .ok_or_else(|| format!("not the answer: {text}"))
}

/// Asks so many times, or until it is over.
pub async fn caller(
    kind: Kind,
    address: String,
    credential: String,
    ledger: Arc<Ledger>,
    times: usize,
) {
    let mut kept = Kept {
        address,
        credential,
        sender: None,
    };
    for _ in 0..times {
        if ledger.stopped.load(Ordering::Relaxed) {
            return;
        }
        let id = ledger.begin(kind);
        let (call, body) = match kind {
            Kind::Whole => (("POST", CHAT, &*id), chat(WHOLE)),
            Kind::Stream => (("POST", CHAT, &*id), streamed_chat(STREAMS)),
            Kind::Read => (("GET", GROUPS, &*id), Value::Null),
        };
        let outcome = kept.ask(call, &body, &ledger).await;
        let fault = outcome.and_then(|body| judge(kind, &body)).err();
        ledger.note(&id, |entry| entry.over = Some((Instant::now(), fault)));
        if kind == Kind::Read {
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Changes something again and again, except while somebody holds the lock.
pub async fn writer(address: String, credential: String, group: String, ledger: Arc<Ledger>) {
    let mut kept = Kept {
        address,
        credential,
        sender: None,
    };
    let path = format!("{GROUPS}/{group}");
    let mut number = 0;
    while !ledger.stopped.load(Ordering::Relaxed) {
        let writing = ledger.writing.lock().await;
        number += 1;
        let id = ledger.begin(Kind::Read);
        let body = json!({"title": format!("title {number}")});
        let outcome = kept.ask(("PATCH", &path, &id), &body, &ledger).await;
        ledger.note(&id, |entry| {
            entry.over = Some((Instant::now(), outcome.err()))
        });
        drop(writing);
        sleep(Duration::from_millis(100)).await;
    }
}
