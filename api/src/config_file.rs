//! Configuration as code: instances, groups and shared assistants as a file that is exported, kept and applied.
//!
//! A file says what there is to be; `plan` compares it with what there is, and `apply` makes the difference, in one transaction and by
//! the rules of the API. The rules:
//!
//! - *The name is the identity*, regardless of case, as everywhere.
//! - *No field is described twice*: a file has those that the API takes (`read`), and its schema is made from them ([`schema`]).
//! - *A secret never leaves*: an export says that there is one, and applying that keeps it (`secret`).
//! - *All or nothing*: every fault is told with its line, and then nothing is changed.

mod apply;
pub mod command;
mod emit;
mod export;
mod pair;
mod plan;
mod read;
mod schema;
mod secret;
mod show;
mod yaml;

pub use apply::{Options, apply};
pub use export::export;
pub use plan::{Context, Stored};
pub use read::{ConfigFile, References};
pub use schema::schema;
