//! A whole answer, and what tests say about it. Every check shows the answer when it fails, at the line of the test.

use std::fmt;

use bytes::Bytes;
use hyper::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::rules;
use crate::support::sse::{Event, parse};

/// A whole answer.
pub struct Answer {
    /// Method and path that were asked for.
    pub what: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// Checks the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap_or_else(|_| panic!("not text: {self:?}"))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        self.read()
    }

    /// The body as a type of its own.
    #[track_caller]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body as server-sent events.
    #[track_caller]
    pub fn events(&self) -> Vec<Event> {
        parse(self.text())
    }

    /// The value of a header.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(
            value
                .to_str()
                .unwrap_or_else(|_| panic!("{name} is not ASCII: {self:?}")),
        )
    }

    /// Checks the value of a header.
    #[track_caller]
    pub fn expect_header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.header(name), Some(value), "{name} of {self:?}");
        self
    }

    /// Checks that this is a problem of the management API in the shape of the contract, and gives it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        for field in ["type", "title", "detail", "instance", "request_id"] {
            let filled = problem[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(filled, "{field} of {self:?}");
        }
        problem
    }

    /// Checks that this is a problem with exactly these faults of fields, as `(pointer, code)` in any order.
    #[track_caller]
    pub fn faults(&self, status: u16, code: &str, expected: &[(&str, &str)]) -> Value {
        let problem = self.problem(status, code);
        for error in problem["errors"].as_array().into_iter().flatten() {
            rules::assert_described(error);
        }
        let mut found: Vec<(String, String)> = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("no errors: {self:?}"))
            .iter()
            .map(|error| (text(&error["pointer"]), text(&error["code"])))
            .collect();
        found.sort();
        let mut expected: Vec<(String, String)> = expected
            .iter()
            .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
            .collect();
        expected.sort();
        assert_eq!(found, expected, "{self:?}");
        problem
    }

    /// Checks that this is an error of the gateway in OpenAI's shape, and gives what is in `error`.
    #[track_caller]
    pub fn gateway_error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/json"), "{self:?}");
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{self:?}");
        for field in ["message", "type"] {
            let filled = error[field].as_str().is_some_and(|text| !text.is_empty());
            assert!(filled, "{field} of {self:?}");
        }
        assert!(error.get("param").is_some(), "param of {self:?}");
        error
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} → {}", self.what, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        write!(f, "\n{}", String::from_utf8_lossy(&self.body))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
