//! The audit log as a file, in pieces: neither the service nor the database ever has more of it in memory than a batch.
//!
//! The rule: a batch begins where the last one ended, and each takes a connection of its own, so that a slow reader holds none. Whoever
//! loses the right to read the log gets no further batch; the file then ends as a broken connection, never as if it were whole.

use super::format::{ExportFormat, ExportParams, ExportQuery};
use super::{AuditFilters, csv};
use crate::auth::permission::Permission as _;
use crate::auth::principal::Person;
use crate::auth::standing::{Credential, still_valid};
use crate::auth::{Admin, Origin, Permitted};
use crate::db::audit_log::{Place, RecordFilter};
use crate::db::{self, Change, Pool, Target};
use crate::domain::changes;
use crate::error::ApiError;
use crate::routes::extract::Query;
use crate::state::AppState;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use chrono::Utc;
use diesel_async::AsyncConnection as _;
use futures_util::{Stream, stream};
use serde_json::{Value, json};
use understudy_shared::{AuditAction, AuditRecord, AuditTargetKind, Problem, ProblemCode};

/// Records that are read at once.
const BATCH: i64 = 500;

/// Export the audit log
///
/// All records that the filters let through, the latest first, as a file. The export is itself recorded, as `audit_log.export`; that
/// record is not in the file. In CSV a cell that a spreadsheet would take for a formula has an apostrophe before it.
#[utoipa::path(
    tag = "audit-log",
    security(("access_token" = [])),
    params(ExportParams, AuditFilters),
    responses(
        (status = 200, description = "The file", headers(
            ("content-disposition" = String, description = "The name of the file"),
        ), content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        (status = 400, description = "A parameter is unknown or has a bad value (`invalid_parameter`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[get("/api/v1/audit-log/export")]
pub async fn export_audit_log(
    state: web::Data<AppState>,
    call: Permitted<Admin, (Origin, Query<ExportQuery>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (origin, Query(ExportQuery { format, filter }))) = call;
    let author = origin.by(&person);
    let mut conn = state.pool.get().await?;
    let place = db::audit_log::end(&mut conn).await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        let changes = changes::change("format", Value::Null, json!(format));
        let target = Target::unnamed(AuditTargetKind::AuditLog);
        let mut change = Change::within(conn, &author)?;
        let action = AuditAction::AuditLogExport;
        Ok(change.record(action, target, changes).await?)
    })
    .await?;
    let date = place.at.format("%Y-%m-%d");
    let file = format!(
        "attachment; filename=\"audit-log-{date}.{}\"",
        format.as_str()
    );
    let export = Export {
        pool: state.pool.clone(),
        person,
        format,
        filter,
        next: Next::Head(place),
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.content_type()))
        .insert_header((header::CONTENT_DISPOSITION, file))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(export.into_stream()))
}

/// What comes next.
#[derive(Clone, Copy)]
enum Next {
    Head(Place),
    Before(Place),
    End,
}

/// An export that is under way.
struct Export {
    pool: Pool,
    person: Person,
    format: ExportFormat,
    filter: RecordFilter,
    next: Next,
}

impl Export {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, ApiError>> {
        stream::try_unfold(self, |mut export| async {
            let piece = export.piece().await?;
            Ok(piece.map(|piece| (piece, export)))
        })
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, ApiError> {
        let mut text = String::new();
        let place = match self.next {
            Next::Head(place) => {
                if self.format == ExportFormat::Csv {
                    csv::head(&mut text);
                }
                place
            }
            Next::Before(place) => place,
            Next::End => return Ok(None),
        };
        let mut conn = self.pool.get().await?;
        let credential = [Credential::Session(self.person.session)];
        let standing = still_valid(&mut conn, &credential, Utc::now()).await?;
        if !standing.into_iter().any(|who| Admin::admit(who).is_some()) {
            let detail = "The right to read the audit log has ended.";
            return Err(ApiError::new(ProblemCode::Forbidden, detail));
        }
        let rows = db::audit_log::before(&mut conn, &self.filter, place, BATCH).await?;
        drop(conn);
        let full = i64::try_from(rows.len()).is_ok_and(|length| length >= BATCH);
        self.next = match rows.last().filter(|_| full) {
            Some(last) => Next::Before(Place {
                at: last.at,
                id: last.id,
            }),
            None => Next::End,
        };
        for row in rows {
            self.write(&mut text, &row.try_into()?)?;
        }
        Ok(Some(text.into()))
    }

    fn write(&self, text: &mut String, record: &AuditRecord) -> Result<(), ApiError> {
        match self.format {
            ExportFormat::Csv => csv::record(text, record).map_err(ApiError::internal),
            ExportFormat::Jsonl => {
                text.push_str(&serde_json::to_string(record).map_err(ApiError::internal)?);
                text.push('\n');
                Ok(())
            }
        }
    }
}
