//! `POST /api/v1/model-instances/{id}/duplicate`

use std::collections::HashSet;

use actix_web::{HttpResponse, post, web};

use diesel_async::AsyncConnection as _;
use understudy_shared::{ModelInstance, ModelInstanceId, Problem};

use super::{created, not_found};
use crate::auth::{ManageWrite, Origin, Permitted};
use crate::db;
use crate::db::Change;
use crate::db::time::now;
use crate::error::ApiError;
use crate::routes::answer::refused;
use crate::routes::extract::PathId;
use crate::state::AppState;

/// Characters that a name may have.
const NAME_CHARS: usize = 100;

/// Duplicate a model instance
///
/// A new instance with the same settings and secrets, the name with " (copy)" behind it, and in no group.
#[utoipa::path(
    tag = "model-instances",
    params(("id" = ModelInstanceId, Path, description = "Id of the instance")),
    responses(
        (status = 201, description = "Made", body = ModelInstance, headers(
            ("location" = String, description = "Path of the copy"),
            ("etag" = String, description = "The version, for If-Match"),
        )),
        (status = 409, description = "A stored secret cannot be decrypted (`secret_unreadable`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/model-instances/{id}/duplicate")]
pub async fn duplicate_model_instance(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, PathId<ModelInstanceId>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, (origin, PathId(id))) = call;
    let author = origin.by(&who);
    let mut conn = state.pool.get().await?;
    let copy = conn
        .transaction::<_, ApiError, _>(async |conn| {
            db::model_instances::lock_configuration(conn).await?;
            let original = db::model_instances::lock(conn, id.0)
                .await?
                .ok_or_else(not_found)?;
            let taken = db::model_instances::name_keys(conn)
                .await?
                .into_iter()
                .collect();
            let copy =
                original.duplicate(&free_name(&original.row.name, &taken), &state.cipher, now())?;
            let mut change = Change::within(conn, &author)?;
            db::model_instances::insert_copy(&mut change, &copy, &original)
                .await
                .map_err(refused)?;
            Ok(copy)
        })
        .await?;
    created(copy, &state)
}

/// The first of "A (copy)", "A (copy 2)", … that is free, shortened so that it stays a valid name.
fn free_name(original: &str, taken: &HashSet<String>) -> String {
    let name = |number: usize| {
        let suffix = if number == 1 {
            " (copy)".to_owned()
        } else {
            format!(" (copy {number})")
        };
        let room = NAME_CHARS.saturating_sub(suffix.chars().count());
        let kept: String = original.chars().take(room).collect();
        format!("{kept}{suffix}")
    };
    let mut number = 1;
    while taken.contains(&name(number).to_lowercase()) {
        number += 1;
    }
    name(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_get_the_next_free_name() {
        let taken = HashSet::from(["gpu (copy)".to_owned(), "gpu (copy 2)".to_owned()]);
        assert_eq!(free_name("GPU", &taken), "GPU (copy 3)");
        let long = "я".repeat(100);
        assert_eq!(free_name(&long, &HashSet::new()).chars().count(), 100);
    }
}
