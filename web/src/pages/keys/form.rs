//! Making a key: the dialog with the form, and then with the key.
//!
//! What was typed survives closing the dialog by mistake; the key does not survive it on purpose.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{
    ApiKeyLimits, ApiKeyScope, CreateApiKey, CreatedApiKey, ModelGroupId, ProblemCode, Role,
};

use super::GroupNames;
use super::made::Made;
use super::row::scope_words;
use crate::api::{ApiError, use_api};
use crate::browser;
use crate::components::form::errors::Fault;
use crate::components::form::{ErrorSummary, FormErrors, Place, Select, SelectOption, TextField};
use crate::components::modal::Modal;
use crate::i18n::{t, t_string, use_i18n};
use crate::session::use_session;

/// More groups than this are looked for by typing.
const SEARCHED: usize = 8;
/// The choice of a day of one's own.
const DATE: &str = "date";

/// What is typed.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    scopes: RwSignal<Vec<ApiKeyScope>>,
    limited: RwSignal<bool>,
    groups: RwSignal<Vec<ModelGroupId>>,
    expires: RwSignal<String>,
    until: RwSignal<String>,
}

impl Draft {
    fn new() -> Self {
        Self {
            name: RwSignal::new(String::new()),
            scopes: RwSignal::new(vec![ApiKeyScope::Gateway]),
            limited: RwSignal::new(false),
            groups: RwSignal::new(Vec::new()),
            expires: RwSignal::new("365".to_owned()),
            until: RwSignal::new(String::new()),
        }
    }

    fn clear(self) {
        let new = Self::new();
        self.name.set(new.name.get_untracked());
        self.scopes.set(new.scopes.get_untracked());
        self.limited.set(false);
        self.groups.set(Vec::new());
        self.expires.set(new.expires.get_untracked());
        self.until.set(String::new());
    }

    /// What is asked of the service; tracked.
    fn request(self, now: DateTime<Utc>) -> CreateApiKey {
        let scopes = self.scopes.get();
        let limited = self.limited.get() && scopes.contains(&ApiKeyScope::Gateway);
        let expires = self.expires.get();
        CreateApiKey {
            name: self.name.with(|name| name.trim().to_owned()),
            scopes,
            group_ids: limited.then(|| self.groups.get()),
            limits: ApiKeyLimits::default(),
            expires_at: if expires == DATE {
                self.until.with(|day| browser::end_of_day(day))
            } else {
                days(&expires).map(|days| now + days)
            },
        }
    }

    /// The faults that the form finds by itself; tracked.
    fn faults(self) -> Vec<Place> {
        let now = browser::now();
        let request = self.request(now);
        let mut places: Vec<Place> = request
            .faults(now)
            .into_iter()
            .map(|error| Place {
                id: field_of(&error.pointer),
                fault: Fault::Rule(error),
            })
            .collect();
        if self.expires.get() == DATE && request.expires_at.is_none() {
            places.push(Place {
                id: Some("key-until".to_owned()),
                fault: Fault::Required,
            });
        }
        places
    }
}

/// A number of days among the choices.
fn days(choice: &str) -> Option<TimeDelta> {
    choice.parse().ok().and_then(TimeDelta::try_days)
}

/// The field of a pointer.
fn field_of(pointer: &str) -> Option<String> {
    let field = pointer.split('/').nth(1)?;
    let id = match field {
        "name" => "key-name",
        "scopes" => "key-scopes",
        "group_ids" => "key-groups",
        "expires_at" => "key-until",
        _ => return None,
    };
    Some(id.to_owned())
}

/// The dialog.
#[component]
pub fn NewKey(
    /// Whether it is open, both ways.
    open: RwSignal<bool>,
    /// Names of the groups.
    groups: GroupNames,
    /// Called when a key was made.
    #[prop(into)]
    on_made: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let draft = Draft::new();
    let made = RwSignal::new(None::<CreatedApiKey>);
    let sending = RwSignal::new(false);
    let stored = RwSignal::new(false);
    // A key that nobody has kept is lost when the dialog closes, so it does not close by a slip.
    let busy = Signal::derive(move || sending.get() || made.with(Option::is_some) && !stored.get());
    let title = Signal::derive(move || {
        made.with(|made| match made {
            Some(key) => t_string!(i18n, keys.made.title, name = key.name.clone()),
            None => t_string!(i18n, keys.form.title).to_owned(),
        })
    });
    let on_close = move |()| {
        made.set(None);
        stored.set(false);
    };
    let is_made = Memo::new(move |_| made.with(Option::is_some));
    view! {
        <Modal id="new-key" open title busy wide=true on_close>
            {move || {
                if is_made.get() {
                    view! { <Made made stored groups on_done=move |()| open.set(false) /> }.into_any()
                } else {
                    view! { <KeyForm draft made sending groups open on_made /> }.into_any()
                }
            }}
        </Modal>
    }
}

#[component]
fn KeyForm(
    draft: Draft,
    made: RwSignal<Option<CreatedApiKey>>,
    sending: RwSignal<bool>,
    groups: GroupNames,
    open: RwSignal<bool>,
    on_made: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let errors = FormErrors::new(move || draft.faults());
    let forbidden = RwSignal::new(false);
    Effect::new(move || {
        draft.scopes.track();
        forbidden.set(false);
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if sending.get_untracked() || !errors.pass() {
            return;
        }
        sending.set(true);
        let request = untrack(|| draft.request(browser::now()));
        spawn_local(async move {
            let answer = api.create_api_key(&request).await;
            sending.set(false);
            match answer {
                Ok(key) => {
                    draft.clear();
                    made.set(Some(key));
                    on_made.run(());
                }
                Err(error) if is_forbidden(&error) => forbidden.set(true),
                Err(error) => errors.refuse(error, field_of),
            }
        });
    };
    let scopes_error = Signal::derive(move || {
        forbidden
            .get()
            .then(|| t_string!(i18n, keys.form.forbidden).to_owned())
    });
    let cancel = move |_| {
        draft.clear();
        open.set(false);
    };
    view! {
        <form
            id="key-form"
            class="modal-form"
            novalidate
            on:submit=submit
            on:input=move |event| errors.on_input(&event)
            on:focusout=move |event| errors.on_left(&event)
        >
            <div class="modal-body key-form">
                <ErrorSummary errors />
                <TextField
                    id="key-name"
                    label=Signal::derive(move || t_string!(i18n, keys.form.name).to_owned())
                    hint=Signal::derive(move || t_string!(i18n, keys.form.name_hint).to_owned())
                    placeholder=Signal::derive(move || Some(t_string!(i18n, keys.form.name_example).to_owned()))
                    value=draft.name
                    required=true
                    error=errors.at("key-name")
                />
                <Scopes draft refused=scopes_error found=errors.at("key-scopes") />
                <Show when=move || draft.scopes.with(|scopes| scopes.contains(&ApiKeyScope::Gateway))>
                    <Groups draft groups error=errors.at("key-groups") />
                </Show>
                <Expiry draft error=errors.at("key-until") />
            </div>
            <footer class="modal-foot">
                <button type="button" class="button" data-action="cancel" on:click=cancel>
                    {t!(i18n, keys.form.cancel)}
                </button>
                <button
                    type="submit"
                    class="button primary"
                    aria-disabled=move || sending.get().to_string()
                >
                    {move || {
                        if sending.get() {
                            t_string!(i18n, keys.form.busy)
                        } else {
                            t_string!(i18n, keys.form.submit)
                        }
                    }}
                </button>
            </footer>
        </form>
    }
}

fn is_forbidden(error: &ApiError) -> bool {
    error
        .problem()
        .is_some_and(|problem| problem.code == ProblemCode::Forbidden)
}

/// What the key may do, each with what that means.
#[component]
fn Scopes(
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
fn may_give(role: Role, scope: ApiKeyScope) -> bool {
    scope == ApiKeyScope::Gateway || role >= Role::Operator
}

fn choose<T: PartialEq + Send + Sync + 'static>(list: RwSignal<Vec<T>>, item: T, chosen: bool) {
    list.update(|list| {
        list.retain(|other| *other != item);
        if chosen {
            list.push(item);
        }
    });
}

/// Which groups the key may ask.
#[component]
fn Groups(draft: Draft, groups: GroupNames, error: Signal<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    let search = RwSignal::new(String::new());
    let many = Memo::new(move |_| groups.with(Vec::len).unwrap_or_default() > SEARCHED);
    let found = Memo::new(move |_| {
        let wanted = search.with(|search| search.trim().to_lowercase());
        let all = groups.value().unwrap_or_default();
        all.into_iter()
            .filter(|(_, name)| name.to_lowercase().contains(&wanted))
            .collect::<Vec<_>>()
    });
    let radio = move |limited: bool| {
        let value = if limited { "some" } else { "all" };
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="key-groups"
                    value=value
                    prop:checked=move || draft.limited.get() == limited
                    on:change=move |_| draft.limited.set(limited)
                />
                {move || {
                    if limited {
                        t_string!(i18n, keys.form.groups_some)
                    } else {
                        t_string!(i18n, keys.form.groups_all)
                    }
                }}
            </label>
        }
    };
    let empty = move || {
        let nothing = groups.with(Vec::is_empty);
        match (nothing, groups.error()) {
            (Some(true), _) => Some(t_string!(i18n, keys.form.groups_none)),
            (None, Some(_)) => Some(t_string!(i18n, keys.form.groups_failed)),
            _ => None,
        }
    };
    view! {
        <fieldset id="key-groups" class="options" tabindex="-1" aria-describedby="key-groups-error">
            <legend>{t!(i18n, keys.form.groups)}</legend>
            <div class="radios">{radio(false)} {radio(true)}</div>
            <Show when=move || draft.limited.get()>
                <div class="picks">
                    <Show when=move || many.get()>
                        <input
                            type="search"
                            class="input"
                            autocomplete="off"
                            aria-label=move || t_string!(i18n, keys.form.groups_search)
                            placeholder=move || t_string!(i18n, keys.form.groups_search)
                            prop:value=search
                            on:input:target=move |event| search.set(event.target().value())
                        />
                    </Show>
                    <div class="picks-list">
                        <For each=move || found.get() key=|(id, _)| *id let((id, name))>
                            <label class="check" data-group=name.clone()>
                                <input
                                    type="checkbox"
                                    prop:checked=move || draft.groups.with(|chosen| chosen.contains(&id))
                                    on:change:target=move |event| choose(
                                        draft.groups,
                                        id,
                                        event.target().checked(),
                                    )
                                />
                                <code>{name.clone()}</code>
                            </label>
                        </For>
                        {move || empty().map(|text| view! { <p class="minor">{text}</p> })}
                    </div>
                </div>
            </Show>
            <p class="field-error" id="key-groups-error" role="status">{error}</p>
        </fieldset>
    }
}

/// How long the key is valid.
#[component]
fn Expiry(draft: Draft, error: Signal<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    let option = |value: &'static str, label: Signal<String>| SelectOption { value, label };
    let in_days =
        move |days: &'static str| Signal::derive(move || t_string!(i18n, keys.form.days, days));
    let options = vec![
        option("30", in_days("30")),
        option("90", in_days("90")),
        option(
            "365",
            Signal::derive(move || t_string!(i18n, keys.form.year).to_owned()),
        ),
        option(
            DATE,
            Signal::derive(move || t_string!(i18n, keys.form.date).to_owned()),
        ),
        option(
            "never",
            Signal::derive(move || t_string!(i18n, keys.form.never).to_owned()),
        ),
    ];
    let hint = Signal::derive(move || {
        let request = draft.request(browser::now());
        match request.expires_at {
            Some(at) => {
                let at = browser::local_date(at, i18n.get_locale().as_ref());
                t_string!(i18n, keys.form.ends, at)
            }
            None if draft.expires.get() == DATE => String::new(),
            None => t_string!(i18n, keys.form.never_hint).to_owned(),
        }
    });
    let by_date = Memo::new(move |_| draft.expires.with(|expires| expires == DATE));
    view! {
        <div class="key-expiry">
            <Select
                id="key-expires"
                label=Signal::derive(move || t_string!(i18n, keys.form.expires).to_owned())
                value=draft.expires
                options
                hint
            />
            <Show when=move || by_date.get()>
                <div class="field">
                    <label for="key-until">{t!(i18n, keys.form.until)}</label>
                    <input
                        id="key-until"
                        class="input"
                        type="date"
                        lang=move || i18n.get_locale().to_string()
                        aria-invalid=move || error.with(Option::is_some).then_some("true")
                        aria-describedby="key-until-error"
                        prop:value=draft.until
                        on:input:target=move |event| draft.until.set(event.target().value())
                    />
                    <p class="field-error" id="key-until-error">{error}</p>
                </div>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pointer_has_its_field() {
        for (pointer, id) in [
            ("/name", "key-name"),
            ("/scopes/0", "key-scopes"),
            ("/group_ids", "key-groups"),
            ("/expires_at", "key-until"),
        ] {
            assert_eq!(field_of(pointer).as_deref(), Some(id));
        }
        assert_eq!(field_of("/limits/max_concurrency"), None);
        assert_eq!(field_of(""), None);
    }

    #[test]
    fn people_give_no_more_than_they_have() {
        for scope in ApiKeyScope::ALL {
            assert!(may_give(Role::Operator, scope));
            assert_eq!(may_give(Role::User, scope), scope == ApiKeyScope::Gateway);
        }
    }

    #[test]
    fn only_numbers_are_days() {
        assert_eq!(days("30"), Some(TimeDelta::days(30)));
        assert_eq!(days("never"), None);
        assert_eq!(days(DATE), None);
    }
}
