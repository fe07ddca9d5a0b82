//! What was used, over time: read from the hours that the writer adds up.

use std::collections::HashMap;

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use understudy_shared::{
    Capability, ProblemCode, Role, Usage, UsageBucket, UsageGroupBy, UsageItem, UsageName,
    UsageNumbers,
};
use uuid::Uuid;

use super::extract::Query;
use crate::auth::{Permitted, Principal, ReadUsage};
use crate::db::usage::report::{self, Apart, NumbersRow, Selection, Subject};
use crate::error::ApiError;
use crate::state::AppState;
use crate::usage::times::Times;

mod params;

use params::{UsageParams, UsageQuery};

/// Read the usage
///
/// Requests of the gateway, added up by time and by what `group_by` tells apart. A `user` sees the requests of own keys; operators and
/// administrators see all; keys with `manage:read` see all, but neither users nor keys. What is recorded appears within a second or two
/// of the end of a request. Times are UTC; `from` and `to` are rounded to whole buckets. Buckets without requests have no row.
#[utoipa::path(
    tag = "usage",
    params(UsageParams),
    responses((status = 200, description = "What was used", body = Usage)),
)]
#[get("/api/v1/usage")]
pub async fn get_usage(
    state: web::Data<AppState>,
    call: Permitted<ReadUsage, Query<UsageQuery>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, Query(mut query)) = call;
    confine(&who, &mut query)?;
    let mut conn = state.pool.get().await?;
    let usage = conn
        .build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |conn| read(conn, &query).await)
        .await?;
    Ok(HttpResponse::Ok().json(usage))
}

/// Leaves what the caller may see.
fn confine(who: &Principal, query: &mut UsageQuery) -> Result<(), ApiError> {
    match who {
        Principal::Person(person) if person.role >= Role::Operator => Ok(()),
        Principal::Person(person) => {
            if query.selection.user.is_some_and(|user| user != person.id.0) {
                return Err(ApiError::new(
                    ProblemCode::Forbidden,
                    "Your role sees the usage of your own keys alone.",
                ));
            }
            query.selection.user = Some(person.id.0);
            Ok(())
        }
        Principal::Program(_) => {
            let apart = matches!(query.group_by, Some(UsageGroupBy::Key | UsageGroupBy::User));
            if apart || query.selection.key.is_some() || query.selection.user.is_some() {
                return Err(ApiError::new(
                    ProblemCode::Forbidden,
                    "Keys do not reach users or keys: ask by group, instance or endpoint.",
                ));
            }
            Ok(())
        }
    }
}

async fn read(conn: &mut AsyncPgConnection, query: &UsageQuery) -> Result<Usage, ApiError> {
    let selection = &query.selection;
    let subjects = match query.group_by {
        Some(by) => report::subjects(conn, selection, by, query.limit).await?,
        None => Vec::new(),
    };
    let ids: Vec<String> = subjects.iter().map(|subject| subject.id.clone()).collect();
    let apart = query.group_by.map(|by| (by, &*ids));
    let names: HashMap<String, String> = match apart {
        Some((by, ids)) => report::names(conn, selection, by, ids)
            .await?
            .into_iter()
            .collect(),
        None => HashMap::new(),
    };
    let mut rows = rows(conn, selection, query.bucket, apart).await?;
    let place = |id: &String| ids.iter().position(|other| other == id);
    rows.sort_by_cached_key(|(row, _)| (row.bucket, place(&row.subject)));
    let items = rows.into_iter().map(|(row, times)| {
        let about = query
            .group_by
            .map(|by| (by, name(by, &row.subject, &names)));
        UsageItem::new(row.bucket, about, numbers(&row, &times))
    });
    let items = items.collect();
    let totals = self::rows(conn, selection, UsageBucket::Total, None).await?;
    let totals = totals.first().map(|(row, times)| numbers(row, times));
    let lost = report::lost(conn, selection.from, selection.to).await?;
    Ok(Usage {
        from: selection.from,
        to: selection.to,
        bucket: query.bucket,
        group_by: query.group_by,
        items,
        totals: totals.unwrap_or_default(),
        left_out: left_out(&subjects),
        lost: lost.cast_unsigned(),
    })
}

fn left_out(subjects: &[Subject]) -> u64 {
    let all = subjects.first().map_or(0, |subject| subject.of);
    all.cast_unsigned().saturating_sub(subjects.len() as u64)
}

async fn rows(
    conn: &mut AsyncPgConnection,
    selection: &Selection,
    bucket: UsageBucket,
    apart: Apart<'_>,
) -> Result<Vec<(NumbersRow, Times)>, ApiError> {
    let mut times: HashMap<(DateTime<Utc>, String), Times> = HashMap::new();
    for row in report::times(conn, selection, bucket, apart).await? {
        let all = times.entry((row.bucket, row.subject)).or_default();
        let place = u16::try_from(row.place).map_err(ApiError::internal)?;
        all.add(place, row.count.cast_unsigned());
    }
    let numbers = report::numbers(conn, selection, bucket, apart).await?;
    let with_times = |row: NumbersRow| {
        let found = times.remove(&(row.bucket, row.subject.clone()));
        (row, found.unwrap_or_default())
    };
    Ok(numbers.into_iter().map(with_times).collect())
}

fn numbers(row: &NumbersRow, times: &Times) -> UsageNumbers {
    UsageNumbers {
        requests: row.requests.cast_unsigned(),
        errors: row.errors.cast_unsigned(),
        caller_left: row.caller_left.cast_unsigned(),
        failovers: row.failovers.cast_unsigned(),
        with_tokens: row.with_tokens.cast_unsigned(),
        prompt_tokens: row.prompt_tokens.cast_unsigned(),
        completion_tokens: row.completion_tokens.cast_unsigned(),
        first_byte_ms_p50: times.first_byte_ms(0.5),
        first_byte_ms_p95: times.first_byte_ms(0.95),
        duration_ms_p50: times.duration_ms(0.5),
        duration_ms_p95: times.duration_ms(0.95),
    }
}

fn name(by: UsageGroupBy, id: &str, names: &HashMap<String, String>) -> UsageName {
    if by == UsageGroupBy::Endpoint {
        let known = Capability::ALL.into_iter().find(|known| known.name() == id);
        let path = known.map_or(id, |known| known.path().trim_start_matches('/'));
        return UsageName {
            id: Some(id.to_owned()),
            name: Some(path.to_owned()),
        };
    }
    if id.parse::<Uuid>().is_ok_and(|id| id.is_nil()) {
        return UsageName::default();
    }
    UsageName {
        id: Some(id.to_owned()),
        name: names.get(id).cloned(),
    }
}
