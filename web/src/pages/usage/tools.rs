//! What the charts are about: which time, and which of the things that are told apart.

use chrono::NaiveDate;
use leptos::prelude::*;
use understudy_shared::{Role, UsageGroupBy};

use super::view::{RANGES, Range, View};
use super::{Answered, table};
use crate::browser;
use crate::components::table::{Chip, Choice, FilterSelect};
use crate::i18n::words::Words;
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::load::Load;
use crate::session::use_session;

/// The choices.
#[component]
pub fn Tools(view: Memo<View>, go: Callback<View>, apart: Load<Answered>) -> impl IntoView {
    let i18n = use_i18n();
    let session = use_session();
    let custom = RwSignal::new(false);
    let range = Memo::new(move |_| view.with(|view| view.range));
    let is_custom = Memo::new(move |_| custom.get() || matches!(range.get(), Range::Days(..)));
    let words = move |days: i64| match days {
        1 => t_string!(i18n, usage.ranges.day),
        7 => t_string!(i18n, usage.ranges.week),
        30 => t_string!(i18n, usage.ranges.month),
        _ => t_string!(i18n, usage.ranges.quarter),
    };
    let button = move |pressed: Signal<bool>,
                       name: &'static str,
                       label: Signal<String>,
                       choose: Callback<()>| {
        view! {
            <button
                type="button"
                class="button small"
                data-range=name
                aria-pressed=move || pressed.get().to_string()
                on:click=move |_| choose.run(())
            >
                {label}
            </button>
        }
    };
    let presets = RANGES
        .map(|(name, days)| {
            let pressed =
                Signal::derive(move || !is_custom.get() && range.get() == Range::Last(days));
            let choose = Callback::new(move |()| {
                custom.set(false);
                go.run(View {
                    range: Range::Last(days),
                    ..view.get_untracked()
                });
            });
            button(
                pressed,
                name,
                Signal::derive(move || words(days).to_owned()),
                choose,
            )
        })
        .collect_view();
    let open = Callback::new(move |()| custom.set(true));
    let own = button(
        is_custom.into(),
        "custom",
        t_signal!(i18n, usage.ranges.custom),
        open,
    );
    // A `user` sees themselves alone.
    let all = Memo::new(move |_| {
        session
            .user()
            .is_some_and(|user| user.role >= Role::Operator)
    });
    let choices = move || {
        UsageGroupBy::ALL
            .into_iter()
            .filter(|(_, by)| all.get_untracked() || *by != UsageGroupBy::User)
            .map(|(name, by)| Choice::new(name, move || by_words(i18n, by)))
            .filter(|choice| choice.value != View::default().by.name())
            .collect()
    };
    let by = Signal::derive(move || {
        view.with(|view| (view.by != View::default().by).then(|| view.by.name().to_owned()))
    });
    let set_by = Callback::new(move |name: Option<String>| {
        let found = UsageGroupBy::ALL
            .iter()
            .find(|(other, _)| Some(*other) == name.as_deref());
        let by = found.map_or(View::default().by, |(_, by)| *by);
        go.run(View {
            by,
            one: None,
            ..view.get_untracked()
        });
    });
    let one = Memo::new(move |_| view.with(|view| view.one.clone()));
    let chip = Signal::derive(move || {
        let id = one.get().unwrap_or_default();
        let name = apart
            .with(|answered| table::name_of(answered, &id))
            .flatten();
        format!(
            "{}: {}",
            view.with(|view| by_words(i18n, view.by)),
            name.unwrap_or(id)
        )
    });
    view! {
        <div class="tools usage-tools">
            <div class="button-row" role="group" aria-label=move || t_string!(i18n, usage.range)>
                {presets} {own}
            </div>
            <Show when=move || is_custom.get()>
                <Days view go />
            </Show>
            <FilterSelect
                name="by"
                label=t_signal!(i18n, usage.by)
                any=Signal::derive(move || by_words(i18n, View::default().by).to_owned())
                choices=choices()
                value=by
                on_change=set_by
            />
            <Show when=move || one.get().is_some()>
                <Chip
                    name="one"
                    text=chip
                    on_remove=move |()| go.run(View { one: None, ..view.get_untracked() })
                />
            </Show>
        </div>
    }
}

/// What requests are told apart by.
pub fn by_words(i18n: Words, by: UsageGroupBy) -> &'static str {
    match by {
        UsageGroupBy::Group => t_string!(i18n, usage.bys.group),
        UsageGroupBy::Instance => t_string!(i18n, usage.bys.instance),
        UsageGroupBy::Key => t_string!(i18n, usage.bys.key),
        UsageGroupBy::User => t_string!(i18n, usage.bys.user),
        UsageGroupBy::Endpoint => t_string!(i18n, usage.bys.endpoint),
    }
}

/// The first and the last day.
#[component]
fn Days(view: Memo<View>, go: Callback<View>) -> impl IntoView {
    let i18n = use_i18n();
    let today = browser::now().date_naive();
    let (first, last) = match view.with_untracked(|view| view.range) {
        Range::Days(from, to) => (from, to),
        Range::Last(days) => (today - chrono::TimeDelta::days(days - 1), today),
    };
    let from = RwSignal::new(first.to_string());
    let to = RwSignal::new(last.to_string());
    let wrong = RwSignal::new(false);
    let take = move || {
        let day = |text: String| text.parse::<NaiveDate>().ok();
        let days = day(from.get_untracked()).zip(day(to.get_untracked()));
        let days = days.filter(|(from, to)| View::is_range(*from, *to));
        wrong.set(days.is_none());
        if let Some((from, to)) = days {
            go.run(View {
                range: Range::Days(from, to),
                ..view.get_untracked()
            });
        }
    };
    let field = move |name: &'static str, label: Signal<String>, value: RwSignal<String>| {
        view! {
            <label class="filter-day">
                <span>{label}</span>
                <input
                    type="date"
                    class="input"
                    data-day=name
                    aria-invalid=move || wrong.get().then_some("true")
                    aria-describedby="usage-days-error"
                    prop:value=value
                    on:input:target=move |event| value.set(event.target().value())
                />
            </label>
        }
    };
    view! {
        <form
            class="usage-days"
            on:submit=move |event| {
                event.prevent_default();
                take();
            }
        >
            {field("from", t_signal!(i18n, audit.from), from)}
            {field("to", t_signal!(i18n, audit.to), to)}
            <button type="submit" class="button small" data-action="show-range">
                {t!(i18n, usage.show)}
            </button>
            <p class="field-error" id="usage-days-error" role="status">
                {move || wrong.get().then(|| t_string!(i18n, usage.wrong_days).to_owned())}
            </p>
        </form>
    }
}
