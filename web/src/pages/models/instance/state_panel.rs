//! A stored instance as it is at this moment, beside its form: its state, why, the drill, pausing, and the models that it is in.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use understudy_shared::{
    InstanceState, InstanceStatus, ModelGroup, ModelInstance, ModelInstanceId, Page,
};

use crate::api::{ApiError, use_api};
use crate::clock::use_clock;
use crate::components::badge::StateBadge;
use crate::components::form_page::SideCard;
use crate::components::icon::{Glyph, Icon};
use crate::components::time::Ago;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, use_i18n, words};
use crate::load::Load;

/// How long a drill lasts.
const DRILL_SECONDS: u32 = 120;

/// The state as a badge, for the head of the page.
#[component]
pub fn HeadState(
    /// What is known.
    status: Memo<InstanceStatus>,
) -> impl IntoView {
    view! {
        <span class="head-state" id="state" data-state=move || status.with(|status| state_name(status.state))>
            <StateBadge
                state=Signal::derive(move || status.with(|status| status.state))
                since=Signal::derive(move || status.with(|status| status.since))
            />
        </span>
    }
}

/// The name of a state on the wire.
fn state_name(state: InstanceState) -> String {
    serde_json::to_value(state)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The panel.
#[component]
pub fn StatePanel(
    /// The instance.
    id: ModelInstanceId,
    /// What is known.
    status: Memo<InstanceStatus>,
    /// Whether it is in use.
    #[prop(into)]
    enabled: Signal<bool>,
    /// Takes the instance as an action here has left it.
    #[prop(into)]
    on_change: Callback<ModelInstance>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let clock = use_clock();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let done = move |answer: Result<ModelInstance, ApiError>| {
        busy.try_set(false);
        match answer {
            Ok(instance) => on_change.run(instance),
            Err(error) => toasts.failure(words::error(i18n, &error)),
        }
    };
    let drill = move |_| {
        if !busy.get_untracked() {
            busy.set(true);
            spawn_local(async move { done(api.drill_model_instance(id, DRILL_SECONDS).await) });
        }
    };
    let end_drill = move |_| {
        if !busy.get_untracked() {
            busy.set(true);
            spawn_local(async move { done(api.end_drill(id).await) });
        }
    };
    let pause = move |_| {
        if !busy.get_untracked() {
            busy.set(true);
            let enable = !enabled.get_untracked();
            spawn_local(async move { done(api.enable_model_instance(id, enable).await) });
        }
    };
    let state = Memo::new(move |_| status.with(|status| status.state));
    let reason = move || {
        let said = status
            .with(|status| words::reason(i18n, &status.code, &status.reason))
            .sentence();
        view! { <p class="state-reason" lang=said.lang>{said.text}</p> }
    };
    let latency = Memo::new(move |_| status.with(|status| status.latency_ms));
    let checked_at = Memo::new(move |_| status.with(|status| status.checked_at));
    let last_error = Memo::new(move |_| status.with(|status| status.last_error.clone()));
    let remaining = Memo::new(move |_| {
        let until = status.with(|status| status.retry_at)?;
        Some((until - clock.now()).num_seconds().max(0))
    });
    let countdown = move || {
        let seconds = remaining.get()?;
        Some(format!("{}:{:02}", seconds / 60, seconds % 60))
    };
    view! {
        <SideCard id="now" title=t_signal!(i18n, instance.now.title)>
            <p class="now-line">
                <StateBadge
                    state
                    since=Signal::derive(move || status.with(|status| status.since))
                />
            </p>
            {reason}
            {move || {
                // What is no longer so is no news.
                last_error
                    .get()
                    .filter(|_| state.get() != InstanceState::Up)
                    .map(|error| {
                        view! {
                            <p class="minor" lang="en">
                                {error}
                            </p>
                        }
                    })
            }}
            <dl class="facts">
                <dt>{t!(i18n, instance.now.checked)}</dt>
                <dd>
                    {move || match checked_at.get() {
                        Some(at) => view! { <Ago at=at /> }.into_any(),
                        None => view! { {t!(i18n, instance.now.never)} }.into_any(),
                    }}
                </dd>
                <dt>{t!(i18n, instance.now.latency)}</dt>
                <dd>
                    {move || match latency.get() {
                        Some(ms) => t_string!(i18n, instance.ms, ms),
                        None => "—".to_owned(),
                    }}
                </dd>
                <dt>{t!(i18n, instance.now.in_flight)}</dt>
                <dd data-fact="in-flight">{move || status.with(|status| status.in_flight)}</dd>
            </dl>
            <div class="state-actions" aria-busy=move || busy.get().to_string()>
                <Show
                    when=move || state.get() == InstanceState::Drilled
                    fallback=move || {
                        view! {
                            <button
                                type="button"
                                class="button small"
                                data-action="drill"
                                aria-disabled=move || (busy.get() || !enabled.get()).to_string()
                                data-tip=move || t_string!(i18n, instance.now.drill_hint)
                                on:click=move |event| {
                                    if enabled.get_untracked() {
                                        drill(event);
                                    }
                                }
                            >
                                <Glyph icon=Icon::Cone />
                                {t!(i18n, instance.now.drill)}
                            </button>
                        }
                    }
                >
                    <button type="button" class="button small" data-action="end-drill" on:click=end_drill>
                        <Glyph icon=Icon::Stop />
                        {t!(i18n, instance.now.end_drill)}
                        " "
                        <span class="countdown">{countdown}</span>
                    </button>
                </Show>
                <button type="button" class="button small" data-action="pause" on:click=pause>
                    <Glyph icon=Signal::derive(move || if enabled.get() { Icon::Pause } else { Icon::Play }) />
                    {move || {
                        if enabled.get() {
                            t_string!(i18n, instance.now.pause)
                        } else {
                            t_string!(i18n, instance.now.resume)
                        }
                    }}
                </button>
            </div>
        </SideCard>
    }
}

/// The models that the instance is in.
#[component]
pub fn UsedIn(
    /// The instance.
    id: ModelInstanceId,
    /// The groups.
    groups: Load<Page<ModelGroup>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let list = move || {
        if let (None, Some(error)) = (groups.value(), groups.error()) {
            return view! { <p class="field-error">{words::error(i18n, &error)}</p> }.into_any();
        }
        let Some(page) = groups.value() else {
            return view! { <div class="skeleton-line" aria-hidden="true"></div> }.into_any();
        };
        if page.items.is_empty() {
            return view! {
                <p class="minor">{t!(i18n, instance.used.nowhere)}</p>
            }
            .into_any();
        }
        let more = page
            .total
            .saturating_sub(u64::try_from(page.items.len()).unwrap_or(0));
        let items = page
            .items
            .into_iter()
            .map(|group| {
                let title = if group.title.is_empty() {
                    group.name.clone()
                } else {
                    group.title
                };
                view! {
                    <li data-name=group.name>
                        <A href=format!("/models/groups/{}", group.id)>{title}</A>
                    </li>
                }
            })
            .collect_view();
        view! {
            <ul class="used-in">{items}</ul>
            {(more > 0).then(|| view! { <p class="minor">{t!(i18n, instance.used.more, more)}</p> })}
        }
        .into_any()
    };
    view! {
        <SideCard id="used" title=t_signal!(i18n, instance.used.title)>
            {list}
            <A href=add_path(id) attr:class="button small" attr:data-action="add-to-group">
                <Glyph icon=Icon::Plus />
                {t!(i18n, instance.used.add)}
            </A>
        </SideCard>
    }
}

/// Where a model is made of this instance.
pub fn add_path(id: ModelInstanceId) -> String {
    format!("/models/groups/new?instance_id={id}")
}
