//! Proxies, in the order in which they are tried, and credentials that are pasted with their addresses.

use leptos::prelude::*;
use understudy_shared::ProxyState;

use super::Secrets;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::form::{SecretField, TextField, focus_field};
use crate::components::icon::{Glyph, Icon};
use crate::components::ordered_list::OrderedList;
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// The proxies in order.
#[component]
pub fn Proxies(
    /// What the form knows of secrets.
    secrets: Secrets,
) -> impl IntoView {
    let i18n = use_i18n();
    let Secrets {
        form,
        errors,
        stored,
        ..
    } = secrets;
    let rows = form.proxies;
    let find = move |key: u32| rows.with(|rows| rows.iter().find(|row| row.key == key).cloned());
    let place = move |key: u32| {
        rows.with(|rows| {
            rows.iter()
                .position(|row| row.key == key)
                .map_or(0, |index| index + 1)
        })
    };
    let name = move |key: u32| {
        let url = untrack(|| find(key)).map(|row| row.url.get_untracked());
        url.filter(|url| !url.is_empty()).unwrap_or_else(|| {
            t_string!(
                i18n,
                instance.proxies.numbered,
                number = untrack(|| place(key))
            )
        })
    };
    let row = move |key: u32| {
        let Some(row) = untrack(|| find(key)) else {
            return ().into_any();
        };
        let kept = stored.with_untracked(|stored| {
            let proxies = &stored.as_ref()?.proxies;
            proxies
                .iter()
                .find(|proxy| Some(proxy.id) == row.id)
                .cloned()
        });
        let unreadable = kept.as_ref().is_some_and(|proxy| proxy.unreadable);
        let (must_reenter, reason) = secrets.must_reenter(unreadable);
        let state = kept
            .map(|proxy| proxy.state)
            .filter(|state| *state != ProxyState::Unknown);
        let (username, password) = (row.username, row.password);
        let [url_id, username_id, password_id] =
            ["url", "username", "password"].map(|part| format!("proxies-{key}-{part}"));
        // Credentials belong into their own fields; those that were pasted with the address are moved there.
        let left = move |()| take_credentials(row.url, username, password);
        let stored_password = row.password_set.then(String::new);
        view! {
            <div class="proxy-row" data-row="proxy">
                <TextField
                    id=url_id.clone()
                    label=Signal::derive(move || t_string!(i18n, instance.proxies.url_of, number = place(key)))
                    value=row.url
                    placeholder=t_signal!(i18n, instance.proxies.example)
                    error=errors.at(url_id)
                    bare=true
                    code=true
                    on_left=left
                />
                <span class="proxy-tools">
                    {state.map(|state| view! { <ProxyBadge state /> })}
                    <IconButton
                        icon=Icon::Trash
                        label=Signal::derive(move || t_string!(i18n, instance.proxies.remove, name = name(key)))
                        action="remove-proxy"
                        on_click=move |()| {
                            rows.update(|rows| rows.retain(|row| row.key != key));
                            focus_field("add-proxy");
                        }
                    />
                </span>
                <div class="proxy-account">
                    <TextField
                        id=username_id.clone()
                        label=Signal::derive(move || {
                            t_string!(i18n, instance.proxies.username_of, number = place(key))
                        })
                        value=username
                        placeholder=Signal::derive(move || {
                            t_string!(i18n, instance.proxies.username).to_owned()
                        })
                        error=errors.at(username_id)
                        bare=true
                        code=true
                    />
                    <SecretField
                        id=password_id.clone()
                        label=Signal::derive(move || {
                            t_string!(i18n, instance.proxies.password_of, number = place(key))
                        })
                        value=password
                        stored=stored_password
                        must_reenter
                        reason
                        placeholder=Signal::derive(move || {
                            t_string!(i18n, instance.proxies.password).to_owned()
                        })
                        error=errors.at(password_id)
                        bare=true
                    />
                </div>
            </div>
        }
        .into_any()
    };
    let add = move |_| {
        let key = form.add_proxy();
        request_animation_frame(move || focus_field(&format!("proxies-{key}-url")));
    };
    let error = errors.at("proxies");
    view! {
        <div class="field" id="proxies" role="group" tabindex="-1" aria-label=t_signal!(i18n, instance.proxies.title)>
            <OrderedList
                id="proxies-list"
                label=t_signal!(i18n, instance.proxies.title)
                keys=Signal::derive(move || rows.with(|rows| rows.iter().map(|row| row.key).collect()))
                name
                on_move=move |wish: crate::components::ordered_list::Move| rows.update(|rows| wish.apply(rows))
                row
            />
            <p class="field-error" id="proxies-error">
                {error}
            </p>
            <p class="hint" hidden=move || !rows.with(Vec::is_empty)>
                {t!(i18n, instance.proxies.none)}
            </p>
            <div class="field-actions">
                <button type="button" class="button small" id="add-proxy" data-action="add-proxy" on:click=add>
                    <Glyph icon=Icon::Plus />
                    {t!(i18n, instance.proxies.add)}
                </button>
            </div>
        </div>
    }
}

#[component]
fn ProxyBadge(state: ProxyState) -> impl IntoView {
    let i18n = use_i18n();
    let (tone, icon) = match state {
        ProxyState::Up => (Tone::Ok, Icon::Check),
        ProxyState::Down => (Tone::Bad, Icon::Cross),
        ProxyState::Unknown => (Tone::Idle, Icon::Question),
    };
    let word = Signal::derive(move || {
        match state {
            ProxyState::Up => t_string!(i18n, instance.proxies.states.up),
            ProxyState::Down => t_string!(i18n, instance.proxies.states.down),
            ProxyState::Unknown => t_string!(i18n, instance.proxies.states.unknown),
        }
        .to_owned()
    });
    view! { <Badge tone icon word /> }
}

fn take_credentials(
    url: RwSignal<String>,
    username: RwSignal<String>,
    password: RwSignal<Option<String>>,
) {
    let Some(parts) = url.with_untracked(|url| credentials(url)) else {
        return;
    };
    url.set(parts.url);
    username.set(parts.username);
    if let Some(typed) = parts.password {
        password.set(Some(typed));
    }
}

/// The address of a proxy without the credentials that were pasted with it.
#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    url: String,
    username: String,
    password: Option<String>,
}

fn credentials(url: &str) -> Option<Credentials> {
    let (scheme, rest) = url.trim().split_once("://")?;
    let (account, host) = rest.rsplit_once('@')?;
    let (username, password) = match account.split_once(':') {
        Some((username, password)) => (username, Some(decoded(password))),
        None => (account, None),
    };
    Some(Credentials {
        url: format!("{scheme}://{host}"),
        username: decoded(username),
        password,
    })
}

/// In an address, characters of a name or password that would mean something else are written as `%` and a number.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    // What is no text after that was not meant so.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_are_pasted_with_an_address_go_where_they_belong() {
        let parts = credentials("http://user:p:a@proxy.example:3128").unwrap();
        assert_eq!(parts.url, "http://proxy.example:3128");
        assert_eq!(parts.username, "user");
        assert_eq!(parts.password.as_deref(), Some("p:a"));
        let parts = credentials(" socks5h://user@10.0.0.1:1080 ").unwrap();
        assert_eq!(parts.url, "socks5h://10.0.0.1:1080");
        assert_eq!(parts.password, None);
        let parts = credentials("http://me%40home:50%25%D1%8F%@proxy:1").unwrap();
        assert_eq!(parts.username, "me@home");
        assert_eq!(parts.password.as_deref(), Some("50%я%"));
        assert!(credentials("socks5h://10.0.0.1:1080").is_none());
        assert!(credentials("proxy").is_none());
    }
}
