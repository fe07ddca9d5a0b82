//! The one error of `xtask`: a sentence for a person and an exit code for a script.
//!
//! Rule: the message says what was being done, what went wrong, and, where there is one, the manual step that helps.

use std::fmt;

/// What every fallible function of this program returns.
pub type Result<T> = std::result::Result<T, Failure>;

/// Why a command stopped.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// A failure of this program itself (exit code 1).
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }

    /// A failure that passes on the exit code of another program.
    pub fn with_code(message: impl Into<String>, code: u8) -> Self {
        Self {
            message: message.into(),
            code,
        }
    }

    /// The user, or the system, asked this program to stop.
    pub fn interrupted(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(130);
        Self {
            message: "stopped on request".to_owned(),
            code,
        }
    }

    /// The code to leave with.
    pub const fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Adds what was being done to an I/O error.
pub trait Context<T> {
    /// `what` completes the sentence "cannot …".
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure::new(format!("cannot {}: {error}", what())))
    }
}
