//! «Учебная тревога»: takes out the one who would answer, for a while, so that one sees who steps in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{InstanceState, ModelInstanceId};

use super::draft::Draft;
use super::known::Known;
use super::preview::Preview;
use super::say;
use crate::api::use_api;
use crate::clock::use_clock;
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_string, tu_string, use_i18n, words};

/// How long a drill lasts.
const SECONDS: u32 = 120;

/// The card.
#[component]
pub fn DrillCard(
    /// The group.
    draft: Draft,
    /// All instances.
    known: Known,
    /// Who would answer.
    preview: Preview,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let drilled = Memo::new(move |_| {
        let ids = draft.members.with(|members| {
            members
                .iter()
                .map(|member| member.instance_id)
                .collect::<Vec<_>>()
        });
        let is_drilled = |id: &ModelInstanceId| {
            known
                .status(*id)
                .is_some_and(|status| status.state == InstanceState::Drilled)
        };
        ids.into_iter().filter(is_drilled).collect::<Vec<_>>()
    });
    let would_answer = Memo::new(move |_| {
        preview.answer.with(|answer| {
            answer
                .as_ref()
                .and_then(|answer| answer.would_answer.clone())
        })
    });
    let start = move |id: ModelInstanceId, name: String| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.drill_model_instance(id, SECONDS).await {
                Ok(instance) => {
                    known.tell(&instance);
                    preview.refresh();
                    toasts.success(tu_string!(i18n, group.drill.started, name));
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(format!("{}: {why}", tu_string!(i18n, group.drill.failed)));
                }
            }
            busy.try_set(false);
        });
    };
    let end = move |id: ModelInstanceId| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.end_drill(id).await {
                Ok(instance) => {
                    known.tell(&instance);
                    preview.refresh();
                    toasts.success(tu_string!(i18n, group.drill.ended, name = instance.name));
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(format!(
                        "{}: {why}",
                        tu_string!(i18n, group.drill.end_failed)
                    ));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <SideCard
            id="drill"
            title=Signal::derive(move || t_string!(i18n, group.drill.title).to_owned())
            hint=Signal::derive(move || t_string!(i18n, group.drill.hint).to_owned())
        >
            <ul class="drills" hidden=move || drilled.with(Vec::is_empty)>
                <For each=move || drilled.get() key=|id| *id let:id>
                    <Running id known on_end=move |()| end(id) />
                </For>
            </ul>
            {move || match would_answer.get() {
                Some(instance) => {
                    let (id, name) = (instance.instance_id, instance.name);
                    let label = t_string!(i18n, group.drill.start, name = name.clone());
                    view! {
                        <button
                            type="button"
                            class="button"
                            data-action="drill"
                            aria-disabled=move || busy.get().to_string()
                            on:click=move |_| start(id, name.clone())
                        >
                            <Glyph icon=Icon::Cone />
                            <span>{label}</span>
                        </button>
                    }
                        .into_any()
                }
                None => view! { <p class="minor">{t!(i18n, group.drill.nobody)}</p> }.into_any(),
            }}
        </SideCard>
    }
}

#[component]
fn Running(id: ModelInstanceId, known: Known, #[prop(into)] on_end: Callback<()>) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let name = move || {
        known
            .get(id)
            .map(|instance| instance.name.clone())
            .unwrap_or_default()
    };
    let end_at = Memo::new(move |_| known.status(id).and_then(|status| status.retry_at));
    let left = move || {
        let time = say::until(i18n, end_at.get()?, clock.now())?;
        Some(t_string!(i18n, group.drill.left, time))
    };
    view! {
        <li class="drill" data-id=id.to_string()>
            <span class="badge" data-tone="warn">
                <Glyph icon=Icon::Cone />
                {move || t_string!(i18n, group.drill.running, name = name())}
            </span>
            <span class="minor age" role="timer">
                {left}
            </span>
            <button type="button" class="button small" data-action="end-drill" on:click=move |_| on_end.run(())>
                {t!(i18n, group.drill.end)}
            </button>
        </li>
    }
}
