//! The audit log: reading and taking it away. For administrators, and for no key: it tells about users and keys, which keys never
//! reach. There is nothing here that writes.

use actix_web::{HttpResponse, get, web};
use understudy_shared::{AuditRecord, Page};

use super::extract::Query;
use super::list::ListParams;
use crate::auth::{Admin, Permitted};
use crate::db;
use crate::error::ApiError;
use crate::state::AppState;

mod csv;
mod export;
mod filters;
mod format;

pub use export::*;
pub use filters::AuditFilters;
use filters::AuditQuery;
pub use format::{ExportFormat, ExportParams, ExportQuery};

/// List the audit log
///
/// Sorted by `at`, the latest first; `q` looks into the names of actor and target, the action, the address and the id of the request.
/// Filters that are given all have to fit.
#[utoipa::path(
    tag = "audit-log",
    security(("access_token" = [])),
    params(ListParams, AuditFilters),
    responses((status = 200, description = "A page of records", body = Page<AuditRecord>)),
)]
#[get("/api/v1/audit-log")]
pub async fn list_audit_log(
    state: web::Data<AppState>,
    call: Permitted<Admin, Query<AuditQuery>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, Query(query)) = call;
    let AuditQuery {
        window,
        latest_first,
        filter,
    } = query;
    let offset = i64::try_from(window.offset).map_err(ApiError::internal)?;
    let mut conn = state.pool.get().await?;
    let total = db::audit_log::count(&mut conn, &filter).await?;
    let rows = db::audit_log::page(&mut conn, &filter, latest_first, window.limit, offset).await?;
    let items = rows.into_iter().map(AuditRecord::try_from);
    Ok(HttpResponse::Ok().json(Page {
        items: items.collect::<Result<Vec<_>, _>>()?,
        total: u64::try_from(total).map_err(ApiError::internal)?,
        limit: window.limit,
        offset: window.offset,
    }))
}
