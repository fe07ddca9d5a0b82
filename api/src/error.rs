//! Failures of the management API. The one place that maps a code to its HTTP status and title.
//!
//! A handler returns an [`ApiError`]; the middleware in [`crate::server`] renders it as a [`Problem`], since only there the
//! request's path and id are known. Whatever is not foreseen becomes a fixed text and one log line with the cause.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use understudy_shared::{AttemptTrace, FieldError, FieldRule, Problem, ProblemCode, UsedBy};
use uuid::Uuid;

/// Content type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// HTTP status and title of a code.
pub fn status_and_title(code: ProblemCode) -> (StatusCode, &'static str) {
    use ProblemCode as C;
    match code {
        C::InvalidJson => (StatusCode::BAD_REQUEST, "The body is not valid JSON"),
        C::InvalidYaml => (
            StatusCode::BAD_REQUEST,
            "The file is not YAML of the form that is read here",
        ),
        C::InvalidParameter => (
            StatusCode::BAD_REQUEST,
            "A parameter of the request is invalid",
        ),
        C::ValidationFailed => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The request has invalid fields",
        ),
        C::UnknownField => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The request has a field that cannot be written",
        ),
        C::InvalidType => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "A field has a value of another type",
        ),
        C::MissingField => (StatusCode::UNPROCESSABLE_ENTITY, "A field is missing"),
        C::Conflict => (StatusCode::CONFLICT, "The value is taken"),
        C::InUse => (StatusCode::CONFLICT, "The resource is in use"),
        C::NotFound => (StatusCode::NOT_FOUND, "There is no such resource"),
        C::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "The resource does not have this method",
        ),
        C::PreconditionRequired => (
            StatusCode::PRECONDITION_REQUIRED,
            "The header If-Match is needed",
        ),
        C::PreconditionFailed => (
            StatusCode::PRECONDITION_FAILED,
            "The resource has changed in between",
        ),
        C::Unauthenticated => (StatusCode::UNAUTHORIZED, "A valid credential is needed"),
        C::Forbidden => (
            StatusCode::FORBIDDEN,
            "The credential does not have this right",
        ),
        C::RateLimited => (
            StatusCode::TOO_MANY_REQUESTS,
            "There were too many requests",
        ),
        C::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
        C::UnsupportedMediaType => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The content type is not supported",
        ),
        C::EgressDenied => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The address may not be reached from here",
        ),
        C::SecretsRequired => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The secrets must be entered again",
        ),
        C::SecretUnreadable => (StatusCode::CONFLICT, "A stored secret cannot be decrypted"),
        C::LocalSignInOff => (StatusCode::FORBIDDEN, "Passwords are not accepted here"),
        C::IdentityProviderUnavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The identity provider cannot be reached",
        ),
        C::SetupClosed => (StatusCode::CONFLICT, "The set-up is over"),
        C::RequestTimeout => (
            StatusCode::REQUEST_TIMEOUT,
            "The body did not arrive in time",
        ),
        C::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The database cannot be reached",
        ),
        C::NoInstanceAvailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "No instance of the group may be asked",
        ),
        C::AllInstancesFailed => (
            StatusCode::BAD_GATEWAY,
            "Every instance that was asked failed",
        ),
        C::UpstreamTimeout => (StatusCode::GATEWAY_TIMEOUT, "No instance answered in time"),
        C::UpstreamRefused => (StatusCode::BAD_GATEWAY, "The backend refused the request"),
        C::ContextLengthExceeded => (
            StatusCode::BAD_REQUEST,
            "The conversation is too long for the model",
        ),
        C::StreamInterrupted => (
            StatusCode::BAD_GATEWAY,
            "The answer broke off after it had begun",
        ),
        C::AnswerUnderWay => (
            StatusCode::CONFLICT,
            "Another answer is being given at this moment",
        ),
        C::TargetGone => (
            StatusCode::CONFLICT,
            "What the dialog is with is gone; choose another one",
        ),
        C::LimitReached => (StatusCode::CONFLICT, "There is no room for more"),
        C::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "The service has failed"),
    }
}

/// A failure of the management API.
#[derive(Debug)]
pub struct ApiError {
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldError>,
    used_by: Box<[UsedBy]>,
    trace: Box<[AttemptTrace]>,
    /// In place of the code's own.
    status: Option<StatusCode>,
    retry_after_s: Option<u64>,
    allow: Option<Box<str>>,
}

impl ApiError {
    /// A failure with a text for people, which must name no secret and no inner workings.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            used_by: Box::default(),
            trace: Box::default(),
            status: None,
            retry_after_s: None,
            allow: None,
        }
    }

    /// Faults of fields. The problem has their code if they share one.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let code = match errors.split_first() {
            Some((first, rest)) if rest.iter().all(|error| error.code == first.code) => first.code,
            _ => ProblemCode::ValidationFailed,
        };
        // The codes of a single field that are no problem of their own are faults of validation.
        let code = match code {
            ProblemCode::InvalidType | ProblemCode::MissingField => ProblemCode::ValidationFailed,
            code => code,
        };
        let detail = errors
            .iter()
            .map(|e| format!("{}: {}", e.place(), e.detail))
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            errors,
            ..Self::new(code, detail)
        }
    }

    /// A fault of one field.
    pub fn field(pointer: impl Into<String>, rule: FieldRule) -> Self {
        Self::fields(vec![FieldError::new(pointer, rule)])
    }

    /// Refuses fields that have faults.
    ///
    /// # Errors
    /// If there are any.
    pub fn check(errors: Vec<FieldError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::fields(errors))
        }
    }

    /// No such resource, or not for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(ProblemCode::NotFound, format!("There is no {what} here."))
    }

    /// Others of this kind use what should be deleted. `way_out` says what to do with them, whose names follow it.
    pub fn in_use(way_out: &str, kind: &str, users: Vec<(Uuid, String)>) -> Self {
        let names: Vec<&str> = users.iter().map(|(_, name)| name.as_str()).collect();
        let detail = format!("{way_out}: {}.", names.join(", "));
        let used_by = users.into_iter().map(|(id, name)| UsedBy {
            kind: kind.to_owned(),
            id,
            name,
        });
        Self {
            used_by: used_by.collect(),
            ..Self::new(ProblemCode::InUse, detail)
        }
    }

    /// Too many requests; come back after so many seconds.
    pub fn rate_limited(detail: impl Into<String>, retry_after_s: u64) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(ProblemCode::RateLimited, detail)
        }
    }

    /// The service is going down; another replica, or this one after its restart, will answer.
    pub fn stopping() -> Self {
        Self {
            retry_after_s: Some(5),
            ..Self::new(
                ProblemCode::Unavailable,
                "The service is stopping; try again shortly.",
            )
        }
    }

    /// The resource does not have this method, only these.
    pub fn method_not_allowed(allow: String) -> Self {
        let detail = format!("This resource answers to {allow}.");
        Self {
            allow: Some(allow.into()),
            ..Self::new(ProblemCode::MethodNotAllowed, detail)
        }
    }

    /// Something that must not happen. The cause goes to the log, not to the caller.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            ProblemCode::Internal,
            "The service has failed; its log has the cause under this request_id.",
        )
    }

    /// The database does not answer.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        tracing::warn!(%cause, "the database is unavailable");
        Self {
            retry_after_s: Some(5),
            ..Self::new(
                ProblemCode::Unavailable,
                "The database cannot be reached at the moment; try again shortly.",
            )
        }
    }

    /// A backend refused the request itself, with this status and these words, which name no host and no secret.
    pub fn refused_upstream(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status: Some(status),
            ..Self::new(ProblemCode::UpstreamRefused, detail)
        }
    }

    /// The same, with the instances that were tried or skipped.
    #[must_use]
    pub fn with_trace(self, trace: &[AttemptTrace]) -> Self {
        Self {
            trace: trace.into(),
            ..self
        }
    }

    /// The fields at fault.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// What went wrong, for programs.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    fn status(&self) -> StatusCode {
        self.status.unwrap_or_else(|| status_and_title(self.code).0)
    }

    /// The problem, for a request with this path and id.
    pub fn problem(&self, path: &str, request_id: &str) -> Problem {
        Problem {
            kind: format!("urn:understudy:problem:{}", code_name(self.code)),
            title: status_and_title(self.code).1.to_owned(),
            status: self.status().as_u16(),
            detail: self.detail.clone(),
            instance: path.to_owned(),
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            used_by: self.used_by.to_vec(),
            trace: self.trace.to_vec(),
        }
    }

    /// The answer, for a request with this path and id.
    pub fn render(&self, path: &str, request_id: &str) -> HttpResponse {
        let problem = self.problem(path, request_id);
        let mut response = HttpResponse::build(self.status());
        response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(allow) = &self.allow {
            response.insert_header((header::ALLOW, allow.as_ref()));
        }
        if self.code == ProblemCode::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"understudy\""));
        }
        response.body(serde_json::to_vec(&problem).unwrap_or_default())
    }
}

fn code_name(code: ProblemCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Without path and id, which the middleware adds.
    fn error_response(&self) -> HttpResponse {
        self.render("", "")
    }
}

impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error};
        match &error {
            Error::NotFound => Self::not_found("such resource"),
            Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, _)
            | Error::BrokenTransactionManager => Self::unavailable(error),
            // The statement time-out and a server that is going down arrive as unknown kinds.
            Error::DatabaseError(Kind::Unknown, info)
                if [
                    "canceling statement",
                    "terminating connection",
                    "the database system is",
                    "connection closed",
                ]
                .iter()
                .any(|text| info.message().contains(text)) =>
            {
                Self::unavailable(error)
            }
            _ => Self::internal(error),
        }
    }
}

impl From<diesel_async::pooled_connection::deadpool::PoolError> for ApiError {
    fn from(error: diesel_async::pooled_connection::deadpool::PoolError) -> Self {
        Self::unavailable(error)
    }
}
