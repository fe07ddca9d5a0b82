//! What is done to a dialog as a whole: a new title, a copy as a file, its end.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{CreateDialog, Dialog, DialogId, UpdateDialog};

use super::words as say;
use crate::api::use_api;
use crate::browser;
use crate::components::confirm::{Question, use_confirm};
use crate::components::form::TextField;
use crate::components::modal::Modal;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n, words};

/// Asks and deletes; `on_deleted` hears of it.
pub fn use_delete(on_deleted: Callback<DialogId>) -> Callback<Dialog> {
    let i18n = use_i18n();
    let api = use_api();
    let confirm = use_confirm();
    let toasts = use_toasts();
    Callback::new(move |dialog: Dialog| {
        spawn_local(async move {
            let name = say::title_now(i18n, &dialog);
            let question = Question::new(
                tu_string!(i18n, dialogs.delete_title, name),
                tu_string!(i18n, dialogs.delete),
            );
            let body = move || {
                view! {
                    <p>{t!(i18n, dialogs.delete_text)}</p>
                    <p>{t!(i18n, dialogs.delete_keep)}</p>
                }
            };
            if !confirm.ask(question.body(body).danger()).await {
                return;
            }
            match api.delete_dialog(dialog.id).await {
                Err(error) if !error.is_gone() => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, dialogs.delete_failed, why));
                }
                _ => {
                    browser::put_aside_as(&super::composer::draft_key(dialog.id), "");
                    toasts.success(tu_string!(i18n, dialogs.deleted));
                    on_deleted.try_run(dialog.id);
                }
            }
        });
    })
}

/// Hands a dialog to the person as a file.
pub fn use_export() -> Callback<Dialog> {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    Callback::new(move |dialog: Dialog| {
        spawn_local(async move {
            match api.export_dialog(dialog.id).await {
                Ok(text) => {
                    let name = file_name(&dialog.title, tu_string!(i18n, dialogs.file));
                    browser::download(&name, "text/markdown;charset=utf-8", &text);
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, dialogs.export_failed, why));
                }
            }
        });
    })
}

/// The name of a file for a dialog of this title.
fn file_name(title: &str, otherwise: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '№');
    let name: String = title.chars().filter(|c| kept(*c)).take(60).collect();
    let name = name.trim();
    let name = if name.is_empty() { otherwise } else { name };
    format!("{name}.md")
}

/// The dialog in which a title is typed.
#[component]
pub fn Rename(
    /// Id of this one: the list has one, and so has the dialog beside it.
    #[prop(default = "rename-dialog")]
    id: &'static str,
    /// Whether it is open, both ways.
    open: RwSignal<bool>,
    /// Whose title.
    #[prop(into)]
    dialog: Signal<Option<Dialog>>,
    /// Hears of the new one.
    #[prop(into)]
    on_renamed: Callback<Dialog>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let title = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    Effect::new(move || {
        if open.get() {
            let present =
                dialog.with_untracked(|dialog| dialog.as_ref().map(|dialog| dialog.title.clone()));
            title.set(present.unwrap_or_default());
        }
    });
    let too_long = Memo::new(move |_| {
        let count = title.with(|title| title.trim().chars().count());
        (count > CreateDialog::MAX_TITLE).then_some(count)
    });
    let error = Signal::derive(move || {
        too_long.get().map(|count| {
            t_string!(
                i18n,
                dialogs.ask.too_long,
                max = CreateDialog::MAX_TITLE,
                count
            )
        })
    });
    let save = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let renamed = dialog.with_untracked(|dialog| dialog.as_ref().map(|dialog| dialog.id));
        let Some(renamed) = renamed else { return };
        if busy.get_untracked() || too_long.get_untracked().is_some() {
            return;
        }
        busy.set(true);
        let body = UpdateDialog {
            title: Some(title.with_untracked(|title| title.trim().to_owned())),
            ..UpdateDialog::default()
        };
        spawn_local(async move {
            match api.update_dialog(renamed, &body).await {
                Ok(dialog) => {
                    toasts.success(tu_string!(i18n, dialogs.renamed));
                    open.try_set(false);
                    on_renamed.try_run(dialog);
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, dialogs.rename_failed, why));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Modal id open title=t_signal!(i18n, dialogs.rename_title) busy>
            <form on:submit=save class="modal-form">
                <div class="modal-body">
                    <TextField
                        id="dialog-title"
                        label=t_signal!(i18n, dialogs.rename_field)
                        hint=t_signal!(i18n, dialogs.rename_hint)
                        value=title
                        error
                    />
                </div>
                <footer class="modal-foot">
                    <button type="button" class="button" on:click=move |_| open.set(false)>
                        {t!(i18n, components.cancel)}
                    </button>
                    <button
                        type="submit"
                        class="button primary"
                        data-action="save"
                        aria-disabled=move || busy.get().to_string()
                    >
                        {t!(i18n, dialogs.save)}
                    </button>
                </footer>
            </form>
        </Modal>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_the_dialog_without_what_file_systems_refuse() {
        assert_eq!(
            file_name("Сводка по договору № 118?", "dialog"),
            "Сводка по договору № 118.md"
        );
        assert_eq!(file_name("../../etc/passwd", "dialog"), "etcpasswd.md");
        assert_eq!(file_name("…", "dialog"), "dialog.md");
    }
}
