//! Rows of the lists, as signals.

use leptos::prelude::*;
use understudy_shared::{HeaderId, ProxyId, TokenId};

use super::super::draft::{HeaderDraft, ProxyDraft, TokenDraft};

/// A token of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Stays with the row.
    pub key: u32,
    /// The stored token.
    pub id: Option<TokenId>,
    /// What it is for.
    pub label: RwSignal<String>,
    /// What was typed.
    pub value: RwSignal<Option<String>>,
}

/// An extra header of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRow {
    /// Stays with the row.
    pub key: u32,
    /// The stored header.
    pub id: Option<HeaderId>,
    /// Its name.
    pub name: RwSignal<String>,
    /// What was typed.
    pub value: RwSignal<Option<String>>,
}

/// A proxy of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyRow {
    /// Stays with the row.
    pub key: u32,
    /// The stored proxy.
    pub id: Option<ProxyId>,
    /// Its address.
    pub url: RwSignal<String>,
    /// Name to sign in with.
    pub username: RwSignal<String>,
    /// What was typed.
    pub password: RwSignal<Option<String>>,
    /// Whether a password is stored.
    pub password_set: bool,
}

pub(super) fn read_token(row: &TokenRow) -> TokenDraft {
    TokenDraft {
        key: row.key,
        id: row.id,
        label: row.label.get(),
        value: row.value.get(),
    }
}

pub(super) fn read_header(row: &HeaderRow) -> HeaderDraft {
    HeaderDraft {
        key: row.key,
        id: row.id,
        name: row.name.get(),
        value: row.value.get(),
    }
}

pub(super) fn read_proxy(row: &ProxyRow) -> ProxyDraft {
    ProxyDraft {
        key: row.key,
        id: row.id,
        url: row.url.get(),
        username: row.username.get(),
        password: row.password.get(),
        password_set: row.password_set,
    }
}
