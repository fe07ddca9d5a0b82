//! The screen «Использование»: how many requests there were, how they ended, how long they took and what they cost in tokens, over time and by
//! what they belong to. People with the least role see their own keys' requests alone; the service takes care of that.

mod figures;
mod table;
mod tools;
mod view;

use std::sync::Arc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_location, use_navigate};
use understudy_shared::{Role, Usage};

use super::use_title;
use crate::api::use_api;
use crate::browser;
use crate::components::badge::Tone;
use crate::components::chart::{Chart, Series, Shape};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::{ErrorNotice, Notice};
use crate::components::section::StaleNotice;
use crate::i18n::{t, t_signal, t_string, use_i18n, words};
use crate::load::Load;
use crate::session::use_session;
use figures::{Figure, Tiles, moments, over_time_table};
use table::ApartTable;
use tools::Tools;
use view::View;

/// An answer, and what was asked for it.
#[derive(Clone, PartialEq)]
struct Answered {
    view: View,
    usage: Arc<Usage>,
}

/// The page.
#[component]
pub fn UsagePage() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let session = use_session();
    use_title(move || t_string!(i18n, usage.title));
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    let view = Memo::new(move |before: Option<&View>| match before {
        Some(before) if path.get() != "/usage" => before.clone(),
        _ => View::read(&search.get()),
    });
    let navigate = StoredValue::new_local(use_navigate());
    let go = Callback::new(move |to: View| {
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate.with_value(|navigate| navigate(&to.write(), options));
    });
    let over_time = Load::polling(move || {
        let view = view.get_untracked();
        let query = view.over_time(browser::now());
        async move {
            let usage = Arc::new(api.get_usage(&query).await?);
            Ok(Answered { view, usage })
        }
    });
    let apart = Load::polling(move || {
        let view = view.get_untracked();
        let query = view.apart(browser::now());
        async move {
            let usage = Arc::new(api.get_usage(&query).await?);
            Ok(Answered { view, usage })
        }
    });
    Effect::new(move |before: Option<View>| {
        let view = view.get();
        if before.is_some_and(|before| before != view) {
            over_time.restart();
            apart.restart();
        }
        view
    });
    let refresh = move || {
        over_time.refresh();
        apart.refresh();
    };
    let own = Memo::new(move |_| session.user().is_some_and(|user| user.role == Role::User));
    let stage = Memo::new(move |_| {
        let requests = over_time.with(|answered| answered.usage.totals.requests);
        let all = apart.with(|answered| answered.usage.totals.requests);
        match (requests, all, over_time.error()) {
            (Some(0), Some(0), _) => Stage::Empty,
            (Some(_), _, _) => Stage::Ready,
            (None, _, Some(error)) => Stage::Failed(error),
            (None, _, None) => Stage::Loading,
        }
    });
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, usage.title)}</h1>
                <p class="sub">
                    {move || {
                        if own.get() {
                            t_string!(i18n, usage.lead_own)
                        } else {
                            t_string!(i18n, usage.lead)
                        }
                    }}
                </p>
            </div>
            <button
                type="button"
                class="button"
                id="refresh"
                aria-busy=move || over_time.is_busy().to_string()
                on:click=move |_| refresh()
            >
                <Glyph icon=Icon::Refresh />
                {t!(i18n, models.refresh)}
            </button>
        </div>
        <Tools view go apart />
        {move || {
            over_time
                .error()
                .filter(|_| over_time.with(|_| ()).is_some())
                .map(|error| view! { <StaleNotice error retry=move |()| refresh() /> })
        }}
        {move || match stage.get() {
            Stage::Loading => {
                view! {
                    <div class="form-page form-skeleton" aria-hidden="true">
                        <div class="card"></div>
                        <div class="card"></div>
                    </div>
                }
                    .into_any()
            }
            Stage::Failed(error) => {
                view! { <ErrorNotice error retry=Callback::new(move |()| refresh()) /> }.into_any()
            }
            Stage::Empty => view! { <Empty /> }.into_any(),
            Stage::Ready => view! { <Figures over_time apart view go /> }.into_any(),
        }}
    }
}

#[derive(Clone, PartialEq)]
enum Stage {
    Loading,
    Failed(crate::api::ApiError),
    Empty,
    Ready,
}

/// What would have to happen for figures to be here.
#[component]
fn Empty() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="card empty" id="usage-empty">
            <p class="empty-title">{t!(i18n, usage.empty)}</p>
            <p>{t!(i18n, usage.empty_hint)}</p>
            <p>
                <A href="/keys" attr:class="button">
                    {t!(i18n, usage.to_keys)}
                </A>
            </p>
        </div>
    }
}

#[component]
fn Figures(
    over_time: Load<Answered>,
    apart: Load<Answered>,
    view: Memo<View>,
    go: Callback<View>,
) -> impl IntoView {
    let i18n = use_i18n();
    let usage = Memo::new(move |_| over_time.value().map(|answered| answered.usage));
    let draw = move |figures: &'static [Figure]| {
        Signal::derive(move || {
            let usage = usage.get();
            Arc::new(
                usage
                    .map(|usage| moments(i18n, &usage, figures))
                    .unwrap_or_default(),
            )
        })
    };
    let series = move |figures: &[Figure]| -> Vec<Series> {
        figures.iter().map(|figure| figure.series(i18n)).collect()
    };
    let number = Callback::new(move |value: u64| {
        words::number(i18n, i64::try_from(value).unwrap_or(i64::MAX))
    });
    let time = Callback::new(move |value: u64| figures::milliseconds(i18n, value));
    let lost = move || {
        let lost = usage
            .get()
            .map(|usage| usage.lost)
            .filter(|lost| *lost > 0)?;
        let title = Signal::derive(move || t_string!(i18n, usage.lost, count = number.run(lost)));
        Some(view! {
            <Notice tone=Tone::Warn title>
                <p>{t!(i18n, usage.lost_hint)}</p>
            </Notice>
        })
    };
    view! {
        {lost}
        <Tiles usage />
        <div class="charts" aria-busy=move || over_time.is_busy().to_string()>
            <Chart
                id="chart-requests"
                title=t_signal!(i18n, usage.charts.requests)
                description=t_signal!(i18n, usage.charts.requests_text)
                shape=Shape::Bars
                series=series(Figure::REQUESTS)
                moments=draw(Figure::REQUESTS)
                words=number
            />
            <Chart
                id="chart-latency"
                title=t_signal!(i18n, usage.charts.latency)
                description=t_signal!(i18n, usage.charts.latency_text)
                shape=Shape::Lines
                series=series(Figure::LATENCY)
                moments=draw(Figure::LATENCY)
                words=time
            />
            <Chart
                id="chart-failovers"
                title=t_signal!(i18n, usage.charts.failovers)
                description=t_signal!(i18n, usage.charts.failovers_text)
                shape=Shape::Bars
                series=series(Figure::FAILOVERS)
                moments=draw(Figure::FAILOVERS)
                words=number
            />
            <Chart
                id="chart-tokens"
                title=t_signal!(i18n, usage.charts.tokens)
                description=t_signal!(i18n, usage.charts.tokens_text)
                shape=Shape::Bars
                series=series(Figure::TOKENS)
                moments=draw(Figure::TOKENS)
                words=number
            />
        </div>
        <details class="card figures-table">
            <summary>{t!(i18n, usage.as_table)}</summary>
            {move || usage.get().map(|usage| over_time_table(i18n, &usage))}
        </details>
        <ApartTable apart view go />
    }
}
