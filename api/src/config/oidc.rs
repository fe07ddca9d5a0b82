//! `UNDERSTUDY_OIDC_…`: the identity provider that people sign in with, and what role it gives whom.
//!
//! The rule: nobody gets a role by accident. Whoever has none of the values that are named here gets the default role, and without one
//! nobody gets in; `admin` is never the default.

use serde_json::{Map, Value};
use understudy_shared::Role;
use url::{Host, Url};

use super::reader::Reader;
use crate::secrets::Secret;

/// What people call the provider unless the environment says otherwise.
const NAME: &str = "SSO";
/// What is asked of the provider beside `openid`.
const SCOPES: &str = "profile email";
/// The claim that says which groups somebody is in, at most providers.
const ROLES_CLAIM: &str = "groups";

/// The identity provider.
pub struct Oidc {
    /// `UNDERSTUDY_OIDC_ISSUER`
    pub issuer: String,
    /// `UNDERSTUDY_OIDC_CLIENT_ID`
    pub client_id: String,
    /// `UNDERSTUDY_OIDC_CLIENT_SECRET`; none = a public client, which has PKCE alone.
    pub client_secret: Option<Secret>,
    /// `UNDERSTUDY_OIDC_SCOPES`
    pub scopes: Vec<String>,
    /// `UNDERSTUDY_OIDC_NAME`
    pub name: String,
    /// `UNDERSTUDY_PUBLIC_URL`; none = wherever the page was opened.
    pub public_url: Option<String>,
    /// Who has which role.
    pub roles: Roles,
}

/// Which values of a claim give which role.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// `UNDERSTUDY_OIDC_ROLES_CLAIM`: the name of a claim, or a path with dots.
    pub claim: String,
    /// `UNDERSTUDY_OIDC_ADMIN_VALUES`
    pub admin: Vec<String>,
    /// `UNDERSTUDY_OIDC_OPERATOR_VALUES`
    pub operator: Vec<String>,
    /// `UNDERSTUDY_OIDC_USER_VALUES`
    pub user: Vec<String>,
    /// `UNDERSTUDY_OIDC_DEFAULT_ROLE`: for whoever has none of the values.
    pub default: Option<Role>,
}

impl Roles {
    /// Whether the claim is there at all.
    pub fn is_in(&self, claims: &Map<String, Value>) -> bool {
        self.values(claims).is_some()
    }

    /// The highest role that these claims give.
    pub fn of(&self, claims: &Map<String, Value>) -> Option<Role> {
        let values: Vec<&str> = match self.values(claims) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let has = |wanted: &[String]| wanted.iter().any(|value| values.contains(&value.as_str()));
        if has(&self.admin) {
            Some(Role::Admin)
        } else if has(&self.operator) {
            Some(Role::Operator)
        } else if has(&self.user) {
            Some(Role::User)
        } else {
            self.default
        }
    }

    /// Some providers have dots in the names of their claims, so a claim of that very name comes first.
    fn values<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a Value> {
        if let Some(value) = claims.get(&self.claim) {
            return Some(value);
        }
        let mut parts = self.claim.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }
}

impl<L: Fn(&str) -> Result<Option<String>, String>> Reader<L> {
    /// The provider, if there is one.
    pub fn oidc(&mut self) -> Option<Oidc> {
        let issuer = self.text("UNDERSTUDY_OIDC_ISSUER");
        let client_id = self.text("UNDERSTUDY_OIDC_CLIENT_ID");
        let client_secret = self.text("UNDERSTUDY_OIDC_CLIENT_SECRET");
        let scopes = self.text("UNDERSTUDY_OIDC_SCOPES");
        let name = self.text("UNDERSTUDY_OIDC_NAME");
        let public_url = self.text("UNDERSTUDY_PUBLIC_URL");
        let claim = self.text("UNDERSTUDY_OIDC_ROLES_CLAIM");
        let [admin, operator, user] = ["ADMIN", "OPERATOR", "USER"]
            .map(|role| self.list(&format!("UNDERSTUDY_OIDC_{role}_VALUES")));
        let default = self.text("UNDERSTUDY_OIDC_DEFAULT_ROLE");

        let public_url = public_url.and_then(|url| {
            let origin = origin(&url);
            if origin.is_none() {
                self.fault(
                    "UNDERSTUDY_PUBLIC_URL",
                    "is not where browsers find the service, such as https://understudy.example: https (http only for this very \
                     machine), without a path",
                );
            }
            origin
        });
        let default = default.and_then(|role| match role.trim() {
            "user" => Some(Role::User),
            "operator" => Some(Role::Operator),
            _ => {
                self.fault(
                    "UNDERSTUDY_OIDC_DEFAULT_ROLE",
                    "is not user or operator; administrators are named by UNDERSTUDY_OIDC_ADMIN_VALUES",
                );
                None
            }
        });
        let Some(issuer) = issuer else {
            if client_id.is_some() || client_secret.is_some() {
                self.fault(
                    "UNDERSTUDY_OIDC_ISSUER",
                    "is needed beside UNDERSTUDY_OIDC_CLIENT_ID and _CLIENT_SECRET",
                );
            }
            return None;
        };
        let issuer = issuer.trim().to_owned();
        if !Url::parse(&issuer).is_ok_and(|url| is_safe(&url) && url.query().is_none()) {
            self.fault(
                "UNDERSTUDY_OIDC_ISSUER",
                "is not the address of a provider, such as https://id.example/realms/main: https (http only for this very machine)",
            );
        }
        if client_id.is_none() {
            self.fault(
                "UNDERSTUDY_OIDC_CLIENT_ID",
                "is needed beside UNDERSTUDY_OIDC_ISSUER",
            );
        }
        if admin.is_empty() && operator.is_empty() && user.is_empty() && default.is_none() {
            self.fault(
                "UNDERSTUDY_OIDC_ADMIN_VALUES",
                "is needed beside UNDERSTUDY_OIDC_ISSUER, or _OPERATOR_VALUES, _USER_VALUES or _DEFAULT_ROLE: else nobody would get in",
            );
        }
        let scopes = scopes.as_deref().unwrap_or(SCOPES);
        Some(Oidc {
            issuer,
            client_id: client_id?.trim().to_owned(),
            client_secret: client_secret.map(|secret| Secret::new(secret.trim())),
            scopes: scopes
                .split_whitespace()
                .filter(|scope| *scope != "openid")
                .map(str::to_owned)
                .collect(),
            name: name.map_or_else(|| NAME.to_owned(), |name| name.trim().to_owned()),
            public_url,
            roles: Roles {
                claim: claim
                    .map_or_else(|| ROLES_CLAIM.to_owned(), |claim| claim.trim().to_owned()),
                admin,
                operator,
                user,
                default,
            },
        })
    }

    /// `UNDERSTUDY_LOCAL_SIGN_IN`: whether passwords are accepted.
    pub fn local_sign_in(&mut self, oidc: Option<&Oidc>) -> bool {
        let name = "UNDERSTUDY_LOCAL_SIGN_IN";
        match self.text(name).as_deref().map(str::trim) {
            None | Some("on") => true,
            Some("off") => {
                if oidc.is_none() {
                    self.fault(
                        name,
                        "is off, and there is no UNDERSTUDY_OIDC_ISSUER: nobody could sign in",
                    );
                }
                false
            }
            Some(_) => {
                self.fault(name, "is not on or off");
                true
            }
        }
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        let items = text.split(',').map(str::trim);
        items
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// Whether what is sent there is read by nobody else: over TLS, or within this machine.
pub fn is_safe(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    match url.scheme() {
        "https" => true,
        "http" => here,
        _ => false,
    }
}

fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let alone = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    (alone && is_safe(&url)).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Config, ConfigError};

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Config::read(|name| Ok(find(name).map(|(_, value)| (*value).to_owned())))
    }

    const LEAST: [(&str, &str); 3] = [
        ("UNDERSTUDY_OIDC_ISSUER", "https://id.example/realms/main"),
        ("UNDERSTUDY_OIDC_CLIENT_ID", "understudy"),
        ("UNDERSTUDY_OIDC_ADMIN_VALUES", "admins, /ops/admins"),
    ];

    #[test]
    fn three_variables_are_enough() {
        let config = read(&LEAST).unwrap();
        let oidc = config.oidc.unwrap();
        assert!(config.local_sign_in && oidc.public_url.is_none() && oidc.client_secret.is_none());
        assert_eq!(oidc.scopes, ["profile", "email"]);
        assert_eq!(
            (oidc.name.as_str(), oidc.roles.claim.as_str()),
            ("SSO", "groups")
        );
        assert_eq!(oidc.roles.admin, ["admins", "/ops/admins"]);
        assert!(read(&[]).unwrap().oidc.is_none());
    }

    #[test]
    fn faults_are_told_and_never_the_secret() {
        let secret = ("UNDERSTUDY_OIDC_CLIENT_SECRET", "canary-secret");
        for (variables, part) in [
            (vec![secret], "UNDERSTUDY_OIDC_ISSUER is needed beside"),
            (
                vec![LEAST[0], LEAST[2]],
                "UNDERSTUDY_OIDC_CLIENT_ID is needed",
            ),
            (vec![LEAST[0], LEAST[1], secret], "else nobody would get in"),
            (
                vec![
                    ("UNDERSTUDY_OIDC_ISSUER", "http://id.example/"),
                    LEAST[1],
                    LEAST[2],
                ],
                "UNDERSTUDY_OIDC_ISSUER is not the address",
            ),
            (
                vec![
                    LEAST[0],
                    LEAST[1],
                    ("UNDERSTUDY_OIDC_DEFAULT_ROLE", "admin"),
                ],
                "UNDERSTUDY_OIDC_DEFAULT_ROLE is not user or operator",
            ),
            (
                vec![("UNDERSTUDY_PUBLIC_URL", "https://understudy.example/sub/")],
                "UNDERSTUDY_PUBLIC_URL is not where",
            ),
            (
                vec![("UNDERSTUDY_LOCAL_SIGN_IN", "off")],
                "nobody could sign in",
            ),
            (vec![("UNDERSTUDY_LOCAL_SIGN_IN", "no")], "is not on or off"),
        ] {
            let error = read(&variables).err().unwrap().to_string();
            assert!(error.contains(part), "{part} in {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn highest_role_of_all_values_holds_wherever_the_claim_is() {
        let named = |claim: &str, default| Roles {
            claim: claim.to_owned(),
            admin: vec!["a".to_owned()],
            operator: vec!["o".to_owned()],
            user: vec!["u".to_owned()],
            default,
        };
        let of = |claim: &str, claims: Value| {
            let claims = claims.as_object().unwrap();
            named(claim, None).of(claims)
        };
        assert_eq!(
            of("groups", json!({"groups": ["u", "a", 7]})),
            Some(Role::Admin)
        );
        assert_eq!(of("groups", json!({"groups": "o"})), Some(Role::Operator));
        let nested = json!({"realm_access": {"roles": ["u"]}});
        assert_eq!(of("realm_access.roles", nested), Some(Role::User));
        let dotted = json!({"https://id.example/roles": ["o"]});
        assert_eq!(of("https://id.example/roles", dotted), Some(Role::Operator));
        for claims in [
            json!({}),
            json!({"groups": ["A", "administrators", ""]}),
            json!({"groups": {"a": true}}),
            json!({"groups": null}),
            json!({"groups": "a o u"}),
        ] {
            assert_eq!(of("groups", claims), None);
        }
        let none = Map::new();
        assert_eq!(
            named("groups", Some(Role::User)).of(&none),
            Some(Role::User)
        );
    }
}
