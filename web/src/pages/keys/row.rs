//! One key in the list.

use chrono::TimeDelta;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{ApiKey, ApiKeyScope};

use super::{Column, GroupNames, KeyState, head};
use crate::age::Age;
use crate::api::use_api;
use crate::browser;
use crate::clock::use_clock;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::confirm::{Question, use_confirm};
use crate::components::icon::Icon;
use crate::components::section::Cell;
use crate::components::time::Ago;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_string, use_i18n, words};

/// How long before its end a key is said to end soon.
const SOON: TimeDelta = TimeDelta::days(14);
/// Names of groups that one line has room for.
const NAMED: usize = 2;

/// The row.
#[component]
pub fn KeyRow(
    /// The key; it changes when it is used or revoked.
    key: ArcRwSignal<ApiKey>,
    /// Names of the groups.
    groups: GroupNames,
    /// Called to change it.
    on_change: Callback<ApiKey>,
    /// Called after it was revoked.
    #[prop(into)]
    on_revoked: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let key: Signal<ApiKey> = ArcSignal::from(key).into();
    let state = Memo::new(move |_| key.with(|key| KeyState::of(key, clock.now())));
    let look = move || match state.get() {
        KeyState::Active => (Tone::Ok, Icon::Check),
        KeyState::Expired => (Tone::Warn, Icon::Clock),
        KeyState::Revoked => (Tone::Idle, Icon::Ban),
    };
    let word = Signal::derive(move || {
        match state.get() {
            KeyState::Active => t_string!(i18n, keys.states.active),
            KeyState::Expired => t_string!(i18n, keys.states.expired),
            KeyState::Revoked => t_string!(i18n, keys.states.revoked),
        }
        .to_owned()
    });
    let change_label = Signal::derive(move || {
        let name = key.with(|key| key.name.clone());
        t_string!(i18n, keys.change_key, name)
    });
    let badge = move || {
        let (tone, icon) = look();
        view! { <Badge tone icon word /> }
    };
    let scopes = move || {
        let scopes = key.with(|key| key.scopes.clone());
        view! { <ScopeChips scopes /> }
    };
    let limits = move || {
        let limits = key.with(|key| key.limits);
        let number = |count: u32| words::number(i18n, count.into());
        let parts: Vec<String> = [
            limits
                .requests_per_minute
                .map(|count| t_string!(i18n, keys.a_minute, count = number(count))),
            limits
                .max_concurrency
                .map(|count| t_string!(i18n, keys.at_once, count = number(count))),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            return view! { <span class="minor">{t!(i18n, keys.no_limits)}</span> }.into_any();
        }
        let line = |part: String| view! { <span>{part}</span> };
        parts.into_iter().map(line).collect_view().into_any()
    };
    let used = Memo::new(move |_| key.with(|key| key.last_used_at));
    let used_cell = move || match used.get() {
        Some(at) => view! { <Ago at=Signal::stored(at) /> }.into_any(),
        None => view! { <span class="minor">{t!(i18n, keys.never_used)}</span> }.into_any(),
    };
    let expires = Memo::new(move |_| key.with(|key| key.expires_at));
    let expires_cell = move || match expires.get() {
        Some(at) => {
            let soon = move || state.get() == KeyState::Active && at - clock.now() < SOON;
            let day = move || browser::local_date(at, i18n.get_locale().as_ref());
            let exact = move || browser::local_time(at, i18n.get_locale().as_ref());
            view! {
                <time datetime=at.to_rfc3339() data-tip=exact>
                    {day}
                </time>
                {move || soon().then(|| view! { <span class="key-soon">{t!(i18n, keys.states.soon)}</span> })}
            }
            .into_any()
        }
        None => view! { <span class="minor">{t!(i18n, keys.never)}</span> }.into_any(),
    };
    view! {
        <tr
            role="row"
            data-id=move || key.with(|key| key.id.to_string())
            data-name=move || key.with(|key| key.name.clone())
            data-state=move || state.get().as_str()
        >
            <th role="rowheader" scope="row" data-column="name">
                <span class="strong">{move || key.with(|key| key.name.clone())}</span>
                <code class="minor">{move || key.with(|key| format!("{}…", key.prefix))}</code>
            </th>
            <Cell column="state" label=head(Column::State)>
                {badge}
            </Cell>
            <Cell column="scopes" label=head(Column::Scopes)>
                <span class="scopes">{scopes}</span>
            </Cell>
            <Cell column="groups" label=head(Column::Groups)>
                <GroupsOfKey key groups />
            </Cell>
            <Cell column="limits" label=head(Column::Limits)>
                <span class="key-limits">{limits}</span>
            </Cell>
            <Cell column="used" label=head(Column::Used)>
                {used_cell}
            </Cell>
            <Cell column="expires" label=head(Column::Expires)>
                {expires_cell}
            </Cell>
            <Cell column="created" label=head(Column::Created)>
                <Ago at=Signal::derive(move || key.with(|key| key.created_at)) />
            </Cell>
            <Cell column="actions" label=Signal::derive(String::new)>
                // One that has expired can be prolonged, one that is revoked stays so.
                <Show when=move || state.get() != KeyState::Revoked>
                    <IconButton
                        icon=Icon::Pencil
                        label=change_label
                        action="change"
                        on_click=move |()| on_change.run(key.get_untracked())
                    />
                </Show>
                <Show when=move || state.get() == KeyState::Active>
                    <Revoke key on_revoked />
                </Show>
            </Cell>
        </tr>
    }
}

/// What a key may do, each as a word that says what it means.
#[component]
pub fn ScopeChips(scopes: Vec<ApiKeyScope>) -> impl IntoView {
    let i18n = use_i18n();
    let chip = |scope: ApiKeyScope| {
        view! {
            <span class="scope" data-tip=move || scope_words(i18n, scope)>
                {scope.as_str()}
            </span>
        }
    };
    scopes.into_iter().map(chip).collect_view()
}

#[component]
fn GroupsOfKey(key: Signal<ApiKey>, groups: GroupNames) -> impl IntoView {
    let i18n = use_i18n();
    let ids = Memo::new(move |_| key.with(|key| key.group_ids.clone()));
    let asks = Memo::new(move |_| key.with(|key| key.scopes.contains(&ApiKeyScope::Gateway)));
    let names = move || {
        let ids = ids.get()?;
        let known = groups.value();
        let name = |id| match &known {
            Some(known) => known.iter().find(|(other, _)| *other == id).map_or_else(
                || t_string!(i18n, keys.gone_group).to_owned(),
                |(_, name)| name.clone(),
            ),
            None => String::new(),
        };
        Some(ids.into_iter().map(name).collect::<Vec<String>>())
    };
    let text = move || match names() {
        _ if !asks.get() => t_string!(i18n, keys.no_groups).to_owned(),
        None => t_string!(i18n, keys.all_groups).to_owned(),
        Some(names) if names.len() > NAMED + 1 => {
            let more = names.len() - NAMED;
            let shown = names[..NAMED].join(", ");
            format!("{shown} {}", t_string!(i18n, keys.more_groups, more))
        }
        Some(names) => names.join(", "),
    };
    let whole = move || names().map(|names| names.join(", "));
    view! { <span class="key-groups" data-tip=whole>{text}</span> }
}

/// The button that revokes, after a question.
#[component]
fn Revoke(key: Signal<ApiKey>, on_revoked: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let confirm = use_confirm();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let label = Signal::derive(move || {
        let name = key.with(|key| key.name.clone());
        t_string!(i18n, keys.revoke_key, name)
    });
    let revoke = move |()| {
        if busy.get_untracked() {
            return;
        }
        let ApiKey {
            id,
            name,
            last_used_at,
            ..
        } = key.get_untracked();
        let body = move || {
            let used = move || match last_used_at {
                Some(at) => {
                    let age = words::age(i18n, Age::between(at, browser::now()));
                    let ago = t_string!(i18n, age.ago, age);
                    t_string!(i18n, keys.revoking.used, ago)
                }
                None => t_string!(i18n, keys.revoking.unused).to_owned(),
            };
            view! {
                <p>{t!(i18n, keys.revoking.text)}</p>
                <p data-part="last-used">{used}</p>
            }
        };
        let question = untrack(|| {
            let title = t_string!(i18n, keys.revoking.title, name = name.clone());
            Question::new(title, t_string!(i18n, keys.revoking.confirm))
        });
        let question = question.body(body).danger();
        spawn_local(async move {
            if !confirm.ask(question).await {
                return;
            }
            busy.try_set(true);
            let result = api.revoke_api_key(id).await;
            // Said once, in the language of that moment.
            untrack(|| match result {
                Ok(()) => toasts.success(t_string!(i18n, keys.revoking.done, name)),
                Err(error) => {
                    let why = words::error(i18n, &error);
                    toasts.failure(t_string!(i18n, keys.revoking.failed, name, why));
                }
            });
            busy.try_set(false);
            on_revoked.try_run(());
        });
    };
    view! { <IconButton icon=Icon::Trash label action="revoke" on_click=revoke disabled=busy /> }
}

/// What a key of this scope may do.
pub fn scope_words(i18n: words::Words, scope: ApiKeyScope) -> &'static str {
    match scope {
        ApiKeyScope::Gateway => t_string!(i18n, keys.scope.gateway),
        ApiKeyScope::GroupsRead => t_string!(i18n, keys.scope.groups_read),
        ApiKeyScope::ManageRead => t_string!(i18n, keys.scope.manage_read),
        ApiKeyScope::ManageWrite => t_string!(i18n, keys.scope.manage_write),
    }
}
