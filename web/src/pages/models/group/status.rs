//! How the saved group is at this moment, beside its title.

use leptos::prelude::*;
use understudy_shared::ModelGroup;

use crate::components::badge::{Badge, Tone};
use crate::components::icon::Icon;
use crate::i18n::{t_string, use_i18n};
use crate::live::use_live;

/// The badge; nothing for a group that is not saved.
#[component]
pub fn GroupBadge(
    /// What is saved.
    saved: RwSignal<Option<ModelGroup>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live();
    let loaded_at = crate::browser::now();
    let shown = Memo::new(move |_| {
        saved.with(|saved| {
            let group = saved.as_ref()?;
            let status = live.status_of_group(group, Some(loaded_at));
            Some((
                group.enabled,
                status.available,
                status.available_members,
                status.total_members,
            ))
        })
    });
    move || {
        shown
            .get()
            .map(|(enabled, is_available, available, total)| {
                let (tone, icon) = match (enabled, is_available) {
                    (false, _) => (Tone::Idle, Icon::Pause),
                    (true, true) => (Tone::Ok, Icon::Check),
                    (true, false) => (Tone::Bad, Icon::Cross),
                };
                let word = Signal::derive(move || match (enabled, is_available) {
                    (false, _) => t_string!(i18n, group.status.paused).to_owned(),
                    (true, true) => t_string!(i18n, group.status.available, available, total),
                    (true, false) => t_string!(i18n, group.status.unavailable, available, total),
                });
                view! { <Badge tone icon word /> }
            })
    }
}
