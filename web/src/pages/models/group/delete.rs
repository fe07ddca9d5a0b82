//! Deleting a group, after saying what would break.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::ModelGroup;

use crate::api::use_api;
use crate::components::confirm::{Question, use_confirm};
use crate::components::icon::{Glyph, Icon};
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_string, tu_string, use_i18n, words};

/// The button; nothing for a group that is not saved.
#[component]
pub fn DeleteButton(
    /// What is saved.
    saved: RwSignal<Option<ModelGroup>>,
    /// Called when it is gone.
    #[prop(into)]
    on_deleted: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let confirm = use_confirm();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let delete = move |_| {
        let Some(group) = saved.get_untracked().filter(|_| !busy.get_untracked()) else {
            return;
        };
        busy.set(true);
        spawn_local(async move {
            let name = group.name.clone();
            let title = if group.title.is_empty() {
                name.clone()
            } else {
                group.title.clone()
            };
            let question = Question::new(
                tu_string!(i18n, group.delete.title, name = title.clone()),
                tu_string!(i18n, group.delete.confirm),
            );
            let body = move || {
                view! {
                    <p>{t_string!(i18n, group.delete.callers, name = name.clone())}</p>
                    <p>{t!(i18n, group.delete.keys)}</p>
                    <p>{t!(i18n, group.delete.members)}</p>
                }
            };
            if confirm.ask(question.body(body).danger()).await {
                match api.delete_model_group(group.id, group.version).await {
                    Ok(()) => {
                        toasts.success(tu_string!(i18n, group.delete.done, name = title));
                        on_deleted.try_run(());
                    }
                    Err(error) => {
                        let users = error.problem().map(|problem| {
                            let names = problem.used_by.iter().map(|user| user.name.clone());
                            names.collect::<Vec<_>>().join(", ")
                        });
                        let why = match users.filter(|names| !names.is_empty()) {
                            Some(names) => tu_string!(i18n, group.delete.used_by, names),
                            None => untrack(|| words::error(i18n, &error)),
                        };
                        toasts.failure(format!("{}. {why}", tu_string!(i18n, group.delete.failed)));
                    }
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Show when=move || saved.with(Option::is_some)>
            <button
                type="button"
                class="button quiet"
                data-action="delete"
                aria-disabled=move || busy.get().to_string()
                on:click=delete
            >
                <Glyph icon=Icon::Trash />
                <span>{t!(i18n, group.delete.action)}</span>
            </button>
        </Show>
    }
}
