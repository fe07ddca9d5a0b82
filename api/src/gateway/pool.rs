//! What is known of the tokens and proxies of one instance: which is used next, and which is left alone for now.
//!
//! Pure logic, as the breaker: what happened goes in with its time. The order of a pool is the order of preference.

pub mod proxies;
pub mod tokens;

pub use proxies::Proxies;
pub use tokens::{Shortage, Tokens};
