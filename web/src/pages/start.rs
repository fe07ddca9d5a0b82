//! «Первые шаги»: from nothing to an answer in three steps. What is done is read off what exists, so the guide is true for everybody who
//! manages models, whoever did a step; it can be skipped and opened again from the navigation.
//!
//! Whether somebody skipped it is a matter of this person and this browser, and kept there ([`guide`]); nothing of it is worth a table.

pub mod choice;
mod guide;
mod step;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use understudy_shared::{
    DiscoveredServer, ModelGroup, ModelInstance, Page, ResourceKind, Role, UsageNumbers,
};

use super::local_servers::{LocalServers, form_path};
use super::models::group::Ask;
use super::use_title;
use crate::api::use_api;
use crate::components::badge::Tone;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::load::Load;
use crate::pages::guard::OnlyFor;
use crate::session::use_session;

use choice::{GroupChoice, Offer, use_group_choice};
use step::{Stage, Step};

pub use guide::{GUIDE, GuideNotice, comes_from_guide, on_the_way};

/// The page.
#[component]
pub fn StartPage() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, start.title));
    view! {
        <OnlyFor
            role=Role::Operator
            title=t_signal!(i18n, start.title)
            text=t_signal!(i18n, start.only)
        >
            <Guide />
        </OnlyFor>
    }
}

#[component]
fn Guide() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let user = untrack(|| use_session().user()).map(|user| user.id);
    let instances = Load::live(&[ResourceKind::ModelInstance], move || async move {
        api.list_model_instances("limit=1&sort=created_at").await
    });
    let groups = Load::live(
        &[ResourceKind::ModelGroup, ResourceKind::ModelInstance],
        move || api.all_model_groups(),
    );
    let asked = RwSignal::new(user.is_some_and(guide::has_asked));
    // Who asks as a program has been answered as well, unless every question failed or was given up.
    spawn_local(async move {
        let used = api.get_usage("bucket=total&group_by=group").await;
        if used.is_ok_and(|usage| has_answered(&usage.totals)) {
            asked.try_set(true);
        }
    });
    let stages = Memo::new(move |_| {
        let instances = instances.with(|page| page.total > 0)?;
        let groups = groups.with(|groups| !groups.is_empty())?;
        Some(Stage::of([instances, groups, asked.get()]))
    });
    // The steps are not built anew by what happens in them: somebody reads an answer there.
    let ready = Memo::new(move |_| stages.with(Option::is_some));
    let all_done = Memo::new(move |_| stages.get() == Some([Stage::Done; 3]));
    let failed = move || instances.error().or_else(|| groups.error());
    let retry = Callback::new(move |()| {
        instances.refresh();
        groups.refresh();
    });
    let navigate = StoredValue::new_local(use_navigate());
    let skip = move |_| {
        if let Some(user) = user {
            guide::hide(user);
        }
        navigate.with_value(|navigate| navigate("/models", NavigateOptions::default()));
    };
    let on_answer = Callback::new(move |()| {
        if let Some(user) = user {
            guide::note_asked(user);
        }
        asked.set(true);
    });
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, start.title)}</h1>
                <p class="sub">{t!(i18n, start.lead)}</p>
            </div>
            <Show when=move || !all_done.get()>
                <button type="button" class="button" data-action="skip" on:click=skip>
                    {t!(i18n, start.skip)}
                </button>
            </Show>
        </div>
        <div id="start" data-done=move || all_done.get().to_string()>
            {move || {
                all_done
                    .get()
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Ok title=t_signal!(i18n, start.done)>
                                <p>{t!(i18n, start.done_hint)}</p>
                                <p class="actions">
                                    <A href="/connect" attr:class="button primary">
                                        {t!(i18n, start.to_connect)}
                                    </A>
                                    " "
                                    <A href="/models" attr:class="button">
                                        {t!(i18n, start.to_models)}
                                    </A>
                                </p>
                            </Notice>
                        }
                    })
            }}
            {move || {
                if ready.get() {
                    return view! { <Steps stages instances groups on_answer /> }.into_any();
                }
                match failed() {
                    Some(error) => view! { <ErrorNotice error retry /> }.into_any(),
                    None => {
                        view! {
                            <p class="unseen" role="status">{t!(i18n, start.loading)}</p>
                            <div class="form-skeleton" aria-hidden="true">
                                <div class="card"></div>
                            </div>
                        }
                        .into_any()
                    }
                }
            }}
        </div>
    }
}

#[component]
fn Steps(
    stages: Memo<Option<[Stage; 3]>>,
    instances: Load<Page<ModelInstance>>,
    groups: Load<Vec<ModelGroup>>,
    on_answer: Callback<()>,
) -> impl IntoView {
    let stage = move |place: usize| {
        Memo::new(move |_| stages.get().map_or(Stage::Later, |stages| stages[place]))
    };
    let (connect, group, ask) = (stage(0), stage(1), stage(2));
    view! {
        <ol class="guide-steps">
            <ConnectStep stage=connect instances />
            <GroupStep stage=group instances groups />
            <AskStep stage=ask groups on_answer />
        </ol>
    }
}

#[component]
fn ConnectStep(stage: Memo<Stage>, instances: Load<Page<ModelInstance>>) -> impl IntoView {
    let i18n = use_i18n();
    let navigate = StoredValue::new_local(use_navigate());
    let take = Callback::new(move |server: DiscoveredServer| {
        let path = on_the_way(&form_path(&server));
        navigate.with_value(|navigate| navigate(&path, NavigateOptions::default()));
    });
    let count = move || instances.with(|page| page.total).unwrap_or_default();
    view! {
        <Step
            name="instance"
            number=1
            stage
            title=t_signal!(i18n, start.instance.title)
            text=t_signal!(i18n, start.instance.text)
            done=move || {
                view! {
                    {move || t_string!(i18n, start.instance.done, count = count())}
                    " "
                    <A href="/models#instances">{t!(i18n, start.instance.show)}</A>
                }
            }
        >
            <LocalServers take=t_signal!(i18n, servers.connect) on_take=take />
            <p>
                <A
                    href=on_the_way("/models/instances/new")
                    attr:class="button"
                    attr:data-action="by-form"
                >
                    <Glyph icon=Icon::Plus />
                    {t!(i18n, start.instance.by_form)}
                </A>
            </p>
        </Step>
    }
}

#[component]
fn GroupStep(
    stage: Memo<Stage>,
    instances: Load<Page<ModelInstance>>,
    groups: Load<Vec<ModelGroup>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let path = move || {
        let first = instances.with(|page| page.items.first().map(|instance| instance.id));
        on_the_way(&match first.flatten() {
            Some(id) => format!("/models/groups/new?instance_id={id}"),
            None => "/models/groups/new".to_owned(),
        })
    };
    let count = move || groups.with(Vec::len).unwrap_or_default();
    view! {
        <Step
            name="group"
            number=2
            stage
            title=t_signal!(i18n, start.group.title)
            text=t_signal!(i18n, start.group.text)
            done=move || {
                view! {
                    {move || t_string!(i18n, start.group.done, count = count())}
                    " "
                    <A href="/models">{t!(i18n, start.group.show)}</A>
                }
            }
        >
            <p>
                <A href=path attr:class="button primary" attr:data-action="make-group">
                    <Glyph icon=Icon::Plus />
                    {t!(i18n, start.group.make)}
                </A>
            </p>
        </Step>
    }
}

#[component]
fn AskStep(
    stage: Memo<Stage>,
    groups: Load<Vec<ModelGroup>>,
    on_answer: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let choice = use_group_choice(groups);
    let GroupChoice { known, chosen, .. } = choice;
    let id = Memo::new(move |_| chosen.with(|chosen| chosen.as_ref().map(|offer| offer.id)));
    let nobody = move || {
        let Offer {
            id, availability, ..
        } = chosen.get()?;
        (!availability.is_available()).then(|| {
            view! {
                <Notice tone=Tone::Warn title=t_signal!(i18n, start.ask.nobody)>
                    <p>
                        <A href=format!("/models/groups/{id}")>{t!(i18n, start.ask.why)}</A>
                    </p>
                </Notice>
            }
        })
    };
    view! {
        <Step
            name="ask"
            number=3
            stage
            title=t_signal!(i18n, start.ask.title)
            text=t_signal!(i18n, start.ask.text)
        >
            <Show when=move || known.with(|known| known.iter().flatten().count() > 1)>
                <div class="field guide-choice">
                    <label for="start-group">{t!(i18n, start.ask.group)}</label>
                    <select
                        id="start-group"
                        class="input select"
                        on:change:target=move |event| choice.want(event.target().value().parse().ok())
                    >
                        <For each=move || known.get().unwrap_or_default() key=|offer| (offer.id, offer.name.clone()) let:offer>
                            <option
                                value=offer.id.to_string()
                                prop:selected=move || id.get() == Some(offer.id)
                            >
                                {offer.name}
                            </option>
                        </For>
                    </select>
                </div>
            </Show>
            {nobody}
            {move || id.get().map(|id| view! { <Ask id on_answer /> })}
        </Step>
    }
}

/// Whether anybody has had an answer.
fn has_answered(used: &UsageNumbers) -> bool {
    used.requests > used.errors + used.caller_left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_that_failed_or_were_given_up_are_no_answer() {
        let used = |requests, errors, caller_left| UsageNumbers {
            requests,
            errors,
            caller_left,
            ..UsageNumbers::default()
        };
        assert!(!has_answered(&used(0, 0, 0)));
        assert!(!has_answered(&used(3, 2, 1)));
        assert!(has_answered(&used(4, 2, 1)));
    }
}
