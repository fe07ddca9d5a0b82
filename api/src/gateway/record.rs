//! One request of the gateway, or one question in a dialog, from its beginning to its end: counted once, and told in one line of the log.
//!
//! The rule: it lives as long as the request, a stream included, and settles when it is dropped. So nothing that happens to a request
//! is missed, and nothing is counted twice. No prompt, no answer and no secret comes near it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use actix_web::HttpRequest;
use understudy_shared::{AttemptOutcome, Capability, ReasonCode};

use super::Gateway;
use super::assistant::Assistant;
use super::counts::End;
use super::error::GatewayError;
use super::failover::Trace;
use super::key_use::{Limited, Place};
use super::snapshot::{Group, Key};
use super::tokens::Tokens;
use crate::request_id;
use crate::telemetry::span::Ended;
use crate::telemetry::{RequestSpan, Traces};
use crate::usage::{Asker, By, Entry};

/// One request.
#[derive(Debug)]
pub struct Record {
    started: Instant,
    request_id: String,
    endpoint: Capability,
    /// Its span, if requests are traced.
    pub span: Option<Box<RequestSpan>>,
    by: Option<By>,
    /// Its place among the requests of the key, given back with it.
    place: Option<Place>,
    group: Option<Arc<Group>>,
    assistant: Option<Arc<Assistant>>,
    stream: bool,
    received: usize,
    /// What was tried and what was skipped.
    pub trace: Trace,
    attempts: u32,
    instance: Option<String>,
    status: u16,
    code: Option<&'static str>,
    first_byte: Option<Duration>,
    tokens: Option<Tokens>,
    sent: u64,
    /// How long it took; none if that is still to be seen.
    took: Option<Duration>,
    /// How it ended; none until it did.
    end: Option<End>,
    why: Option<&'static str>,
    cut_off: Option<CutOff>,
}

/// Held by whoever reads a stream of the gateway to its end, and may end it for a reason of their own: then no caller has left.
#[derive(Clone, Debug, Default)]
pub struct CutOff(Arc<OnceLock<&'static str>>);

impl CutOff {
    /// It ends here, unless it has ended already.
    pub fn because(&self, why: &'static str) {
        let _ = self.0.set(why);
    }
}

impl Record {
    /// A request has come to an endpoint.
    pub fn begin(request: &HttpRequest, endpoint: Capability, gateway: &Gateway) -> Self {
        let span = |traces: &Traces| Box::new(traces.request(request.headers(), endpoint.path()));
        Self {
            started: Instant::now(),
            request_id: request_id::of(request),
            endpoint,
            span: gateway.traces().map(span),
            by: None,
            place: None,
            group: None,
            assistant: None,
            stream: false,
            received: 0,
            trace: Trace::default(),
            attempts: 0,
            instance: None,
            status: 0,
            code: None,
            first_byte: None,
            tokens: None,
            sent: 0,
            took: None,
            end: None,
            why: None,
            cut_off: None,
        }
    }

    /// Its id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Whose request it is.
    pub fn caller(&mut self, by: By) {
        self.by = Some(by);
    }

    fn key(&self) -> Option<&Arc<Key>> {
        self.by.as_ref().and_then(By::key)
    }

    /// The person who asks in a dialog, if it is one.
    fn asker(&self) -> Option<&Asker> {
        match &self.by {
            Some(By::Person(asker)) => Some(asker),
            _ => None,
        }
    }

    /// Takes a place among the requests of its key.
    ///
    /// # Errors
    /// If the key is at a limit.
    pub fn enter(&mut self, key: &Key) -> Result<(), Limited> {
        let place = key.uses.enter(&key.stored.limits, self.started)?;
        self.place = Some(place);
        Ok(())
    }

    /// How long its body is.
    pub fn received(&mut self, bytes: usize) {
        self.received = bytes;
    }

    /// Which group it is for, and whether it wants a stream.
    pub fn asks(&mut self, group: &Arc<Group>, stream: bool) {
        group.counts.begin();
        self.group = Some(Arc::clone(group));
        self.stream = stream;
    }

    /// Which assistant it is for.
    pub fn asks_assistant(&mut self, assistant: &Arc<Assistant>) {
        self.assistant = Some(Arc::clone(assistant));
    }

    /// It is answered by an instance. A stream goes on from here.
    pub fn answered(&mut self, instance: String, attempts: u32, status: u16) {
        let took = self.started.elapsed();
        self.first_byte = Some(took);
        self.instance = Some(instance);
        self.attempts = attempts;
        self.status = status;
        if let Some(group) = &self.group {
            group.counts.first_byte[usize::from(self.stream)].observe(took);
        }
    }

    /// Nobody answered, or the request was refused.
    pub fn failed(&mut self, error: &GatewayError, gateway: &Gateway) {
        let (status, code, _) = error.code.parts();
        self.status = status.as_u16();
        self.code = Some(code);
        self.attempts = error.attempts;
        self.end = Some(End::of(self.status));
        if self.group.is_none() {
            gateway.counts().refused(code);
        }
    }

    /// So many tokens the backend says that it counted, if it has said anything.
    pub fn reported(&mut self, tokens: Option<Tokens>) {
        self.tokens = tokens;
    }

    /// So many bytes go to the caller.
    pub fn sends(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// The answer was given whole, all at once.
    pub fn whole(&mut self, bytes: usize) {
        self.sends(bytes);
        // The clock was read a moment ago.
        self.took = self.first_byte;
        self.completed();
    }

    /// The answer is complete.
    pub fn completed(&mut self) {
        self.end = Some(End::of(self.status));
        if let Some(span) = self.trace.streaming.take() {
            span.answered();
        }
    }

    /// The stream broke off.
    pub fn interrupted(&mut self, why: &'static str) {
        self.end = Some(End::Interrupted);
        self.why = Some(why);
        if let Some(span) = self.trace.streaming.take() {
            span.failed(ReasonCode::StreamInterrupted, why);
        }
    }

    /// What its reader ends the stream by.
    pub fn cut_off(&mut self) -> CutOff {
        self.cut_off.get_or_insert_default().clone()
    }

    fn ended(&self, end: End) -> Ended<'_> {
        Ended {
            request_id: &self.request_id,
            group: self.group.as_ref().map(|group| group.name.as_str()),
            instance: self.instance.as_deref(),
            key: self.key().map(|key| key.stored.id.0.to_string()),
            stream: self.stream,
            status: (self.status > 0).then_some(self.status),
            code: self.code,
            end: end.name(),
            failed: matches!(end, End::Class5 | End::Interrupted),
            attempts: self.attempts,
            first_byte: self.first_byte,
            steps: self.trace.steps(),
        }
    }

    /// Moves what is known of a caller's request to where it is accounted for.
    fn enter_into_the_ledger(&mut self, end: End, took: Duration) {
        let Some(by) = self.by.take() else { return };
        let now = SystemTime::now();
        if let Some(key) = by.key() {
            let second = now.duration_since(SystemTime::UNIX_EPOCH);
            key.uses
                .touch(second.map_or(0, |since| since.as_secs()).cast_signed());
        }
        let steps = self.trace.steps();
        let asked = steps
            .iter()
            .filter(|step| step.outcome != AttemptOutcome::Skipped);
        let asked = asked.count() + usize::from(self.trace.waiting_for().is_some());
        let answered = steps
            .last()
            .filter(|step| step.outcome == AttemptOutcome::Answered);
        let ledger = Arc::clone(by.ledger());
        ledger.enter(Entry {
            at: now.checked_sub(took).unwrap_or(now),
            instance: answered
                .map(|step| step.instance_id)
                .zip(self.instance.take()),
            by,
            group: self.group.take(),
            request_id: std::mem::take(&mut self.request_id),
            endpoint: self.endpoint,
            stream: self.stream,
            status: (self.status > 0).then_some(self.status),
            end,
            attempts: u32::try_from(asked).unwrap_or(u32::MAX),
            first_byte: self.first_byte,
            duration: took,
            tokens: self.tokens,
        });
    }

    fn log(&self, end: End, took: Duration) {
        // An instance that is merely passed over was told of when it failed; said again with every request it would be all of the log.
        let failed_over = || {
            let mut steps = self.trace.steps().iter();
            steps.any(|step| step.outcome == AttemptOutcome::Failed)
        };
        // One place for the fields, whatever the level.
        macro_rules! line {
            ($level:ident, $message:literal) => {
                tracing::$level!(
                    target: TARGET,
                    request_id = self.request_id,
                    trace_id = self.span.as_ref().map(|span| tracing::field::display(span.trace_id())),
                    endpoint = self.endpoint.path().trim_start_matches('/'),
                    group = self.group.as_ref().map(|group| group.name.as_str()),
                    assistant = self.assistant.as_ref().map(|assistant| assistant.model.as_str()),
                    key = self.key().map(|key| tracing::field::display(key.stored.id.0)),
                    key_prefix = self.key().map(|key| key.stored.prefix.as_str()),
                    user = self.asker().map(|asker| tracing::field::display(asker.id)),
                    stream = self.stream,
                    status = (self.status > 0).then_some(self.status),
                    code = self.code,
                    end = end.name(),
                    why = self.why,
                    instance = self.instance.as_deref(),
                    waiting_for = self.trace.waiting_for().map(|one| one.connection.name.as_str()),
                    attempts = self.attempts,
                    trace = serde_json::to_string(self.trace.steps()).unwrap_or_default(),
                    first_byte_ms = self.first_byte.map(millis),
                    duration_ms = millis(took),
                    bytes_in = self.received,
                    bytes_out = self.sent,
                    $message
                )
            };
        }
        match (end, &self.group) {
            (End::Interrupted, _) => {
                line!(warn, "interrupted after the beginning of a stream was sent");
            }
            (End::CallerLeft, Some(_)) => line!(info, "the caller left"),
            (End::CallerLeft, None) => line!(debug, "the caller left"),
            (_, None) => line!(debug, "refused"),
            (_, Some(_)) if self.code.is_some() => line!(warn, "nobody answered"),
            (_, Some(_)) if failed_over() => line!(info, "answered after failing over"),
            (_, Some(_)) => line!(debug, "answered"),
        }
    }
}

/// What the lines are found by: `RUST_LOG=info,understudy::request=debug` shows one for every request.
const TARGET: &str = "understudy::request";

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for Record {
    fn drop(&mut self) {
        let took = self.took.unwrap_or_else(|| self.started.elapsed());
        let cut_off = self
            .cut_off
            .take()
            .and_then(|cut_off| cut_off.0.get().copied());
        if let (None, Some(why)) = (self.end, cut_off) {
            self.interrupted(why);
        }
        let end = self.end.unwrap_or(End::CallerLeft);
        if let Some(group) = &self.group {
            group.counts.end(self.endpoint, self.stream, end, took);
        }
        self.log(end, took);
        if let Some(mut span) = self.span.take() {
            span.end(&self.ended(end));
        }
        self.enter_into_the_ledger(end, took);
    }
}
