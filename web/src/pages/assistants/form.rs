//! The form of one assistant: `/assistants/new` and `/assistants/:id`. Who may not change it reads it.

mod choices;
mod reading;

use std::collections::HashSet;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};
use serde_json::Value;
use understudy_shared::{Assistant, AssistantId, ModelGroupId, ResourceKind, Role};

use super::PATH;
use super::delete::use_delete;
use super::parameters::patch;
use super::values::{Draft, ORDER, field_of, fields};
use crate::api::{ApiError, use_api};
use crate::components::badge::Tone;
use crate::components::conflict::{ConflictDialog, FieldValue};
use crate::components::editing::{About, Done, Editing};
use crate::components::form::{
    Combobox, ErrorSummary, FormErrors, KeyValueEditor, NumberField, Segmented, TextArea, TextField,
};
use crate::components::form_page::{FormPage, FormSection};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::{ErrorNotice, Notice};
use crate::components::suggested_name::suggest_name;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n};
use crate::load::Load;
use crate::merge::Fields;
use crate::pages::{in_place, use_title};
use crate::session::use_session;
use choices::{group_choices, label, segments, value_in_words};
use reading::{ReadOnly, UseCard};

/// A new assistant, with the group that `?group_id=` names.
#[component]
pub fn NewAssistantPage() -> impl IntoView {
    let query = use_query_map();
    let group = query.with_untracked(|query| query.get("group_id")?.parse::<ModelGroupId>().ok());
    view! { <AssistantForm assistant=None group /> }
}

/// An assistant that is saved.
#[component]
pub fn AssistantPage() -> impl IntoView {
    let params = use_params_map();
    let id =
        Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AssistantId>().ok()));
    move || match id.get() {
        Some(id) => view! { <Saved id /> }.into_any(),
        None => view! { <Missing /> }.into_any(),
    }
}

#[component]
fn Saved(id: AssistantId) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let loaded = RwSignal::new(None::<Result<Assistant, ApiError>>);
    let load = move |()| {
        loaded.set(None);
        spawn_local(async move {
            let assistant = api.get_assistant(id).await;
            loaded.try_set(Some(assistant));
        });
    };
    load(());
    move || match loaded.get() {
        None => view! {
            <h1 class="unseen">{t!(i18n, assistants.one)}</h1>
            <div class="form-page form-skeleton" aria-hidden="true">
                <div class="card"></div>
                <div class="card"></div>
            </div>
        }
        .into_any(),
        Some(Ok(assistant)) if assistant.editable => {
            view! { <AssistantForm assistant=Some(assistant) group=None /> }.into_any()
        }
        Some(Ok(assistant)) => view! { <ReadOnly assistant /> }.into_any(),
        Some(Err(error)) if error.is_gone() => view! { <Missing /> }.into_any(),
        Some(Err(error)) => {
            use_title(move || t_string!(i18n, assistants.one));
            view! {
                <h1 class="unseen">{t!(i18n, assistants.one)}</h1>
                <ErrorNotice error retry=Callback::new(load) />
            }
            .into_any()
        }
    }
}

#[component]
fn Missing() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, assistants.missing));
    view! {
        <div class="narrow card card-body" id="assistant-missing">
            <h1>{t!(i18n, assistants.missing)}</h1>
            <p class="sub">{t!(i18n, assistants.missing_hint)}</p>
            <p class="actions">
                <A href=PATH attr:class="button primary">{t!(i18n, assistants.back)}</A>
            </p>
        </div>
    }
}

#[component]
fn AssistantForm(
    /// What is saved; none for a new one.
    assistant: Option<Assistant>,
    /// The group to begin with.
    group: Option<ModelGroupId>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let session = use_session();
    let navigate = StoredValue::new_local(use_navigate());
    let is_new = assistant.is_none();
    let draft = Draft::new(assistant.as_ref());
    if let Some(group) = group {
        draft.group.set(group.to_string());
    }
    let before = StoredValue::new(untrack(|| draft.fields()));
    let groups = Load::live(&[ResourceKind::ModelGroup], move || api.all_model_groups());
    let reload = Callback::new(move |()| groups.refresh());
    let groups_empty = Signal::derive(move || {
        if groups.with(|_| ()).is_some() {
            t_string!(i18n, assistants.field.group_empty)
        } else {
            t_string!(i18n, assistants.field.group_loading)
        }
        .to_owned()
    });
    let saved = RwSignal::new(assistant);
    let follows = suggest_name(
        draft.title,
        draft.name,
        Signal::stored(is_new),
        Signal::stored(HashSet::new()),
    );
    let name_hint = Signal::derive(move || {
        if follows.get() && !draft.name.with(String::is_empty) {
            t_string!(i18n, assistants.field.name_suggested)
        } else {
            t_string!(i18n, assistants.field.name_hint)
        }
        .to_owned()
    });
    let gone = RwSignal::new(false);
    let lost = RwSignal::new(false);
    let dirty = Memo::new(move |_| {
        let base = saved.with(|saved| match saved {
            Some(assistant) => fields(assistant),
            None => before.get_value(),
        });
        !gone.get() && draft.fields() != base
    });
    let errors = FormErrors::new(move || draft.faults());
    let title = Signal::derive(move || {
        saved.with(|saved| match saved {
            Some(assistant) => assistant.title.clone(),
            None => t_string!(i18n, assistants.new).to_owned(),
        })
    });
    use_title(move || title.get());
    let editing = Editing::new(
        saved,
        About {
            fields,
            version: |assistant: &Assistant| assistant.version,
            order: &ORDER,
        },
        move |old: Assistant| async move { api.get_assistant(old.id).await },
        move |old: Assistant, version, mut changes: Fields| async move {
            // A merge patch goes into objects: what is gone has to be named.
            if let Some(Value::Object(new)) = changes.get("parameters") {
                let parameters = patch(&old.parameters, new);
                changes.insert("parameters".to_owned(), parameters.into());
            }
            api.update_assistant(old.id, version, &changes).await
        },
        move |done: Done<Assistant>| match done {
            Done::Saved(assistant, sent) => {
                let name = assistant.title.clone();
                toasts.success(tu_string!(i18n, assistants.saved, name));
                if untrack(|| draft.fields()) == sent {
                    draft.fill(&fields(&assistant));
                }
                errors.clear();
            }
            Done::Unchanged => toasts.success(tu_string!(i18n, assistants.unchanged)),
            Done::Rebased(fields) => draft.fill(&fields),
            Done::Kept => toasts.success(tu_string!(i18n, assistants.kept)),
            Done::Refused(error) => errors.refuse(error, field_of),
            Done::Gone => lost.set(true),
        },
    );
    let create = move || {
        let Some(body) = untrack(|| draft.create()) else {
            return;
        };
        editing.busy.set(true);
        spawn_local(async move {
            match api.create_assistant(&body).await {
                Ok(assistant) => {
                    let name = assistant.title.clone();
                    toasts.success(tu_string!(i18n, assistants.created, name));
                    gone.try_set(true);
                    navigate.with_value(|navigate| {
                        navigate(&format!("{PATH}/{}", assistant.id), in_place());
                    });
                }
                Err(error) => errors.refuse(error, field_of),
            }
            editing.busy.try_set(false);
        });
    };
    let save = move |()| {
        if !errors.pass() || editing.busy.get_untracked() {
            return;
        }
        if is_new {
            create();
        } else {
            editing.save(untrack(|| draft.fields()), Fields::new());
        }
    };
    let (delete, deleting) = use_delete(move |()| {
        gone.set(true);
        navigate.with_value(|navigate| navigate(PATH, NavigateOptions::default()));
    });
    let more = move || {
        (!is_new).then(|| {
            view! {
                <button
                    type="button"
                    class="button quiet"
                    data-action="delete"
                    aria-disabled=move || deleting.get().to_string()
                    on:click=move |_| {
                        if let Some(assistant) = saved.get_untracked() {
                            delete.run(assistant);
                        }
                    }
                >
                    <Glyph icon=Icon::Trash />
                    {t!(i18n, assistants.delete.button)}
                </button>
            }
        })
    };
    let lost_notice = move || {
        lost.get().then(|| {
            view! {
                <Notice tone=Tone::Bad title=t_signal!(i18n, assistants.missing)>
                    <p>{t!(i18n, assistants.missing_hint)}</p>
                </Notice>
            }
        })
    };
    let may_share = session
        .user_untracked()
        .is_some_and(|user| user.role >= Role::Operator);
    let save_label = Signal::derive(move || {
        if is_new {
            t_string!(i18n, assistants.create)
        } else {
            t_string!(i18n, assistants.save)
        }
        .to_owned()
    });
    view! {
        <div
            id="assistant"
            on:input=move |event| errors.on_input(&event)
            on:focusout=move |event| errors.on_left(&event)
        >
            <FormPage
                id="assistant-form"
                parent=PATH
                parent_title=t_signal!(i18n, assistants.title)
                title
                dirty
                busy=editing.busy
                save_label
                on_save=save
                errors=move || view! { {lost_notice} <ErrorSummary errors /> }
                more=more
                side=move || view! { <UseCard saved /> }
            >
                <FormSection id="what" title=t_signal!(i18n, assistants.sections.what)>
                    <div class="form-row">
                        <TextField
                            id="title"
                            label=t_signal!(i18n, assistants.field.title)
                            hint=t_signal!(i18n, assistants.field.title_hint)
                            placeholder=t_signal!(i18n, assistants.field.title_example)
                            value=draft.title
                            error=errors.at("title")
                        />
                        <TextField
                            id="name"
                            label=t_signal!(i18n, assistants.field.name)
                            hint=name_hint
                            value=draft.name
                            error=errors.at("name")
                            required=true
                            code=true
                        />
                    </div>
                    <TextArea
                        id="description"
                        label=t_signal!(i18n, assistants.field.description)
                        hint=t_signal!(i18n, assistants.field.description_hint)
                        value=draft.description
                        rows=2
                        error=errors.at("description")
                    />
                </FormSection>
                <FormSection id="how" title=t_signal!(i18n, assistants.sections.how)>
                    <Combobox
                        id="group"
                        label=t_signal!(i18n, assistants.field.group)
                        hint=t_signal!(i18n, assistants.field.group_hint)
                        value=draft.group
                        choices=group_choices(groups, saved)
                        empty=groups_empty
                        error=errors.at("group")
                    />
                    {move || groups.error().map(|error| view! { <ErrorNotice error retry=reload /> })}
                    <TextArea
                        id="system-prompt"
                        label=t_signal!(i18n, assistants.field.prompt)
                        hint=t_signal!(i18n, assistants.field.prompt_hint)
                        placeholder=t_signal!(i18n, assistants.field.prompt_example)
                        value=draft.prompt
                        rows=8
                        error=errors.at("system-prompt")
                    />
                </FormSection>
                <FormSection
                    id="parameters-section"
                    title=t_signal!(i18n, assistants.sections.parameters)
                    hint=t_signal!(i18n, assistants.sections.parameters_hint)
                >
                    <div class="form-row form-row-3">
                        <NumberField
                            id="temperature"
                            label=t_signal!(i18n, assistants.field.temperature)
                            hint=t_signal!(i18n, assistants.field.temperature_hint)
                            value=draft.usual[0]
                            unset=t_signal!(i18n, assistants.field.unset)
                            decimals=2
                            error=errors.at("temperature")
                        />
                        <NumberField
                            id="top-p"
                            label=t_signal!(i18n, assistants.field.top_p)
                            hint=t_signal!(i18n, assistants.field.top_p_hint)
                            value=draft.usual[1]
                            unset=t_signal!(i18n, assistants.field.unset)
                            decimals=2
                            error=errors.at("top-p")
                        />
                        <NumberField
                            id="max-tokens"
                            label=t_signal!(i18n, assistants.field.max_tokens)
                            hint=t_signal!(i18n, assistants.field.max_tokens_hint)
                            value=draft.usual[2]
                            unset=t_signal!(i18n, assistants.field.unset)
                            error=errors.at("max-tokens")
                        />
                    </div>
                    <KeyValueEditor
                        id="parameters"
                        label=t_signal!(i18n, assistants.field.others)
                        hint=t_signal!(i18n, assistants.field.others_hint)
                        pairs=draft.others
                        example=("seed", "7")
                        errors
                    />
                </FormSection>
                <FormSection id="who" title=t_signal!(i18n, assistants.sections.who)>
                    {if may_share {
                        view! {
                            <Segmented
                                id="visibility"
                                label=t_signal!(i18n, assistants.field.visibility)
                                bare=true
                                value=draft.visibility
                                segments=segments(i18n)
                                error=errors.at("visibility")
                            />
                        }
                        .into_any()
                    } else {
                        view! {
                            <p class="hint assistant-private" id="visibility">
                                <Glyph icon=Icon::Lock />
                                {t!(i18n, assistants.field.only_operators)}
                            </p>
                        }
                        .into_any()
                    }}
                </FormSection>
            </FormPage>
        </div>
        <ConflictDialog
            conflict=editing.conflict
            label=move |field: String| label(i18n, &field)
            words=move |value: FieldValue| {
                let known = groups.with(|groups| value_in_words(i18n, &value, groups));
                known.unwrap_or_else(|| value_in_words(i18n, &value, &[]))
            }
            on_resolve=move |resolution| {
                editing.resolve(resolution, untrack(|| draft.fields()));
            }
        />
    }
}
