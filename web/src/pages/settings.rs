//! The screen «Настройки»: what administrators change of the whole service while it runs, and the configuration as a file, for operators, too.

use leptos::prelude::*;
use understudy_shared::Role;

use super::guard::OnlyFor;
use super::use_title;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::session::use_session;

mod config;
mod plan;
mod retention;

use config::ConfigFile;
use retention::Retention;

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let is_admin = Memo::new(move |_| {
        let user = session.user();
        user.is_some_and(|user| user.role >= Role::Admin)
    });
    use_title(move || t_string!(i18n, settings.title));
    view! {
        <OnlyFor
            role=Role::Operator
            title=t_signal!(i18n, settings.title)
            text=t_signal!(i18n, settings.only)
        >
            <Show
                when=move || is_admin.get()
                fallback=move || {
                    view! {
                        <div class="head">
                            <h1 class="head-text">{t!(i18n, settings.title)}</h1>
                        </div>
                    }
                }
            >
                <Retention />
            </Show>
            <ConfigFile />
        </OnlyFor>
    }
}
