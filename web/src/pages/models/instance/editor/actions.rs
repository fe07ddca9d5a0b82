//! What can be done with a stored instance besides saving it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{ModelInstance, ProblemCode, UsedBy};

use super::has_code;
use crate::api::use_api;
use crate::components::confirm::{Question, use_confirm};
use crate::components::icon::{Glyph, Icon};
use crate::components::toast::use_toasts;
use crate::components::unsaved::use_unsaved;
use crate::i18n::{t, t_string, tu_string, use_i18n, words};

/// Copying and deleting.
#[component]
pub(super) fn Actions(
    base: RwSignal<Option<ModelInstance>>,
    in_use: RwSignal<Vec<UsedBy>>,
    go: Callback<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let confirm = use_confirm();
    let unsaved = use_unsaved();
    let busy = RwSignal::new(false);
    let duplicate = move |_| {
        let Some(id) = base.with_untracked(|base| base.as_ref().map(|base| base.id)) else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            if unsaved.may_leave().await {
                match api.duplicate_model_instance(id).await {
                    Ok(copy) => {
                        toasts.success(tu_string!(i18n, instance.copied, name = copy.name));
                        go.run(format!("/models/instances/{}", copy.id));
                    }
                    Err(error) => toasts.failure(words::error(i18n, &error)),
                }
            }
            busy.try_set(false);
        });
    };
    let delete = move |_| {
        let Some(instance) = base.get_untracked() else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let name = instance.name.clone();
            let question = Question::new(
                tu_string!(i18n, instance.delete.title, name = name.clone()),
                tu_string!(i18n, instance.delete.confirm),
            );
            let body = move || t_string!(i18n, instance.delete.body);
            if confirm.ask(question.body(body).danger()).await {
                match api
                    .delete_model_instance(instance.id, instance.version)
                    .await
                {
                    Ok(()) => {
                        toasts.success(tu_string!(i18n, instance.delete.done, name));
                        go.run("/models".to_owned());
                    }
                    Err(error) if has_code(&error, ProblemCode::InUse) => {
                        in_use.try_set(
                            error
                                .problem()
                                .map(|problem| problem.used_by.clone())
                                .unwrap_or_default(),
                        );
                    }
                    Err(error) if has_code(&error, ProblemCode::PreconditionFailed) => {
                        toasts.failure(tu_string!(i18n, instance.delete.changed));
                    }
                    Err(error) => toasts.failure(words::error(i18n, &error)),
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <button type="button" class="button quiet" data-action="duplicate" on:click=duplicate>
            <Glyph icon=Icon::Copy />
            {t!(i18n, instance.duplicate)}
        </button>
        <button type="button" class="button quiet" data-action="delete" on:click=delete>
            <Glyph icon=Icon::Trash />
            {t!(i18n, instance.delete.action)}
        </button>
    }
}
