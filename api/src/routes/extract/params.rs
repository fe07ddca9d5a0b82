//! Query parameters: each is read by name, and what nobody reads is refused.

use std::fmt::Display;
use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use understudy_shared::ProblemCode;

use crate::error::ApiError;

/// The parameters of a request that nobody has read yet.
#[derive(Debug)]
pub struct Params(Vec<(String, String)>);

/// What can be read from parameters.
pub trait FromParams: Sized {
    /// Takes what it knows.
    ///
    /// # Errors
    /// If a value is bad.
    fn from_params(params: &mut Params) -> Result<Self, ApiError>;
}

/// The query of a request as `T`. An unknown, repeated or bad parameter is 400.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl Params {
    /// Reads a query string.
    ///
    /// # Errors
    /// If a name is there twice, or a value has control characters.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let mut params: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if params.iter().any(|(other, _)| *other == name) {
                return Err(bad(&name, "is there twice"));
            }
            if value.chars().any(char::is_control) {
                return Err(bad(&name, "must not contain control characters"));
            }
            params.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(params))
    }

    /// Takes a parameter out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// Takes a parameter out and reads it; `form` completes "must be …".
    ///
    /// # Errors
    /// If it has another form.
    pub fn take_as<T: FromStr>(&mut self, name: &str, form: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| bad(name, format!("must be {form}")))
    }

    /// Takes a parameter out that is `true` or `false`.
    ///
    /// # Errors
    /// If it is neither.
    pub fn take_bool(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        self.take_as(name, "true or false")
    }

    /// Takes a parameter out that is one of these names.
    ///
    /// # Errors
    /// If it is none of them.
    pub fn take_named<T: Copy>(
        &mut self,
        name: &str,
        known: &[(&str, T)],
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let found = known.iter().find(|(other, _)| *other == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            bad(name, format!("must be one of {}", names.join(", ")))
        })
    }

    fn finish(self) -> Result<(), ApiError> {
        match self.0.first() {
            Some((name, _)) => Err(bad(name, "is not a parameter here")),
            None => Ok(()),
        }
    }
}

/// A bad parameter.
pub fn bad(name: &str, what: impl Display) -> ApiError {
    // A name that nobody knows may be anything; its beginning is enough to recognise it by.
    let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
    ApiError::new(ProblemCode::InvalidParameter, format!("{shown}: {what}"))
}

impl<T: FromParams> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let mut params = Params::parse(request.query_string())?;
            let value = T::from_params(&mut params)?;
            params.finish()?;
            Ok(Self(value))
        };
        ready(read())
    }
}

/// For what takes no parameters at all.
impl FromParams for () {
    fn from_params(_: &mut Params) -> Result<Self, ApiError> {
        Ok(())
    }
}
