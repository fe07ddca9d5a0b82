//! Which stored secret an item of a file means. Items have no ids there: tokens are known by their label, headers by their name, proxies
//! by their address and user name; several of the same name by their order.

use understudy_shared::{
    CreateModelInstance, FieldError, FieldRule, HeaderId, ProxyId, SecretInput, TokenId,
};

use crate::db::model_instances::StoredModelInstance;
use crate::domain::model_instance::{Opened, ProxyUrl, ValidModelInstance};
use crate::secrets::{Secret, SecretCipher};

/// In place of a secret that is not there, so that the other rules are still looked at.
const STAND_IN: &str = "-";

/// The stored item that an item of the file means.
struct Paired<'a, R> {
    row: Option<&'a R>,
    /// Several of the same name are stored, and the file has another number of them.
    ambiguous: bool,
}

impl<R> Paired<'_, R> {
    /// What is wrong with keeping its secret.
    fn fault(&self, pointer: &str) -> Option<FieldError> {
        let rule = match self {
            Self {
                ambiguous: true, ..
            } => FieldRule::SecretAmbiguous,
            Self { row: None, .. } => FieldRule::SecretNotStored,
            _ => return None,
        };
        Some(FieldError::new(pointer, rule))
    }
}

fn pair<'a, R, K: PartialEq>(
    names: &[K],
    rows: &'a [R],
    name_of: impl Fn(&R) -> K,
) -> Vec<Paired<'a, R>> {
    let paired = |(index, name): (usize, &K)| {
        let same: Vec<&R> = rows.iter().filter(|row| name_of(row) == *name).collect();
        let before = names[..index].iter().filter(|other| *other == name).count();
        let all = names.iter().filter(|other| *other == name).count();
        let ambiguous = same.len() > 1 && same.len() != all;
        Paired {
            row: same.get(before).copied().filter(|_| !ambiguous),
            ambiguous,
        }
    };
    names.iter().enumerate().map(paired).collect()
}

/// Gives the items of an instance the ids of the stored ones that they mean.
pub fn identify(
    input: &mut CreateModelInstance,
    stored: Option<&StoredModelInstance>,
) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let (tokens, headers, proxies) = stored.map_or((&[][..], &[][..], &[][..]), |stored| {
        (&stored.tokens[..], &stored.headers[..], &stored.proxies[..])
    });
    let stand_in = || Some(SecretInput::new(STAND_IN));
    let names: Vec<String> = input.tokens.iter().map(|t| t.label.clone()).collect();
    let paired = pair(&names, tokens, |row| row.label.clone());
    for (index, (token, paired)) in input.tokens.iter_mut().zip(paired).enumerate() {
        if token.value.is_none()
            && let Some(fault) = paired.fault(&format!("/tokens/{index}/value"))
        {
            faults.push(fault);
            token.value = stand_in();
        }
        token.id = paired.row.map(|row| TokenId(row.id));
    }
    let names = input.headers.iter();
    let names: Vec<String> = names.map(|h| h.name.to_ascii_lowercase()).collect();
    let paired = pair(&names, headers, |row| row.name.to_ascii_lowercase());
    for (index, (header, paired)) in input.headers.iter_mut().zip(paired).enumerate() {
        if header.value.is_none()
            && let Some(fault) = paired.fault(&format!("/headers/{index}/value"))
        {
            faults.push(fault);
            header.value = stand_in();
        }
        header.id = paired.row.map(|row| HeaderId(row.id));
    }
    let address = |url: &str| ProxyUrl::read(url).map_or(url.to_owned(), |url| url.to_string());
    let names = input.proxies.iter();
    let names: Vec<_> = names
        .map(|proxy| (address(&proxy.url), proxy.username.clone()))
        .collect();
    let paired = pair(&names, proxies, |row| {
        (row.url.clone(), row.username.clone())
    });
    for (index, (proxy, paired)) in input.proxies.iter_mut().zip(paired).enumerate() {
        let keeps = proxy.id.is_some();
        let has_password = |row: &&_| row_has_password(row);
        let paired = Paired {
            // A password that is not in the file is none, so the row that has one is not meant.
            row: paired
                .row
                .filter(|row| proxy.password.is_some() || keeps == has_password(row)),
            ..paired
        };
        if keeps && let Some(fault) = paired.fault(&format!("/proxies/{index}/password")) {
            faults.push(fault);
        }
        proxy.id = paired.row.map(|row| ProxyId(row.id));
    }
    faults
}

fn row_has_password(row: &crate::db::model_instances::InstanceProxyRow) -> bool {
    row.password_encrypted.is_some()
}

/// Leaves out the secrets that are stored as they are: what does not differ is no change.
pub fn forget_equal(
    valid: &mut ValidModelInstance,
    stored: &StoredModelInstance,
    cipher: &SecretCipher,
) {
    // One that cannot be decrypted is another one.
    let same =
        |open: Opened, new: &Secret| open.is_ok_and(|stored| stored.expose() == new.expose());
    for token in &mut valid.tokens {
        let row = stored
            .tokens
            .iter()
            .find(|row| token.id.is_some_and(|id| id.0 == row.id));
        if let (Some(row), Some(new)) = (row, &token.value)
            && same(row.open(cipher).value, new)
        {
            token.value = None;
        }
    }
    for header in &mut valid.headers {
        let row = stored
            .headers
            .iter()
            .find(|row| header.id.is_some_and(|id| id.0 == row.id));
        if let (Some(row), Some(new)) = (row, &header.value)
            && same(row.open(cipher).value, new)
        {
            header.value = None;
        }
    }
    for proxy in &mut valid.proxies {
        let row = stored
            .proxies
            .iter()
            .find(|row| proxy.id.is_some_and(|id| id.0 == row.id));
        if let (Some(row), Some(new)) = (row, &proxy.password)
            && let Some(open) = row.open(cipher).password
            && same(open, new)
        {
            proxy.password = None;
        }
    }
}
