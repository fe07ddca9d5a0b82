//! What the audit log can be narrowed by, for the list and for the export.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use understudy_shared::{AuditActorKind, AuditOutcome};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::db::audit_log::{ActionFilter, ActorFilter, RecordFilter};
use crate::error::ApiError;
use crate::routes::extract::bad_parameter as bad;
use crate::routes::extract::{FromParams, Params};
use crate::routes::list::{Window, take_search};

/// Filters of the audit log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that RecordFilter reads")]
pub struct AuditFilters {
    /// Only what this user, key or command did: an id, or the name of that time regardless of case.
    #[param(max_length = 200, example = "admin")]
    actor: Option<String>,
    /// Only what this sort of actor did.
    actor_kind: Option<AuditActorKind>,
    /// Only this action (`api_key.revoke`), or all of a noun (`model_group.`).
    #[param(
        pattern = r"^[a-z_]+\.[a-z_]*$",
        max_length = 100,
        example = "model_group."
    )]
    action: Option<String>,
    /// Only what was done to this kind of target.
    #[param(pattern = "^[a-z_]+$", max_length = 100, example = "model_instance")]
    target_kind: Option<String>,
    /// Only what was done to the target with this id.
    target_id: Option<Uuid>,
    /// Only what came to this.
    outcome: Option<AuditOutcome>,
    /// Only from this moment on.
    #[param(example = "2026-11-01T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// Only before this moment.
    #[param(example = "2026-12-01T00:00:00Z")]
    to: Option<DateTime<Utc>>,
    /// Only from this IP address.
    #[param(max_length = 45, example = "192.0.2.7")]
    address: Option<String>,
}

/// Which page of the log is asked for.
pub struct AuditQuery {
    pub(super) window: Window,
    pub(super) latest_first: bool,
    pub(super) filter: RecordFilter,
}

impl FromParams for AuditQuery {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let window = Window::from_params(params)?;
        let latest_first = match params.take("sort").as_deref() {
            None | Some("-at") => true,
            Some("at") => false,
            Some(_) => return Err(bad("sort", "must be at, with or without - before it")),
        };
        Ok(Self {
            window,
            latest_first,
            filter: RecordFilter::from_params(params)?,
        })
    }
}

impl FromParams for RecordFilter {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let kinds = AuditActorKind::ALL.map(|kind| (kind.as_str(), kind));
        let outcomes = AuditOutcome::ALL.map(|outcome| (outcome.as_str(), outcome));
        let address: Option<IpAddr> = params.take_as("address", "an IP address")?;
        Ok(Self {
            actor: params.take("actor").map(|text| actor(&text)).transpose()?,
            actor_kind: params.take_named("actor_kind", &kinds)?,
            action: params
                .take("action")
                .map(|text| action(&text))
                .transpose()?,
            target_kind: params.take("target_kind").map(target_kind).transpose()?,
            target_id: params.take_as("target_id", "a UUID")?,
            outcome: params.take_named("outcome", &outcomes)?,
            from: moment(params, "from")?,
            to: moment(params, "to")?,
            // In the one spelling that records have.
            address: address.map(|address| address.to_canonical().to_string()),
            q: take_search(params)?,
        })
    }
}

fn actor(text: &str) -> Result<ActorFilter, ApiError> {
    if text.chars().count() > 200 {
        return Err(bad("actor", "must have at most 200 characters"));
    }
    Ok(match text.parse() {
        Ok(id) => ActorFilter::Id(id),
        Err(_) => ActorFilter::Name(text.to_lowercase()),
    })
}

fn action(text: &str) -> Result<ActionFilter, ApiError> {
    let form = "must be an action as model_group.update, or a noun with a dot as model_group.";
    if text.len() > 100 {
        return Err(bad("action", form));
    }
    match text.split_once('.') {
        Some((noun, verb)) if is_name(noun) && is_name(verb) => {
            Ok(ActionFilter::One(text.to_owned()))
        }
        Some((noun, "")) if is_name(noun) => Ok(ActionFilter::Noun(noun.to_owned())),
        _ => Err(bad("action", form)),
    }
}

fn target_kind(text: String) -> Result<String, ApiError> {
    if is_name(&text) {
        return Ok(text);
    }
    Err(bad("target_kind", "must be a kind as model_group"))
}

/// Names of any version: what this one does not know matches what another has written, or nothing.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=100).contains(&text.len()) && text.bytes().all(plain)
}

fn moment(params: &mut Params, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = params.take(name) else {
        return Ok(None);
    };
    let time = DateTime::parse_from_rfc3339(&text);
    let form = "must be a time as in RFC 3339, with its + written as %2B";
    time.map(|time| Some(time.to_utc()))
        .map_err(|_| bad(name, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<RecordFilter, ApiError> {
        Ok(AuditQuery::from_params(&mut Params::parse(query)?)?.filter)
    }

    #[test]
    fn filters_are_read_in_the_spelling_of_records() {
        let filter = read("actor=Ada&action=model_group.&address=::ffff:10.0.0.7&q=GPU").unwrap();
        assert!(matches!(filter.actor, Some(ActorFilter::Name(name)) if name == "ada"));
        assert!(matches!(filter.action, Some(ActionFilter::Noun(noun)) if noun == "model_group"));
        assert_eq!(filter.address.as_deref(), Some("10.0.0.7"));
        assert_eq!(filter.q.as_deref(), Some("gpu"));
        let filter = read("actor=01890a5d-ac96-774b-bcce-b302099a8057&action=user.update").unwrap();
        assert!(matches!(filter.actor, Some(ActorFilter::Id(_))));
        assert!(matches!(filter.action, Some(ActionFilter::One(_))));
        let filter = read("from=2026-11-01T02:00:00%2B02:00").unwrap();
        assert_eq!(
            filter.from.unwrap().to_rfc3339(),
            "2026-11-01T00:00:00+00:00"
        );
    }

    #[test]
    fn bad_filters_are_refused() {
        for query in [
            "action=model_group",
            "action=.",
            "action=.update",
            "action=a.b.c",
            "action=Model.Update",
            &format!("action=a.{}", "b".repeat(99)),
            "actor_kind=king",
            "target_kind=a.b",
            "target_kind=",
            "target_id=1",
            "outcome=ok",
            "from=yesterday",
            "to=2026-11-01",
            "from=2026-11-01T02:00:00+02:00",
            "address=localhost",
            "address=10.0.0.0/8",
            "sort=action",
            "sort=at,-at",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
