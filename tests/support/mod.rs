//! What every test stands on: the service as a process, a database of its own, backends that misbehave on command, and clients.
//!
//! The rule: nothing here knows more of the service than the contract, and nothing here waits without a bound.

pub mod app;
pub mod axe;
pub mod chrome;
pub mod client;
pub mod database;
pub mod env;
pub mod home;
pub mod identity;
pub mod live;
pub mod python;
pub mod server;
pub mod sse;
pub mod tls;
pub mod tunnel;
pub mod upstream;
pub mod wait;

pub use app::App;

mod tests;
