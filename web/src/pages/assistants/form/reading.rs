//! An assistant for whoever may use it and not change it, and how anybody uses one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use understudy_shared::{ASSISTANT_PREFIX, Assistant};

use crate::components::badge::{Badge, Tone};
use crate::components::copy::CopyButton;
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::Notice;
use crate::components::unsaved::use_unsaved;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::live::use_live;
use crate::pages::assistants::PATH;
use crate::pages::dialogs::start::use_start_dialog;
use crate::pages::dialogs::targets::{Target, now};
use crate::pages::dialogs::words as say;
use crate::pages::use_title;

/// An assistant for whoever may use it and not change it.
#[component]
pub fn ReadOnly(assistant: Assistant) -> impl IntoView {
    let i18n = use_i18n();
    let title = assistant.title.clone();
    let heading = title.clone();
    use_title(move || title.clone());
    let parameters = (!assistant.parameters.is_empty())
        .then(|| serde_json::to_string_pretty(&assistant.parameters).unwrap_or_default());
    let prompt = assistant.system_prompt.clone();
    let about = assistant.description.clone();
    let group = assistant.group.as_ref().map(|group| group.title.clone());
    let owner = assistant.owner.as_ref().map(|owner| owner.name.clone());
    let saved = RwSignal::new(Some(assistant));
    view! {
        <nav class="crumbs" aria-label=move || t_string!(i18n, form_page.crumbs)>
            <A href=PATH>{t!(i18n, assistants.title)}</A>
            <Glyph icon=Icon::ChevronRight />
            <span aria-current="page">{heading.clone()}</span>
        </nav>
        <div class="head form-head">
            <h1 class="head-text">{heading}</h1>
        </div>
        <div class="form-page" id="assistant-read">
            <div class="card card-body">
                <Notice tone=Tone::Idle title=t_signal!(i18n, assistants.read_only)>
                    <p>
                        {move || match &owner {
                            Some(name) => t_string!(i18n, assistants.read_only_of, name = name.clone()),
                            None => t_string!(i18n, assistants.read_only_hint).to_owned(),
                        }}
                    </p>
                </Notice>
                <dl class="assistant-facts">
                    {(!about.is_empty()).then(|| view! {
                        <dt>{t!(i18n, assistants.field.description)}</dt>
                        <dd>{about}</dd>
                    })}
                    <dt>{t!(i18n, assistants.field.group)}</dt>
                    <dd>
                        {move || group.clone().unwrap_or_else(|| t_string!(i18n, assistants.no_group).to_owned())}
                    </dd>
                    {(!prompt.is_empty()).then(|| view! {
                        <dt>{t!(i18n, assistants.field.prompt)}</dt>
                        <dd class="assistant-prompt">{prompt}</dd>
                    })}
                    {parameters.map(|parameters| view! {
                        <dt>{t!(i18n, assistants.field.parameters)}</dt>
                        <dd class="assistant-prompt"><code>{parameters}</code></dd>
                    })}
                </dl>
            </div>
            <aside class="form-side"><UseCard saved /></aside>
        </div>
    }
}

/// How to use it: begin a dialog, or its name for programs.
#[component]
pub fn UseCard(saved: RwSignal<Option<Assistant>>) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live();
    let unsaved = use_unsaved();
    let (start, busy) = use_start_dialog();
    let since = StoredValue::new(crate::browser::now());
    let availability = Memo::new(move |_| {
        let (known, group) = saved.with(|saved| {
            let saved = saved.as_ref()?;
            Some((saved.availability, saved.group_id))
        })?;
        Some(now(live, known, group, Some(since.get_value())))
    });
    let model = Signal::derive(move || {
        saved.with(|saved| {
            let name = saved.as_ref().map(|saved| saved.name.as_str());
            format!("{ASSISTANT_PREFIX}{}", name.unwrap_or_default())
        })
    });
    let begin = move |_| {
        let id = saved.with_untracked(|saved| saved.as_ref().map(|saved| saved.id));
        if let Some(id) = id
            && availability
                .get_untracked()
                .is_some_and(|now| now.is_available())
        {
            // Its own way out passes no link: what is typed here would be gone.
            spawn_local(async move {
                if unsaved.may_leave().await {
                    start.run(Target::Assistant(id));
                }
            });
        }
    };
    let card = move || match availability.get() {
        None => view! { <p class="sub">{t!(i18n, assistants.use_new)}</p> }.into_any(),
        Some(now) => {
            let (tone, icon) = say::look(now);
            view! {
                <p class="assistant-state" data-availability=now.as_str()>
                    <Badge tone icon word=Signal::derive(move || say::availability(i18n, now).to_owned()) />
                </p>
                {move || say::why(i18n, now).map(|why| view! { <p class="minor">{why}</p> })}
                <p class="actions">
                    <button
                        type="button"
                        class="button"
                        data-action="start-dialog"
                        aria-disabled=move || (busy.get() || !now.is_available()).then_some("true")
                        on:click=begin
                    >
                        <Glyph icon=Icon::Chat />
                        {t!(i18n, dialogs.choose.start)}
                    </button>
                </p>
                <p class="label assistant-model-label" id="assistant-model-label">{t!(i18n, assistants.model)}</p>
                <div class="assistant-model">
                    <code id="assistant-model">{model}</code>
                    <CopyButton text=model target="assistant-model" />
                </div>
                <p class="hint">{t!(i18n, assistants.model_hint)}</p>
            }
            .into_any()
        }
    };
    view! {
        <SideCard id="use" title=t_signal!(i18n, assistants.sections.use_it)>
            {card}
        </SideCard>
    }
}
