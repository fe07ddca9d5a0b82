//! «Подключение приложений»: what programs are told so that they ask this service, for everybody who writes or sets up one.

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::ResourceKind;

use super::dialogs::words as say;
use super::start::choice::{GroupChoice, Offer, use_group_choice};
use super::use_title;
use crate::api::use_api;
use crate::browser;
use crate::components::badge::{Badge, Tone};
use crate::components::copy::CopyButton;
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::load::Load;
use crate::snippets::{ASSISTANT, Example, NO_KEY, is_this_machine};

/// The page.
#[component]
pub fn ConnectPage() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    use_title(move || t_string!(i18n, connect.title));
    let groups = Load::live(&[ResourceKind::ModelGroup], move || async move {
        let mut groups = api.all_model_groups().await?;
        groups.retain(|group| group.enabled);
        Ok(groups)
    });
    let choice = use_group_choice(groups);
    let GroupChoice { known, chosen, .. } = choice;
    let model = Signal::derive(move || {
        chosen
            .get()
            .map(|offer| offer.name)
            .unwrap_or_else(|| t_string!(i18n, keys.made.no_model).to_owned())
    });
    let none = move || known.with(|known| known.as_ref().is_some_and(Vec::is_empty));
    let base_url = Signal::derive(|| format!("{}/v1", browser::origin()));
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, connect.title)}</h1>
                <p class="sub">{t!(i18n, connect.lead)}</p>
            </div>
        </div>
        {move || {
            groups
                .error()
                .map(|error| view! { <ErrorNotice error retry=move |()| groups.refresh() /> })
        }}
        <div class="connect" id="connect">
            <section class="card card-body connect-what" aria-labelledby="connect-what">
                <h2 id="connect-what">{t!(i18n, connect.what)}</h2>
                <div class="field">
                    <label for="connect-url">{t!(i18n, connect.url)}</label>
                    <span class="with-button">
                        <input
                            id="connect-url"
                            class="input code"
                            readonly
                            prop:value=base_url
                            on:focus:target=move |event| event.target().select()
                        />
                        <CopyButton text=base_url target="connect-url" />
                    </span>
                    {is_this_machine(&browser::origin())
                        .then(|| view! { <p class="hint" id="connect-here">{t!(i18n, connect.here)}</p> })}
                </div>
                <div class="field">
                    <label for="connect-model">{t!(i18n, connect.model)}</label>
                    <span class="with-button">
                        <select
                            id="connect-model"
                            class="input select"
                            aria-describedby="connect-model-hint"
                            on:change:target=move |event| choice.want_named(&event.target().value())
                        >
                            <For
                                each=move || known.get().unwrap_or_default()
                                key=|offer| (offer.name.clone(), offer.availability)
                                let:offer
                            >
                                <GroupOption offer chosen=model />
                            </For>
                        </select>
                        {move || {
                            chosen
                                .get()
                                .map(|offer| {
                                    let (tone, icon) = say::look(offer.availability);
                                    let word = say::availability(i18n, offer.availability);
                                    view! { <Badge tone icon word=Signal::stored(word.to_owned()) /> }
                                })
                        }}
                    </span>
                    <p class="hint" id="connect-model-hint">
                        {t!(i18n, connect.model_hint)} " "
                        <code>{ASSISTANT}</code>
                    </p>
                </div>
                <div class="field">
                    <span class="label">{t!(i18n, connect.key)}</span>
                    <p>
                        {t!(i18n, connect.key_text)} " " <code>{NO_KEY}</code> ". "
                        <A href="/keys">{t!(i18n, connect.to_keys)}</A>
                    </p>
                </div>
                {move || {
                    none()
                        .then(|| {
                            view! {
                                <Notice tone=Tone::Idle title=t_signal!(i18n, connect.no_groups)>
                                    <p>{t!(i18n, connect.no_groups_hint)}</p>
                                </Notice>
                            }
                        })
                }}
            </section>
            <Snippets model />
        </div>
    }
}

#[component]
fn GroupOption(offer: Offer, chosen: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let Offer {
        name, availability, ..
    } = offer;
    let own = name.clone();
    let text = {
        let name = name.clone();
        move || {
            if availability.is_available() {
                name.clone()
            } else {
                t_string!(i18n, connect.unavailable, name = name.clone())
            }
        }
    };
    view! {
        <option value=name prop:selected=move || chosen.get() == own>
            {text}
        </option>
    }
}

/// The examples, one at a time.
#[component]
fn Snippets(model: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let chosen = RwSignal::new(Example::Curl);
    let text = Signal::derive(move || chosen.get().text(&browser::origin(), NO_KEY, &model.get()));
    let tabs = Example::ALL
        .into_iter()
        .map(|example| {
            view! {
                <label>
                    <input
                        type="radio"
                        name="connect-example"
                        value=example.value()
                        prop:checked=move || chosen.get() == example
                        on:change=move |_| chosen.set(example)
                    />
                    <span>{example.name()}</span>
                </label>
            }
        })
        .collect_view();
    let before = move || {
        chosen.get().install().map(|command| {
            view! {
                <p class="minor">
                    {t!(i18n, connect.install)} " " <code>{command}</code>
                </p>
            }
        })
    };
    let more = move || {
        (chosen.get() == Example::OpenWebUi).then(|| {
            view! {
                <p class="minor" id="connect-webui">
                    {t!(i18n, connect.webui)}
                </p>
            }
        })
    };
    view! {
        <section class="card card-body" aria-labelledby="connect-examples">
            <h2 id="connect-examples">{t!(i18n, connect.examples)}</h2>
            <div class="key-examples">
                <fieldset class="switch connect-tabs" id="connect-tabs">
                    <legend class="unseen">{t!(i18n, connect.program)}</legend>
                    {tabs}
                </fieldset>
                {before}
                <div class="key-example">
                    // It can be scrolled, so it can be focused.
                    <pre
                        id="connect-example"
                        tabindex="0"
                        role="region"
                        aria-label=move || chosen.get().name()
                    >
                        <code>{text}</code>
                    </pre>
                    <CopyButton text target="connect-example" />
                </div>
                {more}
            </div>
        </section>
    }
}
