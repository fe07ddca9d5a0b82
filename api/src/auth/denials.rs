//! Who tried a change without the right to it, for the audit log.
//!
//! The rule: one record a minute for each caller and operation, so that nobody who has a credential can fill the log, and none for
//! reading. Without a valid credential there is nobody to name, and no record. A refusal holds even if its record cannot be written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use understudy_shared::{AuditAction, AuditOutcome, AuditTargetKind};
use uuid::Uuid;

use super::principal::Principal;
use super::{Author, Origin};
use crate::db::{Change, Target};
use crate::domain::changes::Changes;
use crate::state::AppState;

/// How long further refusals of the same are not recorded.
const QUIET: Duration = Duration::from_secs(60);
/// Refusals that are remembered; more of them within a minute are not recorded.
const REMEMBERED: usize = 10_000;

/// Refusals of late.
#[derive(Debug, Default)]
pub struct Denials(Mutex<HashMap<(Uuid, String), Instant>>);

impl Denials {
    /// Whether this is the first one for a while.
    fn is_news(&self, who: Uuid, operation: &str, now: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, at| now.saturating_duration_since(*at) < QUIET);
        }
        let key = (who, operation.to_owned());
        let quiet = |at: &Instant| now.saturating_duration_since(*at) < QUIET;
        if known.get(&key).is_some_and(quiet) || known.len() >= REMEMBERED {
            return false;
        }
        known.insert(key, now);
        true
    }
}

/// Records that somebody tried what they have no right to.
pub async fn record(request: &HttpRequest, state: &AppState, who: &Principal) {
    if request.method().is_safe() {
        return;
    }
    let path = request.match_pattern();
    let path = path.as_deref().unwrap_or_else(|| request.path());
    let operation = format!("{} {path}", request.method());
    if !state.denials.is_news(who.id(), &operation, Instant::now()) {
        return;
    }
    let target = Target {
        kind: AuditTargetKind::Operation,
        id: request
            .match_info()
            .get("id")
            .and_then(|id| id.parse().ok()),
        name: Some(&operation),
    };
    let author = Origin::of(request, state).by(who);
    match state.pool.get().await {
        Ok(mut conn) => {
            if let Err(error) = write(&mut conn, &author, target).await {
                tracing::error!(%error, operation, "a refusal cannot be recorded");
            }
        }
        Err(error) => tracing::error!(%error, operation, "a refusal cannot be recorded"),
    }
}

async fn write(
    conn: &mut AsyncPgConnection,
    author: &Author,
    target: Target<'_>,
) -> QueryResult<()> {
    conn.transaction::<_, Error, _>(async |conn| {
        let mut change = Change::within(conn, author)?;
        let (outcome, action) = (AuditOutcome::Denied, AuditAction::AccessDeny);
        change
            .record_as(outcome, action, target, Changes::new())
            .await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_is_news_once_a_minute() {
        let denials = Denials::default();
        let (somebody, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let start = Instant::now();
        assert!(denials.is_news(somebody, "POST /a", start));
        assert!(!denials.is_news(somebody, "POST /a", start + QUIET / 2));
        assert!(denials.is_news(somebody, "POST /b", start));
        assert!(denials.is_news(other, "POST /a", start));
        assert!(denials.is_news(somebody, "POST /a", start + QUIET));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let denials = Denials::default();
        let start = Instant::now();
        for number in 0..REMEMBERED as u128 {
            assert!(denials.is_news(Uuid::from_u128(number), "POST /a", start));
        }
        assert!(!denials.is_news(Uuid::max(), "POST /a", start));
        assert!(denials.is_news(Uuid::max(), "POST /a", start + QUIET));
    }
}
