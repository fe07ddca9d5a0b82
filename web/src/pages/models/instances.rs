//! The section «Экземпляры моделей»: the connections to backends, and how each is at this moment.

use leptos::prelude::*;
use understudy_shared::{ModelInstance, Page};

use super::{ApiHint, Shown, stage};
use crate::age::Age;
use crate::clock::use_clock;
use crate::components::badge::{Badge, look};
use crate::components::section::{Cell, ListSection};
use crate::i18n::{t, t_string, use_i18n, words};
use crate::load::Load;

/// The section.
#[component]
pub fn Instances(
    /// The instances.
    load: Load<Page<ModelInstance>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let empty = move || {
        view! {
            <p class="empty-title">{t!(i18n, models.instances.empty)}</p>
            <p>{t!(i18n, models.instances.empty_hint)}</p>
            <ApiHint resource="model-instances" />
        }
    };
    view! {
        <ListSection
            id="instances"
            title=Signal::derive(move || t_string!(i18n, models.instances.title).to_owned())
            hint=Signal::derive(move || t_string!(i18n, models.instances.hint).to_owned())
            count=Signal::derive(move || load.with(|page| page.total))
            stage=Signal::derive(move || stage(load))
            retry=move |()| load.refresh()
            empty
        >
            <table role="table" aria-labelledby="instances-title">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!(i18n, models.instances.name)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.instances.state)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.instances.kind)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.instances.endpoint)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.instances.model)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.instances.reason)}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {move || {
                        load.value()
                            .map(|page| {
                                page.items
                                    .into_iter()
                                    .map(|instance| view! { <InstanceRow instance /> })
                                    .collect_view()
                            })
                    }}
                </tbody>
            </table>
            {move || {
                load.with(|page| (page.items.len(), page.total))
                    .map(|(shown, total)| view! { <Shown shown total /> })
            }}
        </ListSection>
    }
}

#[component]
fn InstanceRow(instance: ModelInstance) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let ModelInstance {
        id,
        name,
        kind,
        base_url,
        model,
        status,
        ..
    } = instance;
    let (tone, icon) = look(status.state);
    let word = Signal::derive(move || words::state(i18n, status.state).to_owned());
    let age = move || {
        let age = words::age(i18n, Age::between(status.since, clock.now()));
        t_string!(i18n, age.lasting, age)
    };
    let model = match model {
        Some(model) => view! { <code>{model}</code> }.into_any(),
        None => {
            view! { <span class="minor">{t!(i18n, models.instances.model_any)}</span> }.into_any()
        }
    };
    let state_name = serde_json::to_value(status.state)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned));
    view! {
        <tr role="row" data-id=id.to_string() data-name=name data-state=state_name>
            <th role="rowheader" scope="row" data-column="name">
                <span class="strong">{name.clone()}</span>
            </th>
            <Cell
                column="state"
                label=Signal::derive(move || t_string!(i18n, models.instances.state).to_owned())
            >
                <Badge tone icon word />
                <span class="minor age">{age}</span>
            </Cell>
            <Cell
                column="kind"
                label=Signal::derive(move || t_string!(i18n, models.instances.kind).to_owned())
            >
                {move || words::kind(i18n, kind)}
            </Cell>
            <Cell
                column="endpoint"
                label=Signal::derive(move || t_string!(i18n, models.instances.endpoint).to_owned())
            >
                <code>{base_url}</code>
            </Cell>
            <Cell
                column="model"
                label=Signal::derive(move || t_string!(i18n, models.instances.model).to_owned())
            >
                {model}
            </Cell>
            <Cell
                column="reason"
                label=Signal::derive(move || t_string!(i18n, models.instances.reason).to_owned())
            >
                // The service speaks English whatever the screen does.
                <span lang="en">{status.reason}</span>
            </Cell>
        </tr>
    }
}
