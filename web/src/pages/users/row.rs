//! One user in the list.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use understudy_shared::{SignInMethod, User};
use uuid::Uuid;

use super::form::delete::use_delete;
use super::{PATH, role};
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::Cell;
use crate::components::table::Row;
use crate::components::time::Ago;
use crate::i18n::{t, t_signal, t_string, use_i18n, words};
use crate::listing::Listing;
use crate::session::use_session;

/// The row.
#[component]
pub fn UserRow(
    /// The user.
    row: Row<Uuid, User>,
    /// The list.
    list: Listing<User>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let user: Signal<User> = ArcSignal::from(row.item).into();
    let path = format!("{PATH}/{}", row.id);
    let called = Memo::new(move |_| user.with(called));
    let name = Memo::new(move |_| user.with(|user| user.username.clone()));
    let role = Memo::new(move |_| user.with(|user| user.role));
    let enabled = Memo::new(move |_| user.with(|user| user.enabled));
    let signed_in = Memo::new(move |_| user.with(|user| user.last_sign_in_at));
    let of_provider = Memo::new(move |_| user.with(|user| user.sign_in == SignInMethod::Oidc));
    let me = Memo::new(move |_| session.user().is_some_and(|me| me.id.0 == row.id));
    let state = move || {
        if enabled.get() {
            view! { <Badge tone=Tone::Ok icon=Icon::Check word=t_signal!(i18n, users.states.enabled) /> }
                .into_any()
        } else {
            view! { <Badge tone=Tone::Idle icon=Icon::Ban word=t_signal!(i18n, users.states.disabled) /> }
                .into_any()
        }
    };
    let last = move || match signed_in.get() {
        Some(at) => view! { <Ago at=Signal::stored(at) /> }.into_any(),
        None => view! { <span class="minor">{t!(i18n, users.never)}</span> }.into_any(),
    };
    let (delete, busy) = use_delete(move |()| {
        list.pointer.acted();
        list.load.refresh();
        list.keep_focus_later();
    });
    let navigate = use_navigate();
    let edit = {
        let path = path.clone();
        move |()| navigate(&path, leptos_router::NavigateOptions::default())
    };
    view! {
        <tr
            role="row"
            data-id=row.id.to_string()
            data-name=move || name.get()
            data-role=move || role.get().as_str()
            data-state=move || if enabled.get() { "enabled" } else { "disabled" }
        >
            <th role="rowheader" scope="row" data-column="name">
                <A href=path attr:class="row-link strong">
                    {move || called.get()}
                </A>
                {move || {
                    me.get().then(|| view! { <span class="scope">{t!(i18n, users.you)}</span> })
                }}
                {move || {
                    of_provider.get().then(|| view! { <span class="scope">{t!(i18n, users.sso)}</span> })
                }}
                {move || {
                    (name.get() != called.get())
                        .then(|| view! { <span class="minor user-name">{name}</span> })
                }}
            </th>
            <Cell column="role" label=t_signal!(i18n, users.columns.role)>
                <span class="user-role">
                    <Glyph icon=Signal::derive(move || role::icon(role.get())) />
                    {move || words::role(i18n, role.get())}
                </span>
            </Cell>
            <Cell column="state" label=t_signal!(i18n, users.columns.state)>
                {state}
            </Cell>
            <Cell column="signed_in" label=t_signal!(i18n, users.columns.signed_in)>
                {last}
            </Cell>
            <Cell column="created" label=t_signal!(i18n, users.columns.created)>
                <Ago at=Signal::derive(move || user.with(|user| user.created_at)) />
            </Cell>
            <Cell column="actions" label=Signal::derive(String::new)>
                <div class="row-actions">
                <IconButton
                    icon=Icon::Pencil
                    label=Signal::derive(move || t_string!(i18n, users.edit, name = called.get()))
                    action="edit"
                    on_click=edit
                />
                <IconButton
                    icon=Icon::Trash
                    label=Signal::derive(move || {
                        t_string!(i18n, users.delete.label, name = called.get())
                    })
                    action="delete"
                    disabled=busy
                    on_click=move |()| delete.run(user.get_untracked())
                />
                </div>
            </Cell>
        </tr>
    }
}

/// What a person is called on the screen.
pub fn called(user: &User) -> String {
    if user.display_name.is_empty() {
        user.username.clone()
    } else {
        user.display_name.clone()
    }
}
