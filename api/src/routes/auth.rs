//! Signing in and out, and one's own password.

use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post, web};
use chrono::Utc;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use understudy_shared::{
    ChangePasswordRequest, FieldError, FieldRule, LoginRequest, ProblemCode, SecretInput, Session,
    SignInMethod, User,
};
use uuid::Uuid;

use super::answer::{not_stored, resource};
use super::extract::JsonBody;
use crate::auth::session::Opened;
use crate::auth::{
    Anybody, Caller, Origin, Permitted, SignedIn, client, cookie, password, principal, session,
    sign_in,
};
use crate::db;
use crate::db::Change;
use crate::db::users::UserRow;
use crate::domain::user::password_faults;
use crate::error::ApiError;
use crate::state::AppState;

/// Sign in
///
/// Gives an access token for 15 minutes, and a refresh token for 30 days in the cookie `understudy_refresh`. After 10 failures
/// in 5 minutes for an account from one address, or 100 from one address, the answer is 429.
#[utoipa::path(
    tag = "sessions",
    security(()),
    request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in", body = Session, headers(
            ("set-cookie" = String, description = "The refresh token: HttpOnly, SameSite=Strict, Path=/api/v1/auth"),
        )),
        (status = 401, description = "The user name or the password is wrong (`unauthenticated`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
        (status = 403, description = "Passwords are not accepted here (`local_sign_in_off`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failed sign-ins (`rate_limited`); `Retry-After` says how long", body = understudy_shared::Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/auth/login")]
pub async fn login(
    _: Anybody,
    request: HttpRequest,
    state: web::Data<AppState>,
    body: JsonBody<LoginRequest>,
) -> Result<HttpResponse, ApiError> {
    let JsonBody(input) = body;
    if !state.local_sign_in {
        return Err(ApiError::new(
            ProblemCode::LocalSignInOff,
            "Passwords are not accepted here; sign in with the identity provider.",
        ));
    }
    let origin = Origin::of(&request, &state);
    let user = sign_in::verify(&state, &input.username, &input.password, &origin).await?;
    let author = origin.by(&user);
    let mut conn = state.pool.get().await?;
    let tokens = &state.access_tokens;
    let opened = session::open(
        &mut conn,
        tokens,
        &author,
        user.id,
        Utc::now(),
        session::LONGEST,
    )
    .await?;
    Ok(signed_in(&request, &state, HttpResponse::Ok(), opened))
}

/// Renew the access token
///
/// Uses up the refresh token of the cookie and sets the next one. A token that was used before ends the session: somebody else
/// may have it. Needs an `Origin` header of this site. Two requests at the very same moment are no theft: one is renewed, the
/// other gets 409 and tries again with the new cookie.
#[utoipa::path(
    tag = "sessions",
    security(("refresh_cookie" = [])),
    responses(
        (status = 200, description = "Renewed", body = Session, headers(
            ("set-cookie" = String, description = "The next refresh token"),
        )),
        (status = 401, description = "No session, or it is over (`unauthenticated`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
        (status = 403, description = "`Origin` is missing or another site (`forbidden`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another request renews this session at this moment (`conflict`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/auth/refresh")]
pub async fn refresh(
    _: Anybody,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let token = cookie::read(&request).ok_or_else(|| {
        ApiError::new(
            ProblemCode::Unauthenticated,
            "There is no session here; sign in.",
        )
    })?;
    client::check_same_origin(&request, &state.trusted_proxies)?;
    let mut conn = state.pool.get().await?;
    let author = Origin::of(&request, &state).anonymous();
    let tokens = &state.access_tokens;
    let opened = session::renew(&mut conn, tokens, &author, &token, Utc::now()).await?;
    Ok(signed_in(&request, &state, HttpResponse::Ok(), opened))
}

/// Sign out
///
/// Ends the session of the cookie (then it needs an `Origin` header of this site) or of the access token, at once and
/// everywhere. Signing out twice is no fault.
#[utoipa::path(
    tag = "sessions",
    security(("refresh_cookie" = []), ("access_token" = [])),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Neither a cookie nor a valid access token (`unauthenticated`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
        (status = 403, description = "`Origin` is missing or another site (`forbidden`)", body = understudy_shared::Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/auth/logout")]
pub async fn logout(
    _: Anybody,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    match cookie::read(&request) {
        Some(token) => {
            client::check_same_origin(&request, &state.trusted_proxies)?;
            let mut conn = state.pool.get().await?;
            let session = session::of_refresh_token(&mut conn, &token).await?;
            sign_out(&mut conn, &request, &state, session).await?;
        }
        None => match principal::authenticate(&request, &state).await? {
            principal::Principal::Person(person) => {
                let mut conn = state.pool.get().await?;
                sign_out(&mut conn, &request, &state, Some(person.session)).await?;
            }
            principal::Principal::Program(_) => {
                return Err(ApiError::new(
                    ProblemCode::Forbidden,
                    "A key has no session; revoke it instead.",
                ));
            }
        },
    }
    Ok(HttpResponse::NoContent()
        .cookie(cookie::remove(&request, &state.trusted_proxies))
        .finish())
}

async fn sign_out(
    conn: &mut AsyncPgConnection,
    request: &HttpRequest,
    state: &AppState,
    session: Option<Uuid>,
) -> Result<(), ApiError> {
    let Some(session) = session else {
        return Ok(());
    };
    let Some(user) = db::sessions::owner(conn, session).await? else {
        return Ok(());
    };
    let author = Origin::of(request, state).by(&user);
    conn.transaction::<_, ApiError, _>(async |conn| {
        let mut change = Change::within(conn, &author)?;
        Ok(db::sessions::sign_out(&mut change, session, &user, Utc::now()).await?)
    })
    .await
}

/// Get the user who is signed in
#[utoipa::path(
    tag = "sessions",
    security(("access_token" = [])),
    responses((status = 200, description = "Who is signed in", body = User, headers(
        ("etag" = String, description = "The version"),
    ))),
)]
#[get("/api/v1/auth/me")]
pub async fn me(
    state: web::Data<AppState>,
    caller: Caller<SignedIn>,
) -> Result<HttpResponse, ApiError> {
    let Caller(person) = caller;
    let user = own_row(&state, person.id.0).await?;
    Ok(resource(user.version, &User::from(user)))
}

/// Change one's own password
///
/// Ends all other sessions of the user. A wrong current password counts as a failed sign-in.
#[utoipa::path(
    tag = "sessions",
    security(("access_token" = [])),
    request_body = ChangePasswordRequest,
    responses(
        (status = 204, description = "Changed"),
        (status = 429, description = "Too many wrong passwords (`rate_limited`); `Retry-After` says how long", body = understudy_shared::Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/auth/password")]
pub async fn change_password(
    state: web::Data<AppState>,
    call: Permitted<SignedIn, (Origin, JsonBody<ChangePasswordRequest>)>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, (origin, JsonBody(input))) = call;
    let user = own_row(&state, person.id.0).await?;
    if user.sign_in() == SignInMethod::Oidc {
        return Err(ApiError::field(
            "/new_password",
            FieldRule::OfIdentityProvider,
        ));
    }
    check_new_password(&user, &input.new_password)?;
    if !sign_in::is_password_of(&state, &user, &input.current_password, &origin).await? {
        return Err(wrong_current_password());
    }
    let author = origin.by(&user);
    let hash = password::hash(&input.new_password).await?;
    let now = Utc::now();
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        let mut change = Change::within(conn, &author)?;
        if !db::users::set_password(&mut change, &user, &hash, now).await? {
            return Err(wrong_current_password());
        }
        Ok(db::sessions::end_others(&mut change, user.id, person.session, now).await?)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

fn wrong_current_password() -> ApiError {
    ApiError::field("/current_password", FieldRule::PasswordWrong)
}

fn check_new_password(user: &UserRow, new: &SecretInput) -> Result<(), ApiError> {
    let mut faults: Vec<FieldError> = Vec::new();
    password_faults(&mut faults, "/new_password", &user.username, new.expose());
    ApiError::check(faults)
}

async fn own_row(state: &AppState, id: Uuid) -> Result<UserRow, ApiError> {
    let mut conn = state.pool.get().await?;
    let user = db::users::by_id(&mut conn, id).await?;
    user.ok_or_else(|| {
        ApiError::new(
            ProblemCode::Unauthenticated,
            "The user of this session does not exist any more.",
        )
    })
}

/// The answer of everything that opens or renews a session.
pub(super) fn signed_in(
    request: &HttpRequest,
    state: &AppState,
    mut response: HttpResponseBuilder,
    opened: Opened,
) -> HttpResponse {
    let cookie = cookie::keep(
        request,
        &state.trusted_proxies,
        opened.refresh_token,
        opened.ends,
    );
    not_stored(response.cookie(cookie).json(opened.session))
}
