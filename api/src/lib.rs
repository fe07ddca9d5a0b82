//! Understudy: a management API for model instances and groups, and a gateway that answers with the first available one.
//!
//! Two paths. *Management*: extractor → handler → `domain` → `db` → answer. *Gateway*: handler → snapshot → picker →
//! breaker → failover loop → upstream → stream; it never touches PostgreSQL. `docs/ARCHITECTURE.md` has the picture.

pub mod answers;
pub mod aside;
pub mod auth;
pub mod config;
pub mod config_file;
pub mod db;
pub mod domain;
pub mod error;
pub mod events;
pub mod gateway;
pub mod host;
pub mod keys;
pub mod log;
pub mod metrics;
pub mod openapi;
pub mod rekey;
pub mod request_id;
pub mod reset_password;
pub mod retention;
pub mod routes;
pub mod secrets;
pub mod server;
pub mod state;
pub mod telemetry;
pub mod tls;
pub mod usage;
