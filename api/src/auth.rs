//! Who is asking, and what they may do.
//!
//! | module | does |
//! |---|---|
//! | [`password`] | hashes and verifies passwords, off the async threads |
//! | [`access_token`] | signs and verifies the short-lived bearer token of a session |
//! | [`session`] | opens, renews and ends sessions; single-use refresh tokens |
//! | [`cookie`] | the refresh cookie |
//! | [`client`] | where a request really comes from: address, host, same origin |
//! | [`sign_in`] | proves who one is with a password |
//! | [`oidc`] | proves who one is with an identity provider |
//! | [`limits`] | failed sign-ins |
//! | [`denials`] | who tried what without the right to it, for the audit log |
//! | [`api_key`] | keys for programs |
//! | [`principal`] | who is asking, as the database knows them at this moment |
//! | [`permission`] | the rights, each a type that a handler names in its signature |
//! | [`author`] | who does something, from where and by which request, for the audit log |
//! | [`caller`] | the extractors that let only the permitted through |
//! | [`standing`] | whether those who were let in may still be there |
//! | [`setup`] | the first administrator |
//!
//! The rule: every handler under `/api/v1` names its permission in its signature, through [`Caller`] or [`Permitted`]; only
//! signing in, set-up and the description of the API are open, and say so with [`Anybody`]. What one that names none answers is
//! held back ([`caller::is_admitted`]). Rights are looked up in the database at each request, so that disabling a user or ending
//! a session takes effect with the next one.

pub mod access_token;
pub mod api_key;
pub mod author;
pub mod caller;
pub mod client;
pub mod cookie;
pub mod denials;
pub mod limits;
pub mod oidc;
pub mod password;
pub mod permission;
pub mod principal;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod standing;

pub use access_token::AccessTokens;
pub use author::{Author, Origin};
pub use caller::{Anybody, Caller, Permitted};
pub use denials::Denials;
pub use limits::SignInLimits;
pub use permission::{
    Admin, ManageRead, ManageWrite, OwnDialogs, OwnKeys, ReadGroups, ReadUsage, SignedIn,
    WriteAssistants,
};
pub use principal::Principal;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a random token: all that is stored of it. The tokens have 256 random bits, so a slow hash would add nothing.
pub type TokenHash = [u8; 32];

/// A fresh token of 32 random bytes, as base64url.
fn random_token() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a token.
pub fn token_hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}
