//! How an instance is reached: endpoint, tokens, headers, proxies, TLS.

#[cfg(feature = "client")]
use serde::Serialize as ClientSerialize;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{HeaderId, ProxyId, SecretInput, TokenId, rules};

/// How the backend is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

impl Scheme {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where the backend listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Plain or over TLS; cloud instances need `https`.
    pub scheme: Scheme,
    /// Host name or address, without brackets around IPv6.
    #[schema(min_length = 1, max_length = 253, example = "10.0.0.7")]
    pub host: String,
    /// TCP port.
    #[serde(deserialize_with = "rules::port")]
    #[schema(minimum = 1, maximum = 65535, example = 8000)]
    pub port: u16,
    /// Path before `/chat/completions` and the others.
    #[serde(default = "Endpoint::default_base_path")]
    #[schema(max_length = 255, default = "/v1", example = "/v1")]
    pub base_path: String,
}

impl Endpoint {
    fn default_base_path() -> String {
        "/v1".to_owned()
    }

    /// The address of the API as one string, with brackets around IPv6 and without a default port.
    pub fn base_url(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let port = match (self.scheme, self.port) {
            (Scheme::Http, 80) | (Scheme::Https, 443) => String::new(),
            (_, port) => format!(":{port}"),
        };
        format!(
            "{}://{host}{port}{}",
            self.scheme.as_str(),
            self.base_path.trim_end_matches('/')
        )
    }
}

/// Where a token goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// Nowhere: the backend asks for none.
    None,
    /// `Authorization: Bearer <token>`.
    #[default]
    Bearer,
    /// A header of its own, named by `header`.
    Header,
}

impl AuthType {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer => "bearer",
            Self::Header => "header",
        }
    }
}

/// Where a token goes in a request to the backend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceAuth {
    /// Where a token goes.
    #[serde(rename = "type")]
    pub kind: AuthType,
    /// Name of the header, with `type` = `header` only.
    #[schema(max_length = 100, example = "api-key")]
    pub header: Option<String>,
}

/// Whether a token of the pool can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// The backend accepted it.
    Ok,
    /// The backend refused it.
    Invalid,
    /// Its quota is used up for the moment.
    Exhausted,
    /// Nothing is known of it.
    Unknown,
}

/// One token of the ordered pool; the value itself is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Id: send it back without a value to keep the token.
    pub id: TokenId,
    /// What the token is for.
    #[schema(example = "team A")]
    pub label: String,
    /// `…` and the last four characters; empty for tokens shorter than 16.
    #[schema(example = "…a1b2")]
    pub hint: String,
    /// Whether it can be used: `invalid` until it is changed or a check passes, `exhausted` for ten minutes.
    pub state: TokenState,
    /// Whether the stored token cannot be decrypted, so that it must be entered again; until then the instance is `down`. Left out if it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = false)]
    pub unreadable: bool,
}

/// One token to store or to keep.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(ClientSerialize))]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// Id of a stored token, to keep its value or to replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<TokenId>,
    /// What the token is for.
    #[serde(default)]
    #[schema(max_length = 100, example = "team A")]
    pub label: String,
    /// The token: write-only, encrypted at rest. Needed unless `id` names a stored one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub value: Option<SecretInput>,
}

/// One extra header; its value is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretHeader {
    /// Id: send it back without a value to keep the value.
    pub id: HeaderId,
    /// Name of the header.
    #[schema(example = "OpenAI-Organization")]
    pub name: String,
    /// `…` and the last four characters; empty for values shorter than 16.
    #[schema(example = "…x9y8")]
    pub hint: String,
    /// Whether the stored value cannot be decrypted, so that it must be entered again; until then the instance is `down`. Left out if it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = false)]
    pub unreadable: bool,
}

/// One extra header to store or to keep.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(ClientSerialize))]
#[serde(deny_unknown_fields)]
pub struct SecretHeaderInput {
    /// Id of a stored header, to keep its value or to replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<HeaderId>,
    /// Name of the header.
    #[schema(min_length = 1, max_length = 100, example = "OpenAI-Organization")]
    pub name: String,
    /// The value: write-only, encrypted at rest. Needed unless `id` names a stored one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub value: Option<SecretInput>,
}

/// Whether a proxy can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProxyState {
    /// It was used successfully.
    Up,
    /// It failed.
    Down,
    /// Nothing is known of it.
    Unknown,
}

/// One proxy of the ordered list; its password is never shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proxy {
    /// Id: send it back without a password to keep the password.
    pub id: ProxyId,
    /// Address: `http`, `https`, `socks5` or `socks5h`.
    #[schema(example = "socks5h://proxy.example:1080")]
    pub url: String,
    /// Name to sign in with.
    #[schema(example = "understudy")]
    pub username: Option<String>,
    /// Whether a password is stored.
    pub password_set: bool,
    /// Whether it can be used; one that is `down` is tried again after a while.
    pub state: ProxyState,
    /// Whether the stored password cannot be decrypted, so that it must be entered again; until then the instance is `down`. Left out if it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = false)]
    pub unreadable: bool,
}

/// One proxy to store or to keep.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[cfg_attr(feature = "client", derive(ClientSerialize))]
#[serde(deny_unknown_fields)]
pub struct ProxyInput {
    /// Id of a stored proxy, to keep its password or to replace it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ProxyId>,
    /// Address: `http`, `https`, `socks5` or `socks5h` (the proxy resolves names), without credentials.
    #[schema(max_length = 500, example = "socks5h://proxy.example:1080")]
    pub url: String,
    /// Name to sign in with.
    #[serde(default)]
    #[schema(max_length = 255, example = "understudy")]
    pub username: Option<String>,
    /// Password: write-only, encrypted at rest. Left out, a stored one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub password: Option<SecretInput>,
}

/// How the backend proves who it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsOptions {
    /// Certificates (PEM) of authorities to trust besides the system's.
    #[schema(
        max_length = 65536,
        example = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"
    )]
    pub ca_pem: Option<String>,
    /// Accepts any certificate. For tests only: anybody on the way can read the tokens.
    #[schema(default = false)]
    pub insecure_skip_verify: bool,
}
