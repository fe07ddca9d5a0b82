//! What a key may be used for.

use leptos::prelude::*;
use understudy_shared::{ApiKeyScope, Role};

use super::super::row::scope_words;
use super::draft::Draft;
use crate::i18n::{t, t_string, use_i18n};
use crate::session::use_session;

/// What the key may do, each with what that means.
#[component]
pub(super) fn Scopes(
    draft: Draft,
    refused: Signal<Option<String>>,
    found: Signal<Option<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let role = Memo::new(move |_| session.user().map_or(Role::User, |user| user.role));
    let line = move |scope: ApiKeyScope| {
        let hint = move || match scope {
            ApiKeyScope::Gateway => t_string!(i18n, keys.scope.gateway_hint),
            ApiKeyScope::GroupsRead => t_string!(i18n, keys.scope.groups_read_hint),
            ApiKeyScope::ManageRead => t_string!(i18n, keys.scope.manage_read_hint),
            ApiKeyScope::ManageWrite => t_string!(i18n, keys.scope.manage_write_hint),
        };
        let beyond = Memo::new(move |_| !may_give(role.get(), scope));
        let hint_id = format!("scope-{}-hint", scope.as_str().replace(':', "-"));
        view! {
            <label class="option" data-scope=scope.as_str()>
                <input
                    type="checkbox"
                    name="scope"
                    value=scope.as_str()
                    aria-describedby=hint_id.clone()
                    prop:disabled=move || beyond.get()
                    prop:checked=move || draft.scopes.with(|scopes| scopes.contains(&scope))
                    on:change:target=move |event| choose(draft.scopes, scope, event.target().checked())
                />
                <span class="option-title">
                    {move || scope_words(i18n, scope)} " " <code>{scope.as_str()}</code>
                </span>
                <span class="option-text" id=hint_id>
                    {hint}
                    {move || beyond.get().then(|| format!(" {}", t_string!(i18n, keys.scope.beyond)))}
                </span>
            </label>
        }
    };
    view! {
        <fieldset id="key-scopes" class="options" tabindex="-1" aria-describedby="key-scopes-error">
            <legend>{t!(i18n, keys.form.scopes)}</legend>
            {ApiKeyScope::ALL.into_iter().map(line).collect_view()}
            <p class="field-error" id="key-scopes-error" role="status">
                {move || refused.get().or_else(|| found.get())}
            </p>
        </fieldset>
    }
}

/// Whether a person of this role may give a key this scope; the service has the last word.
pub(super) fn may_give(role: Role, scope: ApiKeyScope) -> bool {
    scope == ApiKeyScope::Gateway || role >= Role::Operator
}

pub(super) fn choose<T: PartialEq + Send + Sync + 'static>(
    list: RwSignal<Vec<T>>,
    item: T,
    chosen: bool,
) {
    list.update(|list| {
        list.retain(|other| *other != item);
        if chosen {
            list.push(item);
        }
    });
}
