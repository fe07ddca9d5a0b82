//! Who or what the requests belong to, each with its sums; one of them can be chosen for the charts.

use leptos::prelude::*;
use understudy_shared::{UsageItem, UsageName};

use super::Answered;
use super::figures::Figure;
use super::tools::by_words;
use super::view::View;
use crate::components::section::{ListSection, Stage};
use crate::components::table::Heading;
use crate::i18n::words::{self, Words};
use crate::i18n::{t_signal, t_string, use_i18n};
use crate::load::Load;

/// The name of what has this id, if a row tells it.
pub fn name_of(answered: &Answered, id: &str) -> Option<String> {
    let mut about = answered.usage.items.iter().filter_map(UsageItem::about);
    about
        .find(|about| about.id.as_deref() == Some(id))?
        .name
        .clone()
}

/// The table.
#[component]
pub fn ApartTable(apart: Load<Answered>, view: Memo<View>, go: Callback<View>) -> impl IntoView {
    let i18n = use_i18n();
    let answered = Memo::new(move |_| apart.value());
    let stage = Signal::derive(
        move || match (answered.with(Option::is_some), apart.error()) {
            (true, _) => Stage::Ready,
            (false, Some(error)) => Stage::Failed(error),
            (false, None) => Stage::Loading,
        },
    );
    let left_out = move || {
        let left = answered.get().map_or(0, |answered| answered.usage.left_out);
        (left > 0).then(|| {
            let count = words::number(i18n, i64::try_from(left).unwrap_or(i64::MAX));
            view! { <p class="minor card-body">{t_string!(i18n, usage.left_out, count)}</p> }
        })
    };
    let rows = move || {
        answered.get().map(|answered| {
            let most = answered
                .usage
                .items
                .iter()
                .map(|item| item.numbers.requests)
                .max();
            answered
                .usage
                .items
                .iter()
                .map(|item| row(i18n, item, most.unwrap_or(1), view, go))
                .collect_view()
        })
    };
    let title = Signal::derive(move || by_words(i18n, view.with(|view| view.by)).to_owned());
    view! {
        <ListSection
            id="usage-apart"
            title
            hint=t_signal!(i18n, usage.apart_hint)
            count=Signal::derive(|| None)
            stage
            changing=Signal::derive(move || {
                answered.with(|answered| answered.as_ref().is_some_and(|answered| {
                    view.with(|view| answered.view.by != view.by || answered.view.range != view.range)
                }))
            })
            retry=move |()| apart.refresh()
            empty=|| ()
        >
            <table role="table" aria-labelledby="usage-apart-title">
                <thead role="rowgroup">
                    <tr role="row">
                        <Heading column="name" label=t_signal!(i18n, usage.columns.name) />
                        <Heading column="requests" label=t_signal!(i18n, usage.columns.requests) />
                        <Heading column="errors" label=t_signal!(i18n, usage.columns.errors) />
                        <Heading column="failovers" label=t_signal!(i18n, usage.columns.failovers) />
                        <Heading column="first_byte" label=t_signal!(i18n, usage.columns.first_byte) />
                        <Heading column="tokens" label=t_signal!(i18n, usage.columns.tokens) />
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
            {left_out}
        </ListSection>
    }
}

fn row(i18n: Words, item: &UsageItem, most: u64, view: Memo<View>, go: Callback<View>) -> AnyView {
    let numbers = item.numbers.clone();
    let UsageName { id, name } = item.about().cloned().unwrap_or_default();
    let test_name = name.clone();
    let label = match (&id, name) {
        (None, _) => t_string!(i18n, usage.nobody).to_owned(),
        (Some(id), None) => id.clone(),
        (Some(_), Some(name)) => name,
    };
    let own = id.clone();
    let chosen = Memo::new(move |_| view.with(|view| own.is_some() && view.one == own));
    let cell = move |column: &'static str, label: fn(Words) -> &'static str, text: String| {
        view! {
            <td role="cell" data-column=column data-label=move || label(i18n)>
                {text}
            </td>
        }
    };
    let number = move |value: u64| words::number(i18n, i64::try_from(value).unwrap_or(i64::MAX));
    let who = match id {
        Some(id) => {
            let choose = move |_| {
                let one = (!chosen.get_untracked()).then(|| id.clone());
                go.run(View {
                    one,
                    ..view.get_untracked()
                });
            };
            view! {
                <button
                    type="button"
                    class="link-button"
                    data-action="choose"
                    aria-pressed=move || chosen.get().to_string()
                    on:click=choose
                >
                    {label}
                </button>
            }
            .into_any()
        }
        None => view! { <span class="minor">{label}</span> }.into_any(),
    };
    let share = numbers.requests * 100 / most.max(1);
    view! {
        <tr role="row" data-name=test_name data-selected=move || chosen.get().to_string()>
            <th role="rowheader" scope="row" data-column="name">
                {who}
            </th>
            <td
                role="cell"
                data-column="requests"
                data-label=move || t_string!(i18n, usage.columns.requests)
            >
                <span class="share">
                    <svg aria-hidden="true" width="64" height="8">
                        <rect class="share-all" width="100%" height="8" rx="2" />
                        <rect class="share-part" width=format!("{share}%") height="8" rx="2" />
                    </svg>
                    {number(numbers.requests)}
                </span>
            </td>
            {cell("errors", |i18n| t_string!(i18n, usage.columns.errors), number(numbers.errors))}
            {cell("failovers", |i18n| t_string!(i18n, usage.columns.failovers), number(numbers.failovers))}
            {cell(
                "first_byte",
                |i18n| t_string!(i18n, usage.columns.first_byte),
                Figure::FirstByteHalf.say(i18n, numbers.first_byte_ms_p50),
            )}
            {cell(
                "tokens",
                |i18n| t_string!(i18n, usage.columns.tokens),
                number(numbers.prompt_tokens + numbers.completion_tokens),
            )}
        </tr>
    }
    .into_any()
}
