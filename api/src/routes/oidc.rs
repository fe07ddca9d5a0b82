//! Signing in with the identity provider. The browser goes there and comes back; its end is always a page of the web application.

use std::time::Instant;

use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel_async::AsyncConnection as _;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use understudy_shared::{
    FieldRule, OidcFault, OidcMethod, OidcStart, Problem, ProblemCode, SignInMethods,
    StartOidcRequest,
};
use url::{Url, form_urlencoded};

use super::answer::not_stored;
use super::extract::JsonBody;
use crate::auth::oidc::account::{self, Refusal};
use crate::auth::oidc::attempt::{MAX_RETURN_TO, is_path_of_site};
use crate::auth::oidc::{Attempt, Provider};
use crate::auth::session::Opened;
use crate::auth::{Anybody, Origin, client, cookie};
use crate::db;
use crate::db::Change;
use crate::db::users::UserRow;
use crate::error::ApiError;
use crate::state::AppState;

const CALLBACK: &str = "/api/v1/auth/oidc/callback";
/// Characters of what a provider names as its reason that the log shows.
const REASON_CHARS: usize = 60;

/// Say how people sign in here
#[utoipa::path(
    tag = "sessions",
    security(()),
    responses((status = 200, description = "What the sign-in page offers", body = SignInMethods)),
)]
#[get("/api/v1/auth/methods")]
pub async fn get_sign_in_methods(_: Anybody, state: web::Data<AppState>) -> HttpResponse {
    let oidc = state.oidc.as_ref().map(|provider| OidcMethod {
        name: provider.settings().name.clone(),
    });
    HttpResponse::Ok().json(SignInMethods {
        local: state.local_sign_in,
        oidc,
    })
}

/// Begin to sign in with the identity provider
///
/// For pages: the answer names the provider's page, and a cookie keeps what is needed when the person comes back from there within ten
/// minutes. Needs an `Origin` header of this site.
#[utoipa::path(
    tag = "sessions",
    security(()),
    request_body = StartOidcRequest,
    responses(
        (status = 200, description = "Go there", body = OidcStart, headers(
            ("set-cookie" = String, description = "What belongs to this attempt: HttpOnly, SameSite=Lax, Path=/api/v1/auth/oidc"),
        )),
        (status = 403, description = "`Origin` is missing or another site (`forbidden`)", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No identity provider is set up (`not_found`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The provider cannot be reached (`identity_provider_unavailable`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/auth/oidc/start")]
pub async fn start_oidc_sign_in(
    _: Anybody,
    request: HttpRequest,
    state: web::Data<AppState>,
    body: JsonBody<StartOidcRequest>,
) -> Result<HttpResponse, ApiError> {
    let JsonBody(input) = body;
    let provider = provider(&state)?;
    let site = site(&request, &state, provider)?;
    let actual = input.return_to.chars().count();
    if actual > MAX_RETURN_TO {
        let (max, actual) = (MAX_RETURN_TO as u64, actual as u64);
        return Err(ApiError::field(
            "/return_to",
            FieldRule::TooLong { max, actual },
        ));
    }
    if !is_path_of_site(&input.return_to) {
        return Err(ApiError::field("/return_to", FieldRule::NotAPathOfSite));
    }
    let begun = provider.begin(format!("{site}{CALLBACK}"), input.return_to);
    let (location, attempt) = begun.await.map_err(|_| {
        ApiError::new(
            ProblemCode::IdentityProviderUnavailable,
            "The identity provider cannot be reached at the moment; the service's log says why.",
        )
    })?;
    let kept = attempt.cookie(&request, &state.trusted_proxies, &state.cipher)?;
    let location = location.into();
    let answer = HttpResponse::Ok().cookie(kept).json(OidcStart { location });
    Ok(not_stored(answer))
}

/// End signing in with the identity provider
///
/// Where the provider sends the browser back to. Whatever comes of it, the answer leads to the sign-in page of the web application: with
/// `sso=done` and the refresh cookie, or with the reason (`OidcFault`). Parameters that are not known are left alone: providers send some.
#[utoipa::path(
    tag = "sessions",
    security(()),
    params(
        ("code" = Option<String>, Query, description = "What the provider gives for a token"),
        ("state" = Option<String>, Query, description = "What the attempt began with"),
        ("error" = Option<String>, Query, description = "Why the provider does not let the person in"),
        ("iss" = Option<String>, Query, description = "The provider (RFC 9207)"),
    ),
    responses(
        (status = 303, description = "To the sign-in page, with `sso` and `next`", headers(
            ("location" = String, description = "`/login?sso=done&next=…`, or the reason in place of `done`"),
            ("set-cookie" = String, description = "The refresh token if somebody was signed in"),
        )),
        (status = 404, description = "No identity provider is set up (`not_found`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[get("/api/v1/auth/oidc/callback")]
pub async fn finish_oidc_sign_in(
    _: Anybody,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let provider = provider(&state)?;
    let attempt = Attempt::of(&request, &state.cipher);
    let next = attempt.as_ref().map(|attempt| attempt.return_to.clone());
    let finished = match attempt {
        Some(attempt) => finish(&request, &state, provider, &attempt).await,
        None => Err(OidcFault::AttemptOver),
    };
    let trusted = &state.trusted_proxies;
    let (outcome, kept) = match finished {
        Ok(opened) => {
            let kept = cookie::keep(&request, trusted, opened.refresh_token, opened.ends);
            ("done", Some(kept))
        }
        Err(fault) => (fault.as_str(), None),
    };
    let over = Attempt::remove(&request, trusted);
    Ok(to_sign_in_page(
        outcome,
        next.as_deref(),
        [kept, Some(over)],
    ))
}

async fn finish(
    request: &HttpRequest,
    state: &AppState,
    provider: &Provider,
    attempt: &Attempt,
) -> Result<Opened, OidcFault> {
    let returned = Returned::of(request).ok_or(OidcFault::AttemptOver)?;
    let belongs = returned.state.as_deref().map(|state| {
        let issuer = returned.issuer.as_deref();
        provider.belongs(attempt, state, issuer)
    });
    match (belongs, &returned.outcome) {
        (Some(true), _) => {}
        // Some leave the state out when they refuse. Whoever made that up has shown somebody a message.
        (None, Err(reason)) => {
            tracing::info!(reason, "an identity provider did not let somebody in");
            return Err(OidcFault::RefusedByProvider);
        }
        _ => return Err(OidcFault::AttemptOver),
    }
    let origin = Origin::of(request, state);
    // Each attempt is counted as an account of its own: what is limited is the address.
    let (account, address) = (attempt.id.to_string(), origin.address);
    let limits = &state.sign_in_limits;
    if limits.attempt(&account, address, Instant::now()).is_err() {
        tracing::warn!(%address, "too many failed sign-ins");
        return Err(OidcFault::RateLimited);
    }
    let signed_in = admit(state, provider, attempt, returned, &origin).await;
    let refusal = match signed_in {
        Ok(opened) => {
            limits.succeeded(&account, address);
            return Ok(opened);
        }
        Err(refusal) => refusal,
    };
    let (fault, user) = match refusal {
        Refusal::Fault(fault, user) => (fault, user),
        // It is in the log.
        Refusal::Failed(_) => (OidcFault::Unavailable, None),
    };
    if matches!(
        fault,
        OidcFault::Unavailable | OidcFault::ProviderUnavailable
    ) {
        limits.withdrawn(&account, address);
    }
    if record(state, &origin, fault, user.as_deref())
        .await
        .is_err()
    {
        return Err(OidcFault::Unavailable);
    }
    Err(fault)
}

async fn admit(
    state: &AppState,
    provider: &Provider,
    attempt: &Attempt,
    returned: Returned,
    origin: &Origin,
) -> Result<Opened, Refusal> {
    let refused = |fault| Refusal::Fault(fault, None);
    let code = match returned.outcome {
        Ok(code) => code,
        Err(reason) => {
            tracing::info!(reason, "the identity provider did not let somebody in");
            return Err(refused(OidcFault::RefusedByProvider));
        }
    };
    let identity = provider.identify(attempt, code).await.map_err(refused)?;
    let mut conn = state.pool.get().await.map_err(ApiError::from)?;
    let roles = &provider.settings().roles;
    account::sign_in(
        &mut conn,
        &state.access_tokens,
        roles,
        attempt,
        &identity,
        origin,
    )
    .await
}

async fn record(
    state: &AppState,
    origin: &Origin,
    fault: OidcFault,
    user: Option<&UserRow>,
) -> Result<(), ApiError> {
    let author = origin.clone().anonymous();
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        let mut change = Change::within(conn, &author)?;
        Ok(db::users::not_signed_in(&mut change, user, Some(fault)).await?)
    })
    .await
}

/// What the provider sends back.
struct Returned {
    state: Option<String>,
    issuer: Option<String>,
    /// The code, or why there is none.
    outcome: Result<String, String>,
}

impl Returned {
    /// None if there is neither a code nor a reason why there is none.
    fn of(request: &HttpRequest) -> Option<Self> {
        let query = request.query_string().as_bytes();
        let one = |name: &str| {
            let mut values = form_urlencoded::parse(query).filter(|(known, _)| known == name);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Some(value.into_owned()),
                _ => None,
            }
        };
        let outcome = match (one("error"), one("code")) {
            (Some(error), _) => {
                let shown = error.chars().filter(char::is_ascii_graphic);
                Err(shown.take(REASON_CHARS).collect())
            }
            (None, Some(code)) => Ok(code),
            (None, None) => return None,
        };
        Some(Self {
            state: one("state"),
            issuer: one("iss"),
            outcome,
        })
    }
}

fn provider(state: &AppState) -> Result<&Provider, ApiError> {
    let missing = || ApiError::not_found("identity provider");
    state.oidc.as_deref().ok_or_else(missing)
}

/// Where the page was opened, which is where the provider has to send people back to.
fn site(request: &HttpRequest, state: &AppState, provider: &Provider) -> Result<String, ApiError> {
    client::check_same_origin(request, &state.trusted_proxies)?;
    let origin = request.headers().get(header::ORIGIN);
    let origin = origin.and_then(|origin| Url::parse(origin.to_str().ok()?).ok());
    let origin = origin.map(|url| url.origin().ascii_serialization());
    let origin = origin.ok_or_else(|| ApiError::internal("an origin that was checked"))?;
    match &provider.settings().public_url {
        Some(public) if *public != origin => Err(ApiError::new(
            ProblemCode::Forbidden,
            format!("Signing in with the identity provider works at {public} alone."),
        )),
        _ => Ok(origin),
    }
}

fn to_sign_in_page(
    outcome: &str,
    next: Option<&str>,
    cookies: [Option<Cookie<'static>>; 2],
) -> HttpResponse {
    let mut location = format!("/login?sso={outcome}");
    if let Some(next) = next {
        location.push_str("&next=");
        location.extend(utf8_percent_encode(next, NON_ALPHANUMERIC));
    }
    let mut response = HttpResponse::SeeOther();
    for cookie in cookies.into_iter().flatten() {
        response.cookie(cookie);
    }
    not_stored(
        response
            .insert_header((header::LOCATION, location))
            .finish(),
    )
}
