//! Configuration as code through the API: the file, what applying one would do, and applying it.

use actix_web::http::header;
use actix_web::{HttpResponse, get, post, web};
use understudy_shared::{ConfigPlan, Problem};

use super::answer::not_stored;
use super::extract::{FromParams, Params, Query, YamlBody, bad_parameter};
use crate::auth::{Anybody, ManageRead, ManageWrite, Origin, Permitted};
use crate::config_file::{self, ConfigFile, Context, Options, References, Stored};
use crate::error::ApiError;
use crate::state::AppState;

/// Export the configuration
///
/// All instances, groups and shared assistants as a file (YAML) that `understudy apply` and `POST /api/v1/config/apply` read: sorted, without what is as it is
/// by default, and without secrets; `keep: true` stands for one that is stored.
#[utoipa::path(
    tag = "config",
    responses((status = 200, description = "The file", body = String, content_type = "application/yaml")),
)]
#[get("/api/v1/config/export")]
pub async fn export_config(
    state: web::Data<AppState>,
    call: Permitted<ManageRead, Query<()>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(_, Query(())) = call;
    let mut conn = state.pool.get().await?;
    let stored = Stored::read(&mut conn).await?;
    drop(conn);
    let response = HttpResponse::Ok()
        .content_type("application/yaml")
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"understudy.yaml\"",
        ))
        .body(config_file::export(&stored)?);
    Ok(not_stored(response))
}

impl FromParams for Options {
    fn from_params(params: &mut Params) -> Result<Self, ApiError> {
        let fingerprint = params.take("fingerprint");
        let known = |text: &String| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if fingerprint.as_ref().is_some_and(|text| !known(text)) {
            return Err(bad_parameter("fingerprint", "must be that of a plan"));
        }
        Ok(Self {
            dry_run: params.take_bool("dry_run")?.unwrap_or_default(),
            prune: params.take_bool("prune")?.unwrap_or_default(),
            fingerprint,
        })
    }
}

/// Apply a configuration
///
/// Makes instances, groups and shared assistants what the file says, all of it or nothing, and answers what has changed. Names are the identity: what is in the
/// file is made or changed, what is not stays, unless `prune` removes it. Every fault is told with its line. References of secrets to
/// variables and files are not followed here.
#[utoipa::path(
    tag = "config",
    params(
        ("dry_run" = Option<bool>, Query, description = "Only answer what would be done"),
        ("prune" = Option<bool>, Query, description = "Remove what the file does not have, of the kinds that it has a section for"),
        ("fingerprint" = Option<String>, Query, description = "That of a plan (`dry_run`): refuses to do anything else"),
    ),
    request_body(content = String, content_type = "application/yaml", description = "The file, at most 4 MiB; `GET /api/v1/config/schema` has its schema"),
    responses(
        (status = 200, description = "Done, or what would be done", body = ConfigPlan),
        (status = 400, description = "The file is not YAML (`invalid_yaml`), or a parameter has a bad value (`invalid_parameter`)", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Groups or assistants outside of the file use what it would remove (`in_use`), or others keep changing the configuration (`conflict`)", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The plan of this fingerprint is another one (`precondition_failed`)", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The file is larger than 4 MiB (`body_too_large`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/config/apply")]
pub async fn apply_config(
    state: web::Data<AppState>,
    call: Permitted<ManageWrite, (Origin, Query<Options>, YamlBody)>,
) -> Result<web::Json<ConfigPlan>, ApiError> {
    let Permitted(who, (origin, Query(options), YamlBody(body))) = call;
    let author = origin.by(&who);
    // A large file takes its time, which the other requests of this thread do not have.
    let read = web::block(move || ConfigFile::read(&body, &References::Refused));
    let file = read.await.map_err(ApiError::internal)?;
    let file = file.map_err(ApiError::fields)?;
    let context = Context {
        cipher: &state.cipher,
        egress: state.gateway.egress(),
    };
    let plan = config_file::apply(&state.pool, &file, context, &options, &author).await?;
    Ok(web::Json(plan))
}

/// Describe the file
///
/// JSON Schema (2020-12), for editors and checks.
#[utoipa::path(
    tag = "config",
    security(()),
    responses((status = 200, description = "The schema", body = Object, content_type = "application/schema+json")),
)]
#[get("/api/v1/config/schema")]
pub async fn get_config_schema(_: Anybody) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/schema+json")
        .body(config_file::schema().to_string())
}
