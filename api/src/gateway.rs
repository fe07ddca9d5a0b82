//! The data plane: how a question reaches the first available instance of a group.
//!
//! | module | does |
//! |---|---|
//! | [`handler`] | authenticates, reads the body once, answers |
//! | [`snapshot`] | the configuration in memory, immutable, loaded once per request |
//! | [`refresh`] | replaces the snapshot when the configuration changes |
//! | [`body`] | finds and replaces top-level fields of a JSON body without building a tree |
//! | [`picker`] | the order of the candidates, and who is skipped and why |
//! | [`breaker`] | what is known of each instance; reported once per attempt |
//! | [`failover`] | one loop: try, classify, go on or commit |
//! | [`classify`] | the table of failures |
//! | [`timing`] | the time limits of one attempt |
//! | [`upstream`] | one HTTP client per instance and worker |
//! | [`egress`] | which addresses may be reached |
//! | [`sse`], [`stream`] | server-sent events, the commit gate, the error after commit |
//! | [`checks`] | the connection check, step by step |
//! | [`error`] | errors in the OpenAI form |
//!
//! The rule: nothing on the path of a request touches PostgreSQL. The service answers with what it knows.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::watch;
use understudy_shared::{
    CheckResult, InstanceKind, InstanceStatus, MemberPreview, ModelInstanceId, ProxyId, ProxyState,
    ReasonCode, TokenId, TokenState, Verdict,
};

use crate::domain::model_instance::{Connection, Drill};

pub mod body;
pub mod breaker;
pub mod checks;
pub mod classify;
pub mod egress;
pub mod error;
pub mod failover;
pub mod handler;
pub mod picker;
pub mod refresh;
pub mod snapshot;
pub mod sse;
pub mod stream;
pub mod timing;
pub mod upstream;

use breaker::Board;
use egress::EgressPolicy;
use picker::Facts;
use snapshot::Snapshot;

/// The data plane of one process.
pub struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    board: Board,
    egress: Arc<EgressPolicy>,
    refresh: refresh::Requests,
}

/// A member of a group as management knows it, for a preview by the picker's own rules.
#[derive(Clone, Debug)]
pub struct PickerMember {
    /// The instance.
    pub id: ModelInstanceId,
    /// Its name.
    pub name: String,
    /// Where it runs.
    pub kind: InstanceKind,
    /// Whether the instance is enabled.
    pub enabled: bool,
    /// Whether it is enabled in this group.
    pub member_enabled: bool,
}

impl Gateway {
    /// A gateway that knows no configuration yet.
    pub fn new(egress: EgressPolicy) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(Snapshot::default()),
            board: Board::default(),
            egress: Arc::new(egress),
            refresh: refresh::Requests::default(),
        }
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
    pub fn is_loaded(&self) -> watch::Receiver<bool> {
        self.refresh.loaded()
    }

    /// What is known of an instance. `since` is when its configuration last changed.
    pub fn instance_status(
        &self,
        id: ModelInstanceId,
        enabled: bool,
        since: DateTime<Utc>,
    ) -> InstanceStatus {
        self.board
            .status(id, enabled, self.drill(id), since, Utc::now())
    }

    /// Whether somebody pretends that an instance is down.
    fn drill(&self, id: ModelInstanceId) -> Option<Drill> {
        self.snapshot.load().instance(id)?.drill
    }

    /// Whether a token of a pool can be used.
    pub fn token_state(&self, _id: TokenId) -> TokenState {
        TokenState::Unknown
    }

    /// Whether a proxy can be used.
    pub fn proxy_state(&self, _id: ProxyId) -> ProxyState {
        ProxyState::Unknown
    }

    /// What would happen to each member if somebody asked the group now, by the rules that requests follow.
    pub fn verdicts(
        &self,
        group_enabled: bool,
        allowed_kinds: &[InstanceKind],
        members: &[PickerMember],
    ) -> Vec<MemberPreview> {
        let now = Utc::now();
        let mut found = false;
        let preview = |member: &PickerMember| {
            let facts = Facts {
                group_enabled,
                enabled: member.enabled,
                member_enabled: member.member_enabled,
                kind: member.kind,
                drill: self.drill(member.id),
            };
            let known = self.board.passive(member.id, now);
            let skip =
                picker::skip(&facts, allowed_kinds, now).or_else(|| picker::unlikely(&known));
            let (verdict, code, reason, retry_at) = match skip {
                Some(skip) => (Verdict::Skipped, skip.code, skip.reason, skip.retry_at),
                None if !found => {
                    found = true;
                    (
                        Verdict::Answers,
                        ReasonCode::Available,
                        "first available member in the group's order".to_owned(),
                        None,
                    )
                }
                None => (
                    Verdict::Standby,
                    ReasonCode::Standby,
                    "would answer if those before it failed".to_owned(),
                    None,
                ),
            };
            MemberPreview {
                instance_id: member.id,
                name: member.name.clone(),
                verdict,
                reason,
                code: code.to_string(),
                retry_at,
            }
        };
        members.iter().map(preview).collect()
    }

    /// Whether at least one instance of a group would answer now.
    pub fn is_available(&self, group: &snapshot::Group) -> bool {
        let now = Utc::now();
        picker::candidates(group, now).any(|member| {
            picker::unlikely(&self.board.passive(member.instance.connection.id, now)).is_none()
        })
    }

    /// Checks a connection step by step, over the very client that requests would use.
    pub async fn check(&self, connection: &Connection) -> CheckResult {
        let result = checks::check(connection, &self.egress).await;
        self.board.checked(connection.id, &result, Utc::now());
        result
    }
}
