//! What others do to the group while it is being edited.
//!
//! Rule: a form in which nothing was changed follows what is saved; one with changes is left alone and says so.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{ChangeKind, ModelGroup, ResourceKind};

use super::draft::Draft;
use super::values::GroupValues;
use crate::api::use_api;
use crate::components::badge::Tone;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::Notice;
use crate::i18n::{t, t_string, use_i18n};
use crate::live::{Change, use_live};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Changed,
    Deleted,
}

/// Follows the group.
#[derive(Clone, Copy)]
pub struct Elsewhere(RwSignal<Seen>);

impl Elsewhere {
    /// Follows the group that is `saved`, if it is.
    pub fn watch(
        saved: RwSignal<Option<ModelGroup>>,
        draft: Draft,
        values: Memo<GroupValues>,
        dirty: Signal<bool>,
    ) -> Self {
        let api = use_api();
        let seen = RwSignal::new(Seen::Nothing);
        use_live().on_change(move |change| {
            let Some(group) = saved.get_untracked() else {
                return;
            };
            match change {
                Change::One(change)
                    if change.kind != ResourceKind::ModelGroup || change.id != group.id.0 =>
                {
                    return;
                }
                Change::One(change) if change.change == ChangeKind::Deleted => {
                    return seen.set(Seen::Deleted);
                }
                Change::One(_) | Change::Anything => {}
            }
            spawn_local(async move {
                let Ok(now) = api.get_model_group(group.id).await else {
                    return;
                };
                // Read anew: it may have been saved here meanwhile.
                let version = saved
                    .try_get_untracked()
                    .flatten()
                    .map(|group| group.version);
                if version.is_none_or(|version| now.version <= version) {
                    return;
                }
                if dirty.try_get_untracked() == Some(false) {
                    let fresh = GroupValues::of(&now);
                    saved.set(Some(now));
                    draft.fill(&fresh);
                } else if values.try_get_untracked().is_some() {
                    seen.set(Seen::Changed);
                }
            });
        });
        Self(seen)
    }

    /// The form is up to date again.
    pub fn forget(self) {
        self.0.try_set(Seen::Nothing);
    }

    /// Saving has shown that the group is gone.
    pub fn note_deleted(self) {
        self.0.try_set(Seen::Deleted);
    }
}

/// Says so.
#[component]
pub fn ElsewhereNotice(
    /// What has happened.
    elsewhere: Elsewhere,
    /// Saves what stands in the form as a new group.
    #[prop(into)]
    on_create: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    move || match elsewhere.0.get() {
        Seen::Nothing => ().into_any(),
        Seen::Changed => view! {
            <Notice
                tone=Tone::Warn
                title=Signal::derive(move || t_string!(i18n, group.elsewhere).to_owned())
            >
                <p>{t!(i18n, group.elsewhere_hint)}</p>
            </Notice>
        }
        .into_any(),
        Seen::Deleted => view! {
            <Notice
                tone=Tone::Bad
                title=Signal::derive(move || t_string!(i18n, group.deleted_elsewhere).to_owned())
            >
                <p>{t!(i18n, group.deleted_elsewhere_hint)}</p>
                <p class="notice-actions">
                    <button
                        type="button"
                        class="button small"
                        data-action="create-again"
                        on:click=move |_| on_create.run(())
                    >
                        <Glyph icon=Icon::Plus />
                        {t!(i18n, group.create_again)}
                    </button>
                </p>
            </Notice>
        }
        .into_any(),
    }
}
