//! When stored secrets can no longer be kept: a secret goes only where the person who entered it sent it, so a new scheme, host, port or proxy
//! needs every one again. The service decides; this tells the person at the moment when it begins to matter.

use understudy_shared::{FieldError, FieldRule, ModelInstance};

use super::draft::{Draft, ProxyDraft};
use crate::components::form::errors::{Fault, Place};

/// What of the destination differs from the stored one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// Scheme, host or port.
    Address,
    /// The proxies.
    Proxies,
}

/// Whether the draft goes elsewhere than `stored` does. An address that cannot be read yet goes nowhere.
pub fn moved(draft: &Draft, stored: &ModelInstance) -> Option<Moved> {
    let old = &stored.endpoint;
    let same_host = |new: &str| plain_host(new) == plain_host(&old.host);
    if let Some(new) = draft.endpoint()
        && (new.scheme != old.scheme || new.port != old.port || !same_host(&new.host))
    {
        return Some(Moved::Address);
    }
    let stored_url = |proxy: &ProxyDraft| {
        let stored = stored
            .proxies
            .iter()
            .find(|stored| Some(stored.id) == proxy.id);
        stored.map(|stored| plain_proxy(&stored.url))
    };
    let same = draft.proxies.len() == stored.proxies.len()
        && draft.proxies.iter().zip(&stored.proxies).all(|(new, old)| {
            let url = plain_proxy(&new.url);
            url == plain_proxy(&old.url) && stored_url(new).is_none_or(|own| own == url)
        });
    (!same).then_some(Moved::Proxies)
}

/// Secrets that must be typed again and were not, as the service would refuse them.
pub fn missing(draft: &Draft, stored: &ModelInstance) -> Vec<Place> {
    if moved(draft, stored).is_none() {
        return Vec::new();
    }
    let empty = |value: &Option<String>| value.as_ref().is_none_or(|value| value.trim().is_empty());
    let tokens = draft
        .tokens
        .iter()
        .filter(|token| token.id.is_some() && empty(&token.value))
        .map(|token| format!("tokens-{}-value", token.key));
    let headers = draft
        .headers
        .iter()
        .filter(|header| header.id.is_some() && empty(&header.value))
        .map(|header| format!("headers-{}-value", header.key));
    let proxies = draft
        .proxies
        .iter()
        .filter(|proxy| {
            proxy.password_set && !proxy.username.trim().is_empty() && empty(&proxy.password)
        })
        .map(|proxy| format!("proxies-{}-password", proxy.key));
    tokens
        .chain(headers)
        .chain(proxies)
        .map(|id| Place {
            id: Some(id),
            fault: Fault::Rule(Box::new(FieldError::new("", FieldRule::SecretAgain))),
        })
        .collect()
}

/// Whether the instance has any secret stored.
pub fn has_any(stored: &ModelInstance) -> bool {
    !stored.tokens.is_empty()
        || !stored.headers.is_empty()
        || stored.proxies.iter().any(|proxy| proxy.password_set)
}

/// A host without the differences in spelling that mean nothing to anybody.
fn plain_host(host: &str) -> String {
    host.trim().trim_end_matches('.').to_lowercase()
}

/// As the service writes the address of a proxy, with its port.
fn plain_proxy(url: &str) -> String {
    let url = url.trim().trim_end_matches('/').to_lowercase();
    let Some((scheme, host)) = url.split_once("://") else {
        return url;
    };
    let has_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()) && !port.is_empty());
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => 1080,
    };
    if has_port {
        url
    } else {
        format!("{url}:{usual}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::instance;
    use super::*;

    #[test]
    fn secrets_stay_while_the_destination_stays() {
        let stored = instance();
        let draft = Draft::of(&stored);
        assert_eq!(moved(&draft, &stored), None);
        for url in [
            "https://api.example/other",
            "https://API.example./v1",
            "https://api.example:443/v1",
            "api.example/v1",
        ] {
            let mut draft = draft.clone();
            draft.url = url.to_owned();
            assert_eq!(moved(&draft, &stored), None, "{url}");
            assert_eq!(missing(&draft, &stored), [], "{url}");
        }
        let mut draft = draft;
        draft.proxies[0].url = "HTTP://proxy-a.example:3128/".to_owned();
        assert_eq!(moved(&draft, &stored), None);
    }

    #[test]
    fn another_destination_needs_them_again_until_it_is_reverted() {
        let stored = instance();
        let draft = Draft::of(&stored);
        for url in [
            "http://api.example/v1",
            "https://evil.example/v1",
            "https://api.example:444/v1",
        ] {
            let mut other = draft.clone();
            other.url = url.to_owned();
            assert_eq!(moved(&other, &stored), Some(Moved::Address), "{url}");
            let ids: Vec<_> = missing(&other, &stored)
                .into_iter()
                .filter_map(|place| place.id)
                .collect();
            assert_eq!(
                ids,
                ["tokens-0-value", "headers-0-value", "proxies-0-password"],
                "{url}"
            );
            other.url.clone_from(&draft.url);
            assert_eq!(moved(&other, &stored), None);
        }
    }

    #[test]
    fn typed_secrets_are_not_missing() {
        let stored = instance();
        let mut draft = Draft::of(&stored);
        draft.url = "https://other.example/v1".to_owned();
        draft.tokens[0].value = Some("new".to_owned());
        draft.headers.clear();
        draft.proxies[0].username.clear();
        assert_eq!(missing(&draft, &stored), []);
    }

    #[test]
    fn other_proxies_and_another_order_of_them_are_another_destination() {
        let stored = instance();
        let mut swapped = Draft::of(&stored);
        swapped.proxies.swap(0, 1);
        assert_eq!(moved(&swapped, &stored), Some(Moved::Proxies));
        let mut fewer = Draft::of(&stored);
        fewer.proxies.pop();
        assert_eq!(moved(&fewer, &stored), Some(Moved::Proxies));
        let mut more = Draft::of(&stored);
        more.proxies.push(ProxyDraft::default());
        assert_eq!(moved(&more, &stored), Some(Moved::Proxies));
        let mut named = Draft::of(&stored);
        let first = named.proxies[0].id;
        named.proxies[0].id = named.proxies[1].id;
        named.proxies[1].id = first;
        assert_eq!(moved(&named, &stored), Some(Moved::Proxies));
    }

    #[test]
    fn an_address_that_is_being_typed_goes_nowhere_yet() {
        let stored = instance();
        let mut draft = Draft::of(&stored);
        draft.url = "https://".to_owned();
        assert_eq!(moved(&draft, &stored), None);
    }
}
