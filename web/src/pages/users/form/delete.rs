//! Deleting a user, after saying what would break.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use understudy_shared::{ProblemCode, User};

use crate::api::{ApiError, use_api};
use crate::components::confirm::{Question, use_confirm};
use crate::components::toast::use_toasts;
use crate::i18n::words::{self, Words};
use crate::i18n::{t, tu_string, use_i18n};
use crate::pages::users::row::called;
use crate::session::use_session;

/// Asks and deletes; `on_deleted` hears of it. With it, whether it is under way.
pub fn use_delete(
    on_deleted: impl Fn(()) + Send + Sync + 'static,
) -> (Callback<User>, RwSignal<bool>) {
    let i18n = use_i18n();
    let api = use_api();
    let session = use_session();
    let confirm = use_confirm();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let on_deleted = Callback::new(on_deleted);
    let delete = Callback::new(move |user: User| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let name = called(&user);
            let own = session.user_untracked().is_some_and(|me| me.id == user.id);
            let question = Question::new(
                tu_string!(i18n, users.delete.title, name = name.clone()),
                tu_string!(i18n, users.delete.confirm),
            );
            let body = move || {
                view! {
                    {own
                        .then(|| {
                            view! { <p class="strong" data-part="self">{t!(i18n, users.delete.own)}</p> }
                        })}
                    <p>{t!(i18n, users.delete.text)}</p>
                    <p>{t!(i18n, users.delete.instead)}</p>
                }
            };
            if confirm.ask(question.body(body).danger()).await {
                match api.delete_user(user.id, user.version).await {
                    Ok(()) => {
                        toasts.success(tu_string!(i18n, users.delete.done, name));
                        on_deleted.try_run(());
                    }
                    Err(error) if error.is_gone() => {
                        on_deleted.try_run(());
                    }
                    Err(error) => match keys_of(&error) {
                        Some(keys) => explain(i18n, confirm, &name, keys).await,
                        None => toasts.failure(refusal(i18n, &name, &error)),
                    },
                }
            }
            busy.try_set(false);
        });
    });
    (delete, busy)
}

/// The names of the keys that stand in the way.
fn keys_of(error: &ApiError) -> Option<Vec<String>> {
    let problem = error.problem()?;
    let names = problem.used_by.iter().map(|user| user.name.clone());
    (problem.code == ProblemCode::InUse).then(|| names.collect())
}

fn refusal(i18n: Words, name: &str, error: &ApiError) -> String {
    let name = name.to_owned();
    let why = match error.problem().map(|problem| problem.code) {
        Some(ProblemCode::Conflict) => tu_string!(i18n, users.last_admin).to_owned(),
        _ => untrack(|| words::error(i18n, error)),
    };
    tu_string!(i18n, users.delete.failed, name, why)
}

/// Says which keys would stop working, and leads to them.
async fn explain(
    i18n: Words,
    confirm: crate::components::confirm::Confirm,
    name: &str,
    keys: Vec<String>,
) {
    let question = Question::new(
        tu_string!(i18n, users.delete.has_keys, name = name.to_owned()),
        tu_string!(i18n, users.delete.understood),
    );
    let body = move || {
        let items = keys
            .iter()
            .map(|key| view! { <li><code>{key.clone()}</code></li> })
            .collect_view();
        view! {
            <p>{t!(i18n, users.delete.has_keys_text)}</p>
            <ul class="inline-list" data-part="keys">{items}</ul>
            <p><A href="/keys">{t!(i18n, users.delete.to_keys)}</A></p>
        }
    };
    confirm.ask(question.body(body)).await;
}
