//! The gateway, row by row of the failover table.

mod answers;
mod assistants;
mod attempts;
mod bounds;
mod budget;
mod chaos;
mod check_leader;
mod check_questions;
mod check_ways;
mod checks;
mod credentials;
mod disconnects;
mod drills;
mod egress;
mod ejection;
mod endpoints;
mod exhausted;
mod forms;
mod hostile;
mod key_limits;
mod limits;
mod live;
mod model_list;
#[cfg(target_os = "linux")]
mod packets;
mod parameters;
mod pools;
mod proxies;
mod requests;
mod responses;
mod slow_callers;
mod speech;
mod statuses;
mod strategies;
mod stream_bytes;
mod stream_commit;
mod stream_faults;
mod tls;
mod transport;

use serde_json::{Value, json};

use crate::support::App;
use crate::support::app::Made;
use crate::support::client::{Answer, Client};
use crate::support::sse;
use crate::support::upstream::{Reply, Upstream};

/// Name of the group that the tests ask.
pub const GROUP: &str = "chat-default";
/// Path of chats.
pub const CHAT: &str = "/v1/chat/completions";

/// A chat to be answered whole.
pub fn chat(group: &str) -> Value {
    json!({"model": group, "messages": [{"role": "user", "content": "Hi"}]})
}

/// A chat to be answered as a stream.
pub fn streamed_chat(group: &str) -> Value {
    json!({"model": group, "messages": [{"role": "user", "content": "Hi"}], "stream": true})
}

/// A service with one group of two instances, `first` and `second`, both healthy until told otherwise.
pub struct Pair {
    pub app: App,
    pub first: Upstream,
    pub second: Upstream,
    pub first_instance: Made,
    pub second_instance: Made,
    pub group: Made,
    pub caller: Client,
}

impl Pair {
    /// With the defaults of every field.
    pub async fn start() -> Self {
        Self::with(json!({}), json!({})).await
    }

    /// Whose first instance answers with this.
    pub async fn whose_first_answers(reply: Reply) -> Self {
        let pair = Self::start().await;
        pair.first.always(reply);
        pair
    }

    /// With fields for the first instance and for the group.
    pub async fn with(instance: Value, group: Value) -> Self {
        Self::of(Upstream::start("first"), instance, group).await
    }

    /// With a first backend, and fields for the first instance and for the group.
    pub async fn of(first: Upstream, instance: Value, group: Value) -> Self {
        let app = App::start().await;
        let second = Upstream::start("second");
        let first_instance = app.instance_with("first", first.port(), instance).await;
        let second_instance = app.instance("second", &second).await;
        let members = [&first_instance, &second_instance];
        let group = app.group_with(GROUP, members, group).await;
        let caller = app.gateway().await;
        Self {
            app,
            first,
            second,
            first_instance,
            second_instance,
            group,
            caller,
        }
    }

    /// Asks for a whole answer.
    pub async fn ask(&self) -> Answer {
        self.caller.post(CHAT, &chat(GROUP)).await
    }

    /// Asks for a stream and reads it to its end.
    pub async fn ask_streamed(&self) -> Answer {
        self.caller.post(CHAT, &streamed_chat(GROUP)).await
    }
}

/// Checks that this is a complete answer of the instance and backend `name`, after so many attempts.
#[track_caller]
pub fn assert_answered(answer: &Answer, name: &str, attempts: usize) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_headers(answer, attempts);
    assert_eq!(
        answer.header("x-understudy-instance"),
        Some(name),
        "{answer:?}"
    );
    let text = if answer
        .header("content-type")
        .is_some_and(|t| t.starts_with("text/event-stream"))
    {
        let events = answer.events();
        assert!(events.last().is_some_and(sse::Event::is_done), "{answer:?}");
        sse::text(&events)
    } else {
        let content = &answer.json()["choices"][0]["message"]["content"];
        content.as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(text, format!("hello from {name}"), "{answer:?}");
}

/// Checks the headers that every answer about a group carries.
#[track_caller]
pub fn assert_headers(answer: &Answer, attempts: usize) {
    assert_eq!(
        answer.header("x-understudy-group"),
        Some(GROUP),
        "{answer:?}"
    );
    assert_eq!(
        answer.header("x-understudy-attempts"),
        Some(attempts.to_string().as_str()),
        "{answer:?}"
    );
    let id = answer.header("x-request-id");
    assert!(id.is_some_and(|id| !id.is_empty()), "{answer:?}");
}

/// Checks that no instance answered: the error, the attempts, and that no instance is named.
#[track_caller]
pub fn assert_failed(answer: &Answer, status: u16, code: &str, attempts: usize) -> Value {
    let error = answer.gateway_error(status, code);
    assert_headers(answer, attempts);
    assert_eq!(answer.header("x-understudy-instance"), None, "{answer:?}");
    error
}
