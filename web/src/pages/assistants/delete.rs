//! Deleting an assistant, after saying what becomes of its dialogs.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::Assistant;

use crate::api::use_api;
use crate::components::confirm::{Question, use_confirm};
use crate::components::toast::use_toasts;
use crate::i18n::{t, tu_string, use_i18n, words};

/// Asks and deletes; `on_deleted` hears of it. With it, whether it is under way.
pub fn use_delete(
    on_deleted: impl Fn(()) + Send + Sync + 'static,
) -> (Callback<Assistant>, RwSignal<bool>) {
    let i18n = use_i18n();
    let api = use_api();
    let confirm = use_confirm();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let on_deleted = Callback::new(on_deleted);
    let delete = Callback::new(move |assistant: Assistant| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let name = assistant.title.clone();
            let question = Question::new(
                tu_string!(i18n, assistants.delete.title, name = name.clone()),
                tu_string!(i18n, assistants.delete.confirm),
            );
            let model = format!("assistant/{}", assistant.name);
            let body = move || {
                let model = model.clone();
                view! {
                    <p>{t!(i18n, assistants.delete.text)}</p>
                    <p>{t!(i18n, assistants.delete.programs)} " " <code>{model}</code></p>
                }
            };
            if confirm.ask(question.body(body).danger()).await {
                match api.delete_assistant(assistant.id, assistant.version).await {
                    Err(error) if !error.is_gone() => {
                        let why = untrack(|| words::error(i18n, &error));
                        toasts.failure(tu_string!(i18n, assistants.delete.failed, name, why));
                    }
                    _ => {
                        toasts.success(tu_string!(i18n, assistants.delete.done, name));
                        on_deleted.try_run(());
                    }
                }
            }
            busy.try_set(false);
        });
    });
    (delete, busy)
}
