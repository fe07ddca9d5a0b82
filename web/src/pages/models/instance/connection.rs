//! The first half of the form: where the model runs, how it is reached, which one it is, and what the instance is called.

use leptos::prelude::*;
use understudy_shared::InstanceKind;

use super::address_fields::{PartFields, UrlField};
use super::checker::Checker;
use super::fit::FitSection;
use super::form::Form;
use super::found::FindServers;
use super::secret_lists::{Headers, Proxies, ReenterNotice, Secrets, Tokens};
use crate::age::Age;
use crate::clock::use_clock;
use crate::components::form::{
    Choice, Combobox, Folded, FormErrors, Segment, Segmented, Select, SelectOption, Switch,
    TextField,
};
use crate::components::form_page::FormSection;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_signal, t_string, use_i18n, words};

/// «Где работает модель»
#[component]
pub fn KindSection(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let segments = vec![
        Segment {
            value: InstanceKind::Local.as_str(),
            icon: Some(Icon::Chip),
            title: t_signal!(i18n, instance.kind.local),
            text: t_signal!(i18n, instance.kind.local_text),
        },
        Segment {
            value: InstanceKind::Network.as_str(),
            icon: Some(Icon::Network),
            title: t_signal!(i18n, instance.kind.network),
            text: t_signal!(i18n, instance.kind.network_text),
        },
        Segment {
            value: InstanceKind::Cloud.as_str(),
            icon: Some(Icon::Cloud),
            title: t_signal!(i18n, instance.kind.cloud),
            text: t_signal!(i18n, instance.kind.cloud_text),
        },
    ];
    Effect::new(move |before: Option<InstanceKind>| {
        let now = form.kind();
        if let Some(before) = before.filter(|before| *before != now) {
            form.follow_kind(before);
        }
        now
    });
    view! {
        <FormSection
            id="kind-section"
            title=t_signal!(i18n, instance.kind.title)
            hint=t_signal!(i18n, instance.kind.hint)
        >
            <Segmented
                id="kind"
                label=t_signal!(i18n, instance.kind.title)
                value=form.kind
                segments
                error=errors.at("kind")
                bare=true
            />
        </FormSection>
    }
}

/// «Подключение»: address, credentials, proxies.
#[component]
pub fn ConnectionSection(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// What it knows of secrets.
    secrets: Secrets,
    /// The check, which learns the models of what is found.
    checker: Checker,
    /// Whether the instance is being made.
    is_new: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let is_local = Memo::new(move |_| form.kind() == InstanceKind::Local);
    let is_cloud = Memo::new(move |_| form.kind() == InstanceKind::Cloud);
    let address = move || {
        if is_cloud.get() {
            view! { <UrlField form errors /> }.into_any()
        } else {
            view! { <PartFields form errors /> }.into_any()
        }
    };
    let access = move || {
        if is_cloud.get() {
            view! {
                <Tokens secrets />
                <Access form errors secrets with_tokens=false />
            }
            .into_any()
        } else {
            view! { <Access form errors secrets with_tokens=true /> }.into_any()
        }
    };
    view! {
        <FormSection
            id="connection-section"
            title=t_signal!(i18n, instance.connection.title)
            hint=t_signal!(i18n, instance.connection.hint)
        >
            <Show when=move || is_new && is_local.get()>
                <FindServers form checker />
            </Show>
            {address}
            <ReenterNotice secrets />
            {access}
        </FormSection>
        <Show when=move || is_cloud.get()>
            <FormSection
                id="proxies-section"
                title=t_signal!(i18n, instance.proxies.title)
                hint=t_signal!(i18n, instance.proxies.hint)
            >
                <Proxies secrets />
            </FormSection>
        </Show>
    }
}

/// What an instance at hand seldom needs: tokens, headers, proxies; and of a cloud one, where its token goes.
#[component]
fn Access(form: Form, errors: FormErrors, secrets: Secrets, with_tokens: bool) -> impl IntoView {
    let i18n = use_i18n();
    let tokens = move || form.tokens.with(Vec::len);
    let headers = move || form.headers.with(Vec::len);
    let proxies = move || form.proxies.with(Vec::len);
    let auth = move || form.auth.get();
    let changed = Signal::derive(move || {
        headers() > 0 || auth() != "bearer" || (with_tokens && tokens() + proxies() > 0)
    });
    let summary = Signal::derive(move || {
        let part = |count: usize, text: String| (count > 0).then_some(text);
        let tokens = part(
            tokens(),
            t_string!(i18n, instance.access.tokens, count = tokens()),
        )
        .filter(|_| with_tokens);
        let headers = part(
            headers(),
            t_string!(i18n, instance.access.headers, count = headers()),
        );
        let proxies = part(
            proxies(),
            t_string!(i18n, instance.access.proxies, count = proxies()),
        )
        .filter(|_| with_tokens);
        let place = match auth().as_str() {
            "none" => Some(t_string!(i18n, instance.auth.none).to_owned()),
            "header" => Some(form.auth_header.get()).filter(|header| !header.is_empty()),
            _ => None,
        };
        let parts: Vec<String> = [place, tokens, headers, proxies]
            .into_iter()
            .flatten()
            .collect();
        if !parts.is_empty() {
            return parts.join(" · ");
        }
        if with_tokens {
            t_string!(i18n, instance.access.nothing).to_owned()
        } else {
            t_string!(i18n, instance.access.usual).to_owned()
        }
    });
    let title = Signal::derive(move || {
        if with_tokens {
            t_string!(i18n, instance.access.title)
        } else {
            t_string!(i18n, instance.access.title_cloud)
        }
        .to_owned()
    });
    let options = vec![
        SelectOption {
            value: "bearer",
            label: t_signal!(i18n, instance.auth.bearer),
        },
        SelectOption {
            value: "header",
            label: t_signal!(i18n, instance.auth.header),
        },
        SelectOption {
            value: "none",
            label: t_signal!(i18n, instance.auth.none),
        },
    ];
    // What is stored is seen at once.
    let open = with_tokens && untrack(|| changed.get());
    view! {
        <Folded id="access" title summary changed open>
            {with_tokens.then(|| view! { <Tokens secrets /> })}
            <div class="field-row">
                <Select
                    id="auth-type"
                    label=t_signal!(i18n, instance.auth.title)
                    value=form.auth
                    options
                    error=errors.at("auth-type")
                />
                <Show when=move || form.auth.with(|auth| auth == "header")>
                    <TextField
                        id="auth-header"
                        label=t_signal!(i18n, instance.auth.header_name)
                        value=form.auth_header
                        placeholder=t_signal!(i18n, instance.auth.example)
                        error=errors.at("auth-header")
                        required=true
                        code=true
                    />
                </Show>
            </div>
            <Headers secrets />
            {with_tokens
                .then(|| {
                    view! {
                        <div class="field">
                            <span class="label">{t!(i18n, instance.proxies.title)}</span>
                            <p class="hint">{t!(i18n, instance.proxies.hint)}</p>
                            <Proxies secrets />
                        </div>
                    }
                })}
        </Folded>
    }
}

/// «Модель и название»
#[component]
pub fn ModelSection(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// The check, which also finds the models.
    checker: Checker,
    /// Whether the instance is being made.
    is_new: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let choices = Signal::derive(move || {
        let models = checker
            .models()
            .map(|(models, _)| models)
            .unwrap_or_default();
        models.into_iter().map(Choice::plain).collect::<Vec<_>>()
    });
    let count = Memo::new(move |_| checker.models().map(|(models, at)| (models.len(), at)));
    let hint = Signal::derive(move || {
        let Some((count, at)) = count.get() else {
            return t_string!(i18n, instance.model.hint).to_owned();
        };
        let age = Age::between(at, clock.now());
        let age = if age.is_now() {
            t_string!(i18n, age.now).to_owned()
        } else {
            t_string!(i18n, age.ago, age = words::age(i18n, age))
        };
        let models = words::models(i18n, u64::try_from(count).unwrap_or_default());
        t_string!(i18n, instance.model.fetched, models, age)
    });
    let empty = Signal::derive(move || t_string!(i18n, instance.model.unfetched).to_owned());
    view! {
        <FormSection id="model-section" title=t_signal!(i18n, instance.model.title)>
            <div class="field-with-button">
                <Combobox
                    id="model"
                    label=t_signal!(i18n, instance.model.label)
                    value=form.model
                    choices
                    free=true
                    code=true
                    hint
                    empty
                    placeholder=Signal::derive(move || t_string!(i18n, instance.model.any).to_owned())
                    error=errors.at("model")
                />
                <button
                    type="button"
                    class="button"
                    data-action="fetch-models"
                    aria-disabled=move || checker.is_running().to_string()
                    on:click=move |_| checker.run()
                >
                    <Glyph icon=Icon::Download />
                    {move || {
                        if checker.is_running() {
                            t_string!(i18n, instance.model.fetching)
                        } else {
                            t_string!(i18n, instance.model.fetch)
                        }
                    }}
                </button>
            </div>
            <TextField
                id="name"
                label=t_signal!(i18n, instance.name.label)
                hint=t_signal!(i18n, instance.name.hint)
                value=form.name
                error=errors.at("name")
                required=true
            />
            {is_new
                .then(|| {
                    view! {
                        <Switch
                            id="enabled"
                            label=t_signal!(i18n, instance.enabled)
                            hint=t_signal!(i18n, instance.enabled_hint)
                            value=form.enabled
                        />
                    }
                })}
            <Show when=move || form.kind() == InstanceKind::Local>
                <FitSection />
            </Show>
        </FormSection>
    }
}
