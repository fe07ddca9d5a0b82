//! For addresses at which there is no page.

use leptos::prelude::*;
use leptos_router::components::A;

use super::use_title;
use crate::i18n::{t, t_string, use_i18n};

/// Says so, and leads back.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, not_found.title));
    view! {
        <div class="narrow card card-body">
            <h1>{t!(i18n, not_found.title)}</h1>
            <p class="sub">{t!(i18n, not_found.text)}</p>
            <p class="actions">
                <A href="/models" attr:class="button primary">
                    {t!(i18n, not_found.home)}
                </A>
            </p>
        </div>
    }
}
