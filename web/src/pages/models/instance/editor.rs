//! The form of an instance: its parts put together, and saving.

mod actions;
mod following;
mod notices;

use leptos::ev::{Event, FocusEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};
use serde_json::{Map, Value};
use understudy_shared::{
    InstanceStatus, ModelInstance, ModelInstanceId, ProblemCode, ResourceKind, UsedBy,
};

use super::advanced::{
    About, CapabilityFields, CheckFields, LimitFields, ParameterFields, TimeoutFields, TlsFields,
};
use super::check_panel::CheckPanel;
use super::checker::Checker;
use super::connection::{ConnectionSection, KindSection, ModelSection};
use super::draft::Draft;
use super::form::Form;
use super::found::fill;
use super::patch::{difference, unsendable};
use super::secret_lists::Secrets;
use super::state_panel::{HeadState, StatePanel, UsedIn, add_path};
use super::{difference as words_of, field_of, secrets};
use crate::api::{ApiError, use_api};
use crate::components::conflict::{Conflict, ConflictDialog, FieldValue, Resolution};
use crate::components::form::errors::{Fault, Place};
use crate::components::form::{ErrorSummary, FormErrors};
use crate::components::form_page::{FormPage, FormSection};
use crate::components::toast::{Toast, use_toasts};
use crate::i18n::{t_signal, t_string, tu_string, use_i18n};
use crate::live::use_live;
use crate::load::Load;
use crate::merge::differences;
use crate::pages::local_servers::from_path;
use crate::pages::start::{GUIDE, comes_from_guide};
use actions::Actions;
use following::{follow, suggest_name, unknown_status};
use notices::{InUse, Overtaken};

/// The form of a new instance, or of the one that is loaded.
#[component]
pub fn Editor(
    /// The stored instance.
    #[prop(optional_no_strip)]
    stored: Option<Load<ModelInstance>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let go = navigator();
    let is_new = stored.is_none();
    let base = RwSignal::new(stored.and_then(|load| untrack(|| load.value())));
    let form = Form::new();
    if let Some(instance) = base.get_untracked() {
        form.show(&instance);
    }
    let draft = Memo::new(move |_| form.read());
    let errors = {
        let no_null = t_signal!(i18n, instance.parameters.no_null);
        FormErrors::new(move || {
            base.with(|base| draft.with(|draft| faults(draft, base.as_ref(), no_null)))
        })
    };
    let dirty = Memo::new(move |_| {
        form.baseline.with(|before| {
            draft.with(|now| before != now && (before.json() != now.json() || now.json().is_none()))
        })
    });
    let moved = Memo::new(move |_| {
        base.with(|base| {
            draft.with(|draft| base.as_ref().and_then(|base| secrets::moved(draft, base)))
        })
    });
    let id = base.with_untracked(|base| base.as_ref().map(|base| base.id));
    let checker = Checker::new(api, draft, errors, Signal::derive(move || id));
    let secrets = Secrets {
        form,
        errors,
        stored: base,
        moved,
    };
    let busy = RwSignal::new(false);
    let in_use = RwSignal::new(Vec::<UsedBy>::new());
    let conflict = RwSignal::new(None::<Conflict>);
    let theirs = RwSignal::new(None::<ModelInstance>);
    let from_guide = comes_from_guide();
    if is_new {
        let found = use_query_map().with_untracked(|query| from_path(|name| query.get(name)));
        if let Some(found) = found {
            fill(form, &found);
        }
        suggest_name(form, draft);
    }
    let overtaken = stored.map(|load| follow(load, base, form, dirty, errors));
    let take = move |instance: ModelInstance| {
        errors.clear();
        form.show(&instance);
        base.set(Some(instance));
        if let Some(load) = stored {
            load.refresh();
        }
    };
    // The latest version is fetched and put beside what was changed here.
    let meet = move |id: ModelInstanceId| async move {
        match api.get_model_instance(id).await {
            Ok(saved) => {
                let before = base
                    .with_untracked(|base| base.as_ref().map(fields_of))
                    .unwrap_or_default();
                let mine = untrack(|| form.read())
                    .json()
                    .and_then(object)
                    .unwrap_or_default();
                conflict.set(Some(Conflict {
                    version: saved.version,
                    differences: differences(&words_of::ORDER, &before, &mine, &fields_of(&saved)),
                }));
                // The form stays on what it was made of until something is decided.
                theirs.set(Some(saved));
            }
            Err(error) => errors.refuse(error, |_| None),
        }
    };
    let update = move |id: ModelInstanceId, version: i64, patch: Map<String, Value>| {
        busy.set(true);
        spawn_local(async move {
            let answer = api.patch_model_instance(id, version, &patch).await;
            busy.try_set(false);
            match answer {
                Ok(instance) => {
                    toasts.success(tu_string!(
                        i18n,
                        instance.saved,
                        name = instance.name.clone()
                    ));
                    take(instance);
                }
                Err(error) if has_code(&error, ProblemCode::PreconditionFailed) => meet(id).await,
                Err(error) => {
                    let draft = untrack(|| form.read());
                    errors.refuse(error, |pointer| field_of(&draft, pointer));
                }
            }
        });
    };
    let create = move || {
        busy.set(true);
        let draft = untrack(|| form.read());
        spawn_local(async move {
            let answer = api.create_model_instance(&draft.read().0).await;
            busy.try_set(false);
            match answer {
                Ok(instance) => {
                    let id = instance.id;
                    let add = Callback::new(move |()| go.run(add_path(id)));
                    let text = tu_string!(i18n, instance.created, name = instance.name);
                    toasts.show(
                        Toast::success(text).action(tu_string!(i18n, instance.used.add), add),
                    );
                    go.run(if from_guide { GUIDE } else { "/models" }.to_owned());
                }
                Err(error) => errors.refuse(error, |pointer| field_of(&draft, pointer)),
            }
        });
    };
    let save = move |()| {
        in_use.set(Vec::new());
        if !errors.pass() {
            return;
        }
        let Some(before) = base.get_untracked() else {
            return create();
        };
        let now = untrack(|| form.read())
            .json()
            .and_then(object)
            .unwrap_or_default();
        let patch = difference(&fields_of(&before), &now);
        if patch.is_empty() {
            toasts.success(tu_string!(i18n, instance.unchanged));
            return;
        }
        update(before.id, before.version, patch);
    };
    let resolve = move |resolution: Resolution| {
        let Some(theirs) = theirs.get_untracked() else {
            return;
        };
        let saved = fields_of(&theirs);
        let mut wanted = saved.clone();
        wanted.extend(resolution.patch);
        update(theirs.id, resolution.version, difference(&saved, &wanted));
    };
    let title = Signal::derive(move || {
        base.with(|base| base.as_ref().map(|base| base.name.clone()))
            .unwrap_or_else(|| t_string!(i18n, instance.new_title).to_owned())
    });
    let save_label = Signal::derive(move || {
        if is_new {
            t_string!(i18n, instance.create)
        } else {
            t_string!(i18n, instance.save)
        }
        .to_owned()
    });
    let live = use_live();
    let status = stored.map(|load| {
        Memo::new(move |before: Option<&InstanceStatus>| {
            // An action here is newer than what was told before it.
            let known = load.with(|instance| live.status_of_instance(instance, load.asked_at()));
            known
                .or_else(|| before.cloned())
                .or_else(|| {
                    base.with_untracked(|base| base.as_ref().map(|base| base.status.clone()))
                })
                .unwrap_or_else(unknown_status)
        })
    });
    let on_change = move |instance: ModelInstance| {
        // Of the form only this has changed; the rest stays as it is being typed.
        form.enabled.set(instance.enabled);
        form.baseline
            .update(|baseline| baseline.enabled = instance.enabled);
        base.set(Some(instance));
        if let Some(load) = stored {
            load.refresh();
        }
    };
    let groups = id.map(|id| {
        Load::live(&[ResourceKind::ModelGroup], move || async move {
            api.list_model_groups(&format!("limit=50&sort=name&instance_id={id}"))
                .await
        })
    });
    let enabled =
        Signal::derive(move || base.with(|base| base.as_ref().is_some_and(|base| base.enabled)));
    let side = move || {
        let state = id
            .zip(status)
            .map(|(id, status)| view! { <StatePanel id status enabled on_change /> });
        let used = id
            .zip(groups)
            .map(|(id, groups)| view! { <UsedIn id groups /> });
        view! {
            {state}
            <CheckPanel checker />
            {used}
        }
    };
    let more = move || id.map(|_| view! { <Actions base in_use go /> });
    let problems = move || {
        view! {
            <ErrorSummary errors />
            <InUse in_use />
            {overtaken.map(|overtaken| view! { <Overtaken overtaken /> })}
        }
    };
    let head = move || status.map(|status| view! { <HeadState status /> });
    view! {
        <div
            class="instance-form"
            data-kind=move || form.kind.get()
            on:input=move |event: Event| errors.on_input(&event)
            on:focusout=move |event: FocusEvent| errors.on_left(&event)
        >
            <FormPage
                id="instance-form"
                parent="/models"
                parent_title=t_signal!(i18n, instance.list)
                title
                status=head
                dirty
                busy
                save_label
                on_save=save
                errors=problems
                more
                side
            >
                <KindSection form errors />
                <ConnectionSection form errors secrets checker is_new />
                <ModelSection form errors checker is_new />
                <FormSection id="more-section" title=t_signal!(i18n, instance.more.title) hint=t_signal!(i18n, instance.more.hint)>
                    <div class="folded-list">
                        <ParameterFields form errors draft />
                        <LimitFields form errors />
                        <TimeoutFields form errors draft />
                        <CheckFields form errors draft />
                        <CapabilityFields form errors />
                        <TlsFields form errors />
                        <About form errors />
                    </div>
                </FormSection>
            </FormPage>
            <ConflictDialog
                conflict
                label=move |field: String| words_of::label(i18n, &field)
                words=move |said: FieldValue| words_of::value(i18n, &said.field, &said.value)
                on_resolve=resolve
            />
        </div>
    }
}

fn has_code(error: &ApiError, code: ProblemCode) -> bool {
    error.problem().is_some_and(|problem| problem.code == code)
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// The way to other pages, as something that can be copied.
fn navigator() -> Callback<String> {
    let navigate = StoredValue::new_local(use_navigate());
    Callback::new(move |path: String| {
        navigate.with_value(|navigate| navigate(&path, Default::default()));
    })
}

/// An instance as the form would send it.
fn fields_of(instance: &ModelInstance) -> Map<String, Value> {
    let create = Draft::of(instance).read().0;
    serde_json::to_value(create)
        .ok()
        .and_then(object)
        .unwrap_or_default()
}

/// Everything that the form finds by itself.
fn faults(draft: &Draft, base: Option<&ModelInstance>, no_null: Signal<String>) -> Vec<Place> {
    let (create, mut places) = draft.read();
    let Some(base) = base else { return places };
    for place in secrets::missing(draft, base) {
        if !places.iter().any(|other| other.id == place.id) {
            places.push(place);
        }
    }
    let (now, before) = (&create.parameters, &base.parameters);
    for (part, now, before) in [
        ("defaults", &now.defaults, &before.defaults),
        ("overrides", &now.overrides, &before.overrides),
    ] {
        places.extend(unsendable(before, now).into_iter().map(|name| Place {
            id: Some(draft.field_id(&format!("/parameters/{part}/{name}"))),
            fault: Fault::Said(no_null),
        }));
    }
    places
}
