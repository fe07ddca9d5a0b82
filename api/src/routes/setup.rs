//! The first administrator, through the one-time link that the service prints.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::Utc;
use understudy_shared::{Session, SetupRequest, SetupState};

use super::auth::signed_in;
use super::extract::JsonBody;
use crate::auth::{Anybody, Origin, password, session, setup};
use crate::db;
use crate::domain::user::credential_faults;
use crate::error::ApiError;
use crate::state::AppState;

/// Say whether the set-up is open
#[utoipa::path(
    tag = "setup",
    security(()),
    responses((status = 200, description = "Open as long as there is no user", body = SetupState)),
)]
#[get("/api/v1/setup")]
pub async fn get_setup(_: Anybody, state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let mut conn = state.pool.get().await?;
    let open = !db::users::any(&mut conn).await?;
    Ok(HttpResponse::Ok().json(SetupState { open }))
}

/// Make the first administrator
///
/// With the token of the link that the service printed when it started. Signs the administrator in.
#[utoipa::path(
    tag = "setup",
    security(()),
    request_body = SetupRequest,
    responses(
        (status = 201, description = "Made and signed in", body = Session, headers(
            ("set-cookie" = String, description = "The refresh token"),
            ("location" = String, description = "The user"),
        )),
        (status = 401, description = "The token is not one of the links (`unauthenticated`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
        (status = 409, description = "A user exists (`setup_closed`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/setup")]
pub async fn finish_setup(
    _: Anybody,
    request: HttpRequest,
    state: web::Data<AppState>,
    body: JsonBody<SetupRequest>,
) -> Result<HttpResponse, ApiError> {
    let JsonBody(input) = body;
    let mut conn = state.pool.get().await?;
    setup::check_token(&mut conn, &input.token).await?;
    ApiError::check(credential_faults(&input.username, input.password.expose()))?;
    let hash = password::hash(&input.password).await?;
    let origin = Origin::of(&request, &state);
    let author = origin.clone().anonymous();
    let user = setup::finish(&mut conn, &author, &input.username, &hash).await?;
    let (author, tokens) = (origin.by(&user), &state.access_tokens);
    let opened = session::open(
        &mut conn,
        tokens,
        &author,
        user.id,
        Utc::now(),
        session::LONGEST,
    )
    .await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, "/api/v1/auth/me"));
    Ok(signed_in(&request, &state, response, opened))
}
