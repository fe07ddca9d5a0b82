//! Signing in with an identity provider: OpenID Connect, authorisation code with PKCE.
//!
//! | module | does |
//! |---|---|
//! | [`attempt`] | what a browser keeps while its person is at the provider |
//! | [`provider`] | talks to the provider, and believes nothing that is not signed by it for us and for this attempt |
//! | [`account`] | who it is here, and with which role |
//!
//! The rule: somebody is known by issuer and subject alone. A name or an address that is the same as a local user's says nothing about who
//! somebody is. `docs/SSO.md` is the page for whoever sets it up.

pub mod account;
pub mod attempt;
pub mod provider;

pub use account::sign_in;
pub use attempt::Attempt;
pub use provider::{Identity, Provider};
