//! The form of a group: what is typed, what is saved, and the way from one to the other.

use std::collections::HashSet;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use understudy_shared::{ModelGroup, ModelInstanceId, UpdateModelGroup};

use super::ask::AskCard;
use super::delete::DeleteButton;
use super::draft::Draft;
use super::drill::DrillCard;
use super::elsewhere::{Elsewhere, ElsewhereNotice};
use super::fields::{Limits, Names, StrategySection};
use super::known::Known;
use super::members::Members;
use super::preview::{Preview, PreviewCard};
use super::say;
use super::status::GroupBadge;
use super::values::{GroupValues, ORDER};
use crate::api::{ApiError, use_api};
use crate::components::conflict::{Conflict, ConflictDialog, FieldValue, Resolution};
use crate::components::form::errors::{Fault, Place, RowKeys, ids_of, route};
use crate::components::form::{ErrorSummary, FormErrors};
use crate::components::form_page::FormPage;
use crate::components::toast::use_toasts;
use crate::i18n::{t_string, tu_string, use_i18n};
use crate::merge::{self, Fields};
use crate::pages::start::{GUIDE, comes_from_guide};
use crate::pages::{in_place, use_title};

/// The form: of `group`, or of a new one.
#[component]
pub fn GroupForm(
    /// What is saved; none for a new group.
    group: Option<ModelGroup>,
    /// The member that a new group begins with.
    #[prop(optional_no_strip)]
    first: Option<ModelInstanceId>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let navigate = use_navigate();
    let from_guide = comes_from_guide();
    let known = Known::load();
    let saved = RwSignal::new(group);
    let base = Memo::new(move |_| {
        saved.with(|saved| match saved {
            Some(group) => GroupValues::of(group),
            None => GroupValues::beginning_with(first),
        })
    });
    let draft = Draft::new(&base.get_untracked());
    let values = Memo::new(move |_| draft.values());
    let gone = RwSignal::new(false);
    let dirty =
        Memo::new(move |_| !gone.get() && values.with(|values| base.with(|base| values != base)));
    let busy = RwSignal::new(false);
    let conflict = RwSignal::new(None::<Conflict>);
    let taken = taken_names(saved);
    let errors = FormErrors::new(move || faults(draft, values, taken));
    let preview = Preview::follow(draft, values, known);
    let elsewhere = Elsewhere::watch(saved, draft, values, dirty.into());

    let title = Signal::derive(move || {
        saved.with(|saved| match saved {
            Some(group) if group.title.is_empty() => group.name.clone(),
            Some(group) => group.title.clone(),
            None => t_string!(i18n, group.new).to_owned(),
        })
    });
    use_title(move || title.get());

    // Takes over what the service has saved; what was typed while it did stays.
    let adopt = move |group: ModelGroup, sent: &GroupValues| {
        let untouched = values.with_untracked(|values| values == sent);
        let fresh = GroupValues::of(&group);
        if saved.try_set(Some(group)).is_none() && untouched {
            draft.fill(&fresh);
        }
        errors.clear();
        elsewhere.forget();
    };
    let refuse = move |error: ApiError| {
        open_rows(draft, &error);
        // Their fields are there once they are unfolded.
        request_animation_frame(move || {
            let rows = rows(draft);
            errors.refuse(error, move |pointer| route(pointer, &rows));
        });
    };
    let meet = move |sent: GroupValues| async move {
        let Some(old) = saved.get_untracked() else {
            return;
        };
        match api.get_model_group(old.id).await {
            Ok(now) => {
                let theirs = GroupValues::of(&now);
                let (base, mine) = (GroupValues::of(&old).fields(), sent.fields());
                conflict.try_set(Some(Conflict {
                    version: now.version,
                    differences: merge::differences(&ORDER, &base, &mine, &theirs.fields()),
                }));
            }
            Err(error) => refuse(error),
        }
    };
    let create = {
        let navigate = navigate.clone();
        move || {
            let navigate = navigate.clone();
            busy.set(true);
            spawn_local(async move {
                let body = values.get_untracked().to_wire();
                match api.create_model_group(&body).await {
                    Ok(group) => {
                        toasts.success(tu_string!(i18n, group.created, name = called(&group)));
                        gone.try_set(true);
                        let saved = format!("/models/groups/{}", group.id);
                        let next = if from_guide { GUIDE.to_owned() } else { saved };
                        navigate(&next, in_place());
                    }
                    Err(error) => refuse(error),
                }
                busy.try_set(false);
            });
        }
    };
    let update = move |group: ModelGroup, version: i64, patch: Fields, sent: GroupValues| {
        busy.set(true);
        spawn_local(async move {
            let body: UpdateModelGroup = serde_json::from_value(patch.into()).unwrap_or_default();
            match api.update_model_group(group.id, version, &body).await {
                Ok(group) => {
                    toasts.success(tu_string!(i18n, group.saved, name = called(&group)));
                    adopt(group, &sent);
                }
                Err(error) if error.is_stale() => meet(sent).await,
                Err(error) if error.is_gone() => elsewhere.note_deleted(),
                Err(error) => refuse(error),
            }
            busy.try_set(false);
        });
    };
    let create_again = create.clone();
    let save = move |()| {
        if !errors.pass() {
            return;
        }
        let Some(group) = saved.get_untracked() else {
            return create();
        };
        let sent = values.get_untracked();
        let patch = merge::changes(&base.with_untracked(GroupValues::fields), &sent.fields());
        if patch.is_empty() {
            return toasts.success(tu_string!(i18n, group.unchanged));
        }
        let version = group.version;
        update(group, version, patch, sent);
    };
    let resolve = move |Resolution { version, patch }: Resolution| {
        busy.set(true);
        spawn_local(async move {
            let Some(old) = saved.get_untracked() else {
                return;
            };
            let now = match api.get_model_group(old.id).await {
                Ok(now) => now,
                Err(error) => {
                    refuse(error);
                    busy.try_set(false);
                    return;
                }
            };
            busy.try_set(false);
            if now.version != version {
                // Changed once more while the person decided.
                return meet(values.get_untracked()).await;
            }
            let mut fields = GroupValues::of(&now).fields();
            fields.extend(patch.clone());
            let sent = GroupValues::of_fields(fields).unwrap_or_else(|| GroupValues::of(&now));
            saved.set(Some(now.clone()));
            draft.fill(&sent);
            elsewhere.forget();
            if patch.is_empty() {
                toasts.success(tu_string!(i18n, group.kept));
            } else {
                update(now, version, patch, sent);
            }
        });
    };
    let saved_id = Memo::new(move |_| saved.with(|saved| saved.as_ref().map(|group| group.id)));
    let saved_name = Signal::derive(move || {
        saved.with(|saved| {
            saved
                .as_ref()
                .map(|group| group.name.clone())
                .unwrap_or_default()
        })
    });
    let save_label = Signal::derive(move || {
        if saved_id.get().is_some() {
            t_string!(i18n, group.save).to_owned()
        } else {
            t_string!(i18n, group.create).to_owned()
        }
    });
    let deleted = move |()| {
        gone.set(true);
        navigate("/models", NavigateOptions::default());
    };
    view! {
        // Which field was typed in or left is told by the events as they come up.
        <div on:input=move |event| errors.on_input(&event) on:focusout=move |event| errors.on_left(&event)>
            <FormPage
                id="group"
                parent="/models"
                parent_title=Signal::derive(move || t_string!(i18n, group.parent).to_owned())
                title
                status=move || view! { <GroupBadge saved /> }
                dirty
                busy
                save_label
                on_save=save
                errors=move || {
                    let create = create_again.clone();
                    view! {
                        <ElsewhereNotice elsewhere on_create=move |()| create() />
                        <ErrorSummary errors />
                    }
                }
                more={
                    let deleted = deleted.clone();
                    move || view! { <DeleteButton saved on_deleted=deleted.clone() /> }
                }
                side=move || {
                    view! {
                        <PreviewCard preview draft dirty />
                        <AskCard id=saved_id dirty />
                        <DrillCard draft known preview />
                    }
                }
            >
                <Names draft errors saved_name taken />
                <StrategySection draft errors />
                <Members draft known errors preview=preview.answer />
                <Limits draft errors />
            </FormPage>
        </div>
        <ConflictDialog
            conflict
            label=move |field: String| say::label(i18n, &field)
            words=move |value: FieldValue| say::value(i18n, known, &value)
            on_resolve=resolve
        />
    }
}

/// What to call a group in a message.
fn called(group: &ModelGroup) -> String {
    if group.title.is_empty() {
        group.name.clone()
    } else {
        group.title.clone()
    }
}

/// The names of the other groups, in lower case.
fn taken_names(saved: RwSignal<Option<ModelGroup>>) -> Signal<HashSet<String>> {
    let api = use_api();
    let names = RwSignal::new(HashSet::new());
    let own = saved.with_untracked(|saved| saved.as_ref().map(|group| group.id));
    spawn_local(async move {
        // Without them the service still refuses a name that is taken.
        if let Ok(all) = api.model_group_names().await {
            let others = all.into_iter().filter(|(id, _)| Some(*id) != own);
            names.try_set(others.map(|(_, name)| name.to_ascii_lowercase()).collect());
        }
    });
    names.into()
}

/// The rows of the members, by which pointers find their fields.
fn rows(draft: Draft) -> Vec<RowKeys> {
    let rows = draft.members.with_untracked(|members| {
        members
            .iter()
            .enumerate()
            .map(|(index, member)| (index.to_string(), member.key))
            .collect()
    });
    vec![RowKeys {
        pointer: "/members",
        rows,
        part: "",
    }]
}

/// What the form finds by itself.
fn faults(draft: Draft, values: Memo<GroupValues>, taken: Signal<HashSet<String>>) -> Vec<Place> {
    // A change of order is a change of the rows' pointers.
    draft.members.track();
    let rows = rows(draft);
    let at = |pointer: &str, fault: Fault| Place {
        id: ids_of(pointer, &rows).into_iter().next(),
        fault,
    };
    values.with(|values| {
        let mut places: Vec<Place> = values
            .not_numbers()
            .iter()
            .map(|pointer| at(pointer, Fault::NotANumber))
            .collect();
        for fault in values.faults() {
            let pointer = fault.pointer.clone();
            let fault = if pointer == "/name" && values.name.trim().is_empty() {
                Fault::Required
            } else {
                Fault::Rule(Box::new(fault))
            };
            places.push(at(&pointer, fault));
        }
        if let Some(fault) = taken.with(|taken| values.taken(taken)) {
            places.push(at("/name", Fault::Rule(Box::new(fault))));
        }
        places
    })
}

/// Unfolds the rows in which the service has found something.
fn open_rows(draft: Draft, error: &ApiError) {
    let errors = error.problem().map(|problem| problem.errors.as_slice());
    for error in errors.unwrap_or_default() {
        let index = error
            .pointer
            .strip_prefix("/members/")
            .and_then(|rest| rest.split('/').next())
            .and_then(|index| index.parse::<usize>().ok());
        let member = index.and_then(|index| {
            draft
                .members
                .with_untracked(|members| members.get(index).copied())
        });
        if let Some(member) = member {
            member.open.set(true);
        }
    }
}
