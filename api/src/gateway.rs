//! The data plane: how a question reaches the first available instance of a group.
//!
//! | module | does |
//! |---|---|
//! | [`handler`] | authenticates, reads the body once, answers |
//! | [`assistant`] | what an assistant adds to a conversation |
//! | [`snapshot`] | the configuration in memory, immutable, loaded once per request |
//! | [`refresh`] | replaces the snapshot when the configuration changes |
//! | [`body`] | finds and replaces top-level fields of a JSON body without building a tree |
//! | [`form`] | the same for forms, which carry files |
//! | [`question`] | what the gateway reads of a request, whichever endpoint it is for |
//! | [`picker`] | the order of the candidates, and who is skipped and why |
//! | [`preview`] | who would answer now, by the picker's own rules |
//! | [`breaker`] | what is known of each instance, and whether it may be asked; reported once per attempt |
//! | [`pool`] | which token and which proxy of an instance is used |
//! | [`budget`] | how many second attempts a group may make |
//! | [`counts`] | what is counted, for `/metrics` |
//! | [`key_use`] | how much a key asks at this moment, and whether it may ask more |
//! | [`tokens`] | how many tokens a backend says that it counted |
//! | [`record`] | one request from its beginning to its end: its numbers and its line in the log |
//! | [`window`] | what happened in the last seconds, counted |
//! | [`size`] | how long a request is at the least |
//! | [`surroundings`] | time and chance, passed in |
//! | [`failover`] | one loop: try, classify, go on or commit |
//! | [`classify`] | the table of failures |
//! | [`timing`] | the time limits of one attempt |
//! | [`upstream`] | one HTTP client per instance and worker |
//! | [`egress`] | which addresses may be reached |
//! | [`sse`], [`stream`] | server-sent events, the commit gate, the error after commit |
//! | [`checks`] | the connection check that somebody asks for, step by step |
//! | [`discovery`] | servers of models on this machine, looked for when somebody asks |
//! | [`watch`] | the checks that are made by themselves |
//! | [`error`] | errors in the OpenAI form |
//!
//! The rule: nothing on the path of a request touches PostgreSQL. The service answers with what it knows.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::watch::Receiver;
use understudy_shared::{
    Capability, CheckResult, InstanceStatus, MemberPreview, ModelInstanceId, ProxyId, ProxyState,
    TokenId, TokenState,
};

use crate::domain::model_instance::Connection;
use crate::telemetry::Traces;
use crate::usage::Ledger;

pub mod assistant;
pub mod body;
pub mod breaker;
pub mod budget;
pub mod checks;
pub mod classify;
pub mod counts;
pub mod discovery;
pub mod egress;
pub mod ending;
pub mod error;
pub mod failover;
pub mod form;
pub mod handler;
pub mod key_use;
pub mod picker;
pub mod pool;
pub mod preview;
pub mod question;
pub mod record;
pub mod refresh;
pub mod size;
pub mod snapshot;
pub mod sse;
pub mod stream;
pub mod surroundings;
#[cfg(test)]
mod testing;
pub mod timing;
pub mod tokens;
pub mod upstream;
pub mod watch;
pub mod window;

use breaker::Board;
use counts::Counts;
use egress::EgressPolicy;
use picker::Rules;
use snapshot::Snapshot;
use surroundings::Surroundings;

pub use preview::PickerMember;

/// The data plane of one process.
pub struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    board: Board,
    egress: Arc<EgressPolicy>,
    refresh: refresh::Requests,
    traces: Option<Traces>,
}

impl Gateway {
    /// A gateway that knows no configuration yet.
    pub fn new(egress: EgressPolicy) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
            board: Board::default(),
            egress: Arc::new(egress),
            refresh: refresh::Requests::default(),
            traces: None,
        }
    }

    /// The same, and its requests are traced.
    pub fn traced(self, traces: Option<Traces>) -> Self {
        Self { traces, ..self }
    }

    /// The same, with room for the usage of so many requests until the database takes it.
    pub fn with_usage_room(self, room: usize) -> Self {
        let board = self.board.with_ledger(Ledger::with_room(room));
        Self { board, ..self }
    }

    /// What requests are traced by, if they are.
    pub fn traces(&self) -> Option<&Traces> {
        self.traces.as_ref()
    }

    /// The configuration of this moment. Load it once per request.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Which addresses may be reached.
    pub fn egress(&self) -> &Arc<EgressPolicy> {
        &self.egress
    }

    /// Reloads the configuration and waits until this process works with it, a second at most. For management requests that
    /// changed it, so that their caller can use at once what they made.
    pub async fn refreshed(&self) {
        self.refresh.ask_and_wait().await;
    }

    /// Whether the configuration has been loaded at least once.
    pub fn is_loaded(&self) -> Receiver<bool> {
        self.refresh.loaded()
    }

    /// Time and chance.
    pub fn surroundings(&self) -> &Arc<dyn Surroundings> {
        self.board.surroundings()
    }

    /// What is counted.
    pub fn counts(&self) -> &Counts {
        self.board.counts()
    }

    /// Where requests are told, once they are over.
    pub fn ledger(&self) -> &Arc<Ledger> {
        self.board.ledger()
    }

    /// Instances of which a request failed.
    pub fn alarms(&self) -> &Arc<watch::alarm::Alarms> {
        self.board.alarms()
    }

    /// What is known of an instance. `since` is when its configuration last changed.
    pub fn instance_status(
        &self,
        id: ModelInstanceId,
        enabled: bool,
        since: DateTime<Utc>,
    ) -> InstanceStatus {
        let snapshot = self.snapshot.load();
        let drill = snapshot.instance(id).and_then(|instance| instance.drill);
        self.board.status(id, enabled, drill, since)
    }

    /// Whether a token of a pool can be used.
    pub fn token_state(&self, id: TokenId) -> TokenState {
        let snapshot = self.snapshot.load();
        let known = snapshot.part(id.0);
        known.map_or(TokenState::Unknown, |(instance, place)| {
            instance.health.token_state(*place)
        })
    }

    /// Whether a proxy can be used.
    pub fn proxy_state(&self, id: ProxyId) -> ProxyState {
        let snapshot = self.snapshot.load();
        let known = snapshot.part(id.0);
        known.map_or(ProxyState::Unknown, |(instance, place)| {
            instance.health.proxy_state(*place)
        })
    }

    /// What would happen to each member if somebody asked the group now, by the rules that requests follow.
    pub fn verdicts(&self, rules: Rules<'_>, members: &[PickerMember]) -> Vec<MemberPreview> {
        preview::verdicts(
            rules,
            members,
            &self.snapshot.load(),
            self.surroundings().now(),
        )
    }

    /// Whether at least one instance of a group would answer now.
    pub fn is_available(&self, group: &snapshot::Group, endpoint: Option<Capability>) -> bool {
        picker::is_available(group, endpoint, self.surroundings().now())
    }

    /// Checks a connection step by step, over the very client that requests would use.
    pub async fn check(&self, connection: &Connection) -> CheckResult {
        let (result, walked) = checks::check(connection, &self.egress).await;
        self.board.checked(connection.id, &result, &walked);
        result
    }
}
