//! Changing a key that is there: its name, its models, its limits and its end. The key itself and what it may do stay for good.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::ApiKey;

use super::draft::{Draft, field_of};
use super::fields::{Fields, Frame};
use crate::api::use_api;
use crate::browser;
use crate::components::form::FormErrors;
use crate::components::modal::Modal;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n};
use crate::pages::keys::GroupNames;
use crate::pages::keys::row::ScopeChips;

/// The dialog.
#[component]
pub fn ChangeKey(
    /// Whether it is open, both ways.
    open: RwSignal<bool>,
    /// The key, as it was when it opened.
    key: RwSignal<Option<ApiKey>>,
    /// Names of the groups.
    groups: GroupNames,
    /// Called when the key was changed, or is gone.
    #[prop(into)]
    on_changed: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let sending = RwSignal::new(false);
    let title = Signal::derive(move || {
        let name = key.with(|key| key.as_ref().map(|key| key.name.clone()));
        t_string!(i18n, keys.changing.title, name = name.unwrap_or_default())
    });
    view! {
        <Modal id="change-key" open title busy=sending wide=true>
            {move || {
                key.get()
                    .map(|key| view! { <ChangeForm key sending groups open on_changed /> })
            }}
        </Modal>
    }
}

#[component]
fn ChangeForm(
    key: ApiKey,
    sending: RwSignal<bool>,
    groups: GroupNames,
    open: RwSignal<bool>,
    on_changed: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let id = key.id;
    let scopes = key.scopes.clone();
    let draft = Draft::of(key);
    let errors = FormErrors::new(move || draft.faults());
    let submit = move |()| {
        let patch = draft.patch(browser::now());
        if patch.is_empty() {
            toasts.success(tu_string!(i18n, keys.changing.unchanged));
            open.set(false);
            return;
        }
        sending.set(true);
        spawn_local(async move {
            let answer = api.update_api_key(id, &patch).await;
            sending.set(false);
            match answer {
                Ok(key) => {
                    toasts.success(tu_string!(i18n, keys.changing.done, name = key.name));
                    open.set(false);
                }
                Err(error) => errors.refuse(error, field_of),
            }
            // A key that somebody else has revoked meanwhile is refused, and stands in the list as it is now.
            on_changed.run(());
        });
    };
    let chips = move || {
        view! {
            <div class="field" id="key-scopes">
                <span class="label">{t!(i18n, keys.form.scopes)}</span>
                <span class="scopes">
                    <ScopeChips scopes=scopes.clone() />
                </span>
                <p class="hint">{t!(i18n, keys.changing.scopes_hint)}</p>
            </div>
        }
    };
    view! {
        <Frame
            errors
            sending
            on_submit=submit
            on_cancel=move |()| open.set(false)
            submit=t_signal!(i18n, keys.changing.submit)
            busy=t_signal!(i18n, keys.changing.busy)
        >
            <Fields draft errors groups scopes=chips />
        </Frame>
    }
}
