//! Which stored secrets a change keeps, and when it may.
//!
//! A secret goes only where the person who entered it sent it. Whoever may edit an instance could otherwise point it at a host
//! of their own, keep the token, and read it there. So a new scheme, host, port or proxy needs every secret entered again.

use understudy_shared::{Endpoint, FieldError, FieldRule, HeaderId, ProxyId, TokenId};

use super::{ValidModelInstance, ValidProxy};

/// What is stored of an instance's connection, without the secrets themselves.
#[derive(Clone, Debug)]
pub struct StoredConnection {
    /// Where the backend listens.
    pub endpoint: Endpoint,
    /// Tokens.
    pub tokens: Vec<TokenId>,
    /// Extra headers.
    pub headers: Vec<HeaderId>,
    /// Proxies in order.
    pub proxies: Vec<StoredProxy>,
}

/// What is stored of a proxy.
#[derive(Clone, Debug)]
pub struct StoredProxy {
    /// Id.
    pub id: ProxyId,
    /// Address in its one spelling.
    pub url: String,
    /// Whether a password is stored.
    pub has_password: bool,
}

impl ValidModelInstance {
    /// Items that name a stored one which this instance does not have; with nothing stored, any.
    pub fn unknown_ids(&self, stored: Option<&StoredConnection>) -> Vec<FieldError> {
        let mut faults = Vec::new();
        let mut check = |list: &str, index: usize, known: bool| {
            if !known {
                let pointer = format!("/{list}/{index}/id");
                faults.push(FieldError::new(pointer, FieldRule::UnknownStoredItem));
            }
        };
        for (index, token) in self.tokens.iter().enumerate() {
            check(
                "tokens",
                index,
                token
                    .id
                    .is_none_or(|id| stored.is_some_and(|s| s.tokens.contains(&id))),
            );
        }
        for (index, header) in self.headers.iter().enumerate() {
            check(
                "headers",
                index,
                header
                    .id
                    .is_none_or(|id| stored.is_some_and(|s| s.headers.contains(&id))),
            );
        }
        for (index, proxy) in self.proxies.iter().enumerate() {
            check(
                "proxies",
                index,
                proxy
                    .id
                    .is_none_or(|id| stored.is_some_and(|s| s.proxy(id).is_some())),
            );
        }
        faults
    }

    /// Secrets that would go elsewhere than they were entered for, and so must be entered again.
    pub fn secrets_to_reenter(&self, stored: &StoredConnection) -> Vec<FieldError> {
        if !self.goes_elsewhere(stored) {
            return Vec::new();
        }
        let tokens = self
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.value.is_none());
        let headers = self
            .headers
            .iter()
            .enumerate()
            .filter(|(_, header)| header.value.is_none());
        let proxies = self
            .proxies
            .iter()
            .enumerate()
            .filter(|(_, proxy)| stored.keeps_password(proxy));
        let pointers = tokens
            .map(|(index, _)| format!("/tokens/{index}/value"))
            .chain(headers.map(|(index, _)| format!("/headers/{index}/value")))
            .chain(proxies.map(|(index, _)| format!("/proxies/{index}/password")));
        pointers
            .map(|pointer| FieldError::new(pointer, FieldRule::SecretAgain))
            .collect()
    }

    fn goes_elsewhere(&self, stored: &StoredConnection) -> bool {
        let (new, old) = (&self.endpoint, &stored.endpoint);
        if (new.scheme, &new.host, new.port) != (old.scheme, &old.host, old.port) {
            return true;
        }
        let same_urls = self.proxies.len() == stored.proxies.len()
            && self
                .proxies
                .iter()
                .zip(&stored.proxies)
                .all(|(new, old)| new.url.to_string() == old.url);
        // The same addresses with their ids swapped would hand one proxy's password to another.
        let moved = |proxy: &ValidProxy| {
            let named = proxy.id.and_then(|id| stored.proxy(id));
            named.is_some_and(|old| old.url != proxy.url.to_string())
        };
        !same_urls || self.proxies.iter().any(moved)
    }
}

impl StoredConnection {
    fn proxy(&self, id: ProxyId) -> Option<&StoredProxy> {
        self.proxies.iter().find(|proxy| proxy.id == id)
    }

    fn keeps_password(&self, proxy: &ValidProxy) -> bool {
        let stored = proxy.id.and_then(|id| self.proxy(id));
        proxy.password.is_none()
            && proxy.username.is_some()
            && stored.is_some_and(|stored| stored.has_password)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use understudy_shared::CreateModelInstance;
    use uuid::Uuid;

    use super::*;

    struct Fixture {
        stored: StoredConnection,
        input: Value,
    }

    /// An instance with one token, one header and two proxies with passwords, and the change that keeps them all.
    fn fixture() -> Fixture {
        let [token, header, a, b] = std::array::from_fn(|_| Uuid::now_v7());
        let input = json!({
            "name": "A", "kind": "network",
            "endpoint": {"scheme": "https", "host": "api.example", "port": 443},
            "tokens": [{"id": token}],
            "headers": [{"id": header, "name": "x-org"}],
            "proxies": [
                {"id": a, "url": "http://a.example:1", "username": "u"},
                {"id": b, "url": "http://b.example:1", "username": "u"},
            ],
        });
        let proxy = |id, url: &str| StoredProxy {
            id: ProxyId(id),
            url: url.to_owned(),
            has_password: true,
        };
        let endpoint = serde_json::from_value(input["endpoint"].clone()).unwrap();
        let stored = StoredConnection {
            endpoint,
            tokens: vec![TokenId(token)],
            headers: vec![HeaderId(header)],
            proxies: vec![
                proxy(a, "http://a.example:1"),
                proxy(b, "http://b.example:1"),
            ],
        };
        Fixture { stored, input }
    }

    fn reenter(fixture: &Fixture) -> Vec<String> {
        let input: CreateModelInstance = serde_json::from_value(fixture.input.clone()).unwrap();
        let valid = ValidModelInstance::try_from(input).unwrap();
        valid
            .secrets_to_reenter(&fixture.stored)
            .into_iter()
            .map(|fault| fault.pointer)
            .collect()
    }

    const ALL: [&str; 4] = [
        "/tokens/0/value",
        "/headers/0/value",
        "/proxies/0/password",
        "/proxies/1/password",
    ];

    #[test]
    fn secrets_stay_while_the_destination_stays() {
        let mut fixture = fixture();
        assert!(reenter(&fixture).is_empty());
        fixture.input["endpoint"]["base_path"] = "/other".into();
        fixture.input["endpoint"]["host"] = "API.example.".into();
        fixture.input["name"] = "B".into();
        assert!(reenter(&fixture).is_empty());
    }

    #[test]
    fn a_new_scheme_host_or_port_needs_every_secret_again() {
        for (field, value) in [
            ("scheme", json!("http")),
            ("host", json!("evil.example")),
            ("port", json!(444)),
        ] {
            let mut fixture = fixture();
            fixture.input["endpoint"][field] = value;
            assert_eq!(reenter(&fixture), ALL, "{field}");
        }
    }

    #[test]
    fn other_proxies_need_every_secret_again_also_when_they_only_swap_names() {
        let mut swapped = fixture();
        let proxies = swapped.input["proxies"].as_array_mut().unwrap();
        let first = proxies[0]["id"].clone();
        proxies[0]["id"] = proxies[1]["id"].clone();
        proxies[1]["id"] = first;
        assert_eq!(reenter(&swapped), ALL);
        let mut fewer = fixture();
        fewer.input["proxies"] = json!([]);
        assert_eq!(reenter(&fewer), ["/tokens/0/value", "/headers/0/value"]);
    }

    #[test]
    fn secrets_that_are_entered_again_or_left_out_are_no_fault() {
        let mut fixture = fixture();
        fixture.input["endpoint"]["port"] = 444.into();
        fixture.input["tokens"][0]["value"] = "new-token".into();
        fixture.input["headers"] = json!([]);
        fixture.input["proxies"] = json!([]);
        assert!(reenter(&fixture).is_empty());
    }

    #[test]
    fn ids_of_another_instance_are_unknown() {
        let fixture = fixture();
        let input: CreateModelInstance = serde_json::from_value(fixture.input).unwrap();
        let valid = ValidModelInstance::try_from(input).unwrap();
        assert!(valid.unknown_ids(Some(&fixture.stored)).is_empty());
        assert_eq!(valid.unknown_ids(None).len(), 4);
    }
}
