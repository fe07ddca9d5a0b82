//! What stands in the form of a user, or beside it, and does not depend on the rest of it.

use leptos::prelude::*;
use understudy_shared::{SignInMethod, User};

use super::super::role;
use super::super::values::Draft;
use crate::browser;
use crate::components::form::SecretField;
use crate::components::form_page::SideCard;
use crate::components::icon::Glyph;
use crate::components::time::Ago;
use crate::i18n::words;
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// The role of somebody whose role is not decided here.
#[component]
pub fn RoleOfProvider(draft: Draft) -> impl IntoView {
    let i18n = use_i18n();
    let role = Memo::new(move |_| draft.role.with(|name| role::read(name)));
    view! {
        <div class="field" id="role-of-provider">
            <span class="label">{t!(i18n, users.field.role)}</span>
            <p class="user-role">
                <Glyph icon=Signal::derive(move || role::icon(role.get())) />
                {move || words::role(i18n, role.get())}
            </p>
            <p class="hint">{t!(i18n, users.field.role_of_provider)}</p>
        </div>
    }
}

/// The password: typed for somebody new, replaced for somebody who has one.
#[component]
pub fn Password(draft: Draft, is_new: bool, error: Signal<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="user-password">
            <SecretField
                id="new-password"
                label=t_signal!(i18n, users.field.password)
                value=draft.password
                stored=(!is_new).then(String::new)
                error
            />
            <p class="hint">
                {move || {
                    if is_new {
                        t_string!(i18n, users.field.password_new)
                    } else {
                        t_string!(i18n, users.field.password_hint)
                    }
                }}
            </p>
        </div>
    }
}

/// What is known of the person, beside the form.
#[component]
pub fn Facts(saved: RwSignal<Option<User>>) -> impl IntoView {
    let i18n = use_i18n();
    let facts = move || {
        saved.get().map(|user| {
            let exact = move |at| browser::local_time(at, i18n.get_locale().as_ref());
            let created = user.created_at;
            let last = match user.last_sign_in_at {
                Some(at) => view! { <Ago at=Signal::stored(at) /> }.into_any(),
                None => view! { <span class="minor">{t!(i18n, users.never)}</span> }.into_any(),
            };
            view! {
                <dl class="facts">
                    <dt>{t!(i18n, users.facts.sign_in)}</dt>
                    <dd>
                        {move || match user.sign_in {
                            SignInMethod::Local => t_string!(i18n, users.facts.local),
                            SignInMethod::Oidc => t_string!(i18n, users.facts.oidc),
                        }}
                    </dd>
                    <dt>{t!(i18n, users.columns.signed_in)}</dt>
                    <dd>{last}</dd>
                    <dt>{t!(i18n, users.columns.created)}</dt>
                    <dd>{move || exact(created)}</dd>
                </dl>
            }
        })
    };
    view! {
        <SideCard id="facts" title=t_signal!(i18n, users.sections.facts)>
            {move || match saved.with(Option::is_some) {
                true => facts().into_any(),
                false => view! { <p class="sub">{t!(i18n, users.new_hint)}</p> }.into_any(),
            }}
        </SideCard>
    }
}
