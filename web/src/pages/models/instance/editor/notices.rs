//! What stands above the form when somebody else was faster, or when others need the instance.

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::UsedBy;

use crate::components::badge::Tone;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, use_i18n};

/// Says that somebody else has saved meanwhile.
#[component]
pub(super) fn Overtaken(overtaken: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Show when=move || overtaken.get()>
            <div class="notice" data-tone=Tone::Warn.as_str() role="status" id="overtaken">
                <Glyph icon=Icon::Info />
                <div class="notice-body">
                    <p class="notice-title">{t!(i18n, instance.overtaken)}</p>
                    <p>{t!(i18n, instance.overtaken_hint)}</p>
                </div>
            </div>
        </Show>
    }
}

/// Why the instance could not be deleted: the models that it is in.
#[component]
pub(super) fn InUse(in_use: RwSignal<Vec<UsedBy>>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Show when=move || !in_use.with(Vec::is_empty)>
            <div class="notice" data-tone=Tone::Bad.as_str() role="alert" id="in-use">
                <Glyph icon=Icon::Warning />
                <div class="notice-body">
                    <p class="notice-title">{t!(i18n, instance.delete.in_use)}</p>
                    <p>{t!(i18n, instance.delete.in_use_hint)}</p>
                    <ul>
                        {move || {
                            in_use
                                .get()
                                .into_iter()
                                .map(|user| {
                                    let path = format!("/models/groups/{}", user.id);
                                    view! {
                                        <li>
                                            <A href=path>{user.name}</A>
                                        </li>
                                    }
                                })
                                .collect_view()
                        }}
                    </ul>
                </div>
            </div>
        </Show>
    }
}
