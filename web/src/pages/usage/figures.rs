//! What is drawn and written of an answer.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use understudy_shared::{Usage, UsageBucket, UsageItem, UsageNumbers};

use crate::browser;
use crate::components::chart::{Moment, Series};
use crate::i18n::words::{self, Words};
use crate::i18n::{t_string, use_i18n};

/// A figure of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Requests that got an answer, or whose caller left.
    Answered,
    /// Requests that got an error.
    Errors,
    /// Requests for which more than one instance was asked.
    Failovers,
    /// Half of the answers began within this time.
    FirstByteHalf,
    /// Nearly all of the answers began within this time.
    FirstByteMost,
    /// Half of the requests were over within this time.
    DurationHalf,
    /// Tokens of requests.
    Prompt,
    /// Tokens of answers.
    Completion,
}

impl Figure {
    /// The chart of requests.
    pub const REQUESTS: &'static [Self] = &[Self::Answered, Self::Errors];
    /// The chart of fail-overs.
    pub const FAILOVERS: &'static [Self] = &[Self::Failovers];
    /// The chart of times.
    pub const LATENCY: &'static [Self] =
        &[Self::FirstByteHalf, Self::FirstByteMost, Self::DurationHalf];
    /// The chart of tokens.
    pub const TOKENS: &'static [Self] = &[Self::Prompt, Self::Completion];
    /// The columns of the table.
    const COLUMNS: [Self; 8] = [
        Self::Answered,
        Self::Errors,
        Self::Failovers,
        Self::FirstByteHalf,
        Self::FirstByteMost,
        Self::DurationHalf,
        Self::Prompt,
        Self::Completion,
    ];

    /// Its value; none where there is nothing to say.
    fn of(self, numbers: &UsageNumbers) -> Option<u64> {
        match self {
            Self::Answered => Some(numbers.requests.saturating_sub(numbers.errors)),
            Self::Errors => Some(numbers.errors),
            Self::Failovers => Some(numbers.failovers),
            Self::FirstByteHalf => numbers.first_byte_ms_p50,
            Self::FirstByteMost => numbers.first_byte_ms_p95,
            Self::DurationHalf => numbers.duration_ms_p50,
            Self::Prompt => Some(numbers.prompt_tokens),
            Self::Completion => Some(numbers.completion_tokens),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Errors => "errors",
            Self::Failovers => "failovers",
            Self::FirstByteHalf => "half",
            Self::FirstByteMost => "most",
            Self::DurationHalf => "duration",
            Self::Prompt => "prompt",
            Self::Completion => "completion",
        }
    }

    fn is_time(self) -> bool {
        matches!(
            self,
            Self::FirstByteHalf | Self::FirstByteMost | Self::DurationHalf
        )
    }

    fn words(self, i18n: Words) -> &'static str {
        match self {
            Self::Answered => t_string!(i18n, usage.figures.answered),
            Self::Errors => t_string!(i18n, usage.figures.errors),
            Self::Failovers => t_string!(i18n, usage.figures.failovers),
            Self::FirstByteHalf => t_string!(i18n, usage.figures.first_byte_half),
            Self::FirstByteMost => t_string!(i18n, usage.figures.first_byte_most),
            Self::DurationHalf => t_string!(i18n, usage.figures.duration_half),
            Self::Prompt => t_string!(i18n, usage.figures.prompt),
            Self::Completion => t_string!(i18n, usage.figures.completion),
        }
    }

    /// As a series of a chart.
    pub fn series(self, i18n: Words) -> Series {
        Series {
            look: self.name(),
            hatched: matches!(self, Self::Errors | Self::Completion),
            label: Signal::derive(move || self.words(i18n).to_owned()),
        }
    }

    /// A value in words.
    pub fn say(self, i18n: Words, value: Option<u64>) -> String {
        match value {
            None => "—".to_owned(),
            Some(value) if self.is_time() => milliseconds(i18n, value),
            Some(value) => number(i18n, value),
        }
    }
}

fn number(i18n: Words, value: u64) -> String {
    words::number(i18n, i64::try_from(value).unwrap_or(i64::MAX))
}

/// A length of time: milliseconds up to ten seconds, then seconds.
pub fn milliseconds(i18n: Words, value: u64) -> String {
    if value < 10_000 {
        t_string!(i18n, usage.ms, count = number(i18n, value))
    } else {
        t_string!(i18n, usage.s, count = number(i18n, value / 1000))
    }
}

/// A moment for each bar of the range, also where nothing happened.
pub fn moments(i18n: Words, usage: &Usage, figures: &[Figure]) -> Vec<Moment> {
    let language = i18n.get_locale();
    let language = language.as_ref();
    let moment = |(at, numbers): (DateTime<Utc>, UsageNumbers)| Moment {
        when: when(usage.bucket, at, language),
        short: short(usage.bucket, at, language),
        values: figures.iter().map(|figure| figure.of(&numbers)).collect(),
    };
    every(usage).into_iter().map(moment).collect()
}

fn when(bucket: UsageBucket, at: DateTime<Utc>, language: &str) -> String {
    match bucket {
        UsageBucket::Hour => browser::local_time(at, language),
        UsageBucket::Day | UsageBucket::Total => browser::utc_day(at, language, true),
    }
}

fn short(bucket: UsageBucket, at: DateTime<Utc>, language: &str) -> String {
    match bucket {
        UsageBucket::Hour => browser::local_hour(at),
        UsageBucket::Day | UsageBucket::Total => browser::utc_day(at, language, false),
    }
}

/// The numbers of each bucket; the service leaves out those without requests.
fn every(usage: &Usage) -> Vec<(DateTime<Utc>, UsageNumbers)> {
    let step = match usage.bucket {
        UsageBucket::Hour => TimeDelta::hours(1),
        UsageBucket::Day => TimeDelta::days(1),
        UsageBucket::Total => usage.to - usage.from,
    };
    let mut all = Vec::new();
    let mut items = usage.items.iter().peekable();
    let mut at = usage.from;
    while at < usage.to && step > TimeDelta::zero() {
        let found = items.next_if(|item: &&UsageItem| item.bucket <= at);
        all.push((
            at,
            found.map(|item| item.numbers.clone()).unwrap_or_default(),
        ));
        at += step;
    }
    all
}

/// The sums, each as large as it is important.
#[component]
pub fn Tiles(
    /// The answer.
    usage: Memo<Option<Arc<Usage>>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let totals = Memo::new(move |_| {
        usage
            .get()
            .map(|usage| usage.totals.clone())
            .unwrap_or_default()
    });
    let tile = move |name: &'static str,
                     label: Signal<String>,
                     value: Signal<String>,
                     note: Signal<String>| {
        view! {
            <div class="card tile" data-figure=name>
                <dt>{label}</dt>
                <dd>
                    <span class="tile-value">{value}</span>
                    <span class="minor">{note}</span>
                </dd>
            </div>
        }
    };
    let text =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let value = move |read: fn(&UsageNumbers) -> u64| {
        Signal::derive(move || totals.with(|totals| number(i18n, read(totals))))
    };
    let of_all = move |part: fn(&UsageNumbers) -> u64| {
        Signal::derive(move || {
            totals.with(|totals| {
                share(part(totals), totals.requests)
                    .map_or_else(String::new, |share| t_string!(i18n, usage.of_all, share))
            })
        })
    };
    let half = Signal::derive(move || {
        Figure::FirstByteHalf.say(i18n, totals.with(|totals| totals.first_byte_ms_p50))
    });
    let most = Signal::derive(move || {
        let value = totals.with(|totals| totals.first_byte_ms_p95);
        t_string!(
            i18n,
            usage.most_within,
            time = Figure::FirstByteMost.say(i18n, value)
        )
    });
    let with_tokens = Signal::derive(move || {
        totals.with(|totals| {
            share(totals.with_tokens, totals.requests)
                .filter(|_| totals.with_tokens < totals.requests)
                .map_or_else(String::new, |share| {
                    t_string!(i18n, usage.tokens_known, share)
                })
        })
    });
    let left = Signal::derive(move || {
        let left = totals.with(|totals| totals.caller_left);
        if left == 0 {
            return String::new();
        }
        t_string!(i18n, usage.left, count = number(i18n, left))
    });
    view! {
        <dl class="tiles">
            {tile("requests", text(|i18n| t_string!(i18n, usage.tiles.requests)), value(|totals| totals.requests), left)}
            {tile("errors", text(|i18n| t_string!(i18n, usage.tiles.errors)), value(|totals| totals.errors), of_all(|totals| totals.errors))}
            {tile("failovers", text(|i18n| t_string!(i18n, usage.tiles.failovers)), value(|totals| totals.failovers), of_all(|totals| totals.failovers))}
            {tile("first-byte", text(|i18n| t_string!(i18n, usage.tiles.first_byte)), half, most)}
            {tile("tokens", text(|i18n| t_string!(i18n, usage.tiles.tokens)), value(|totals| totals.prompt_tokens + totals.completion_tokens), with_tokens)}
        </dl>
    }
}

/// A part in percent, with a digit behind the point where it is small.
fn share(part: u64, all: u64) -> Option<String> {
    if all == 0 {
        return None;
    }
    let thousandths = u128::from(part) * 1000 / u128::from(all);
    Some(if part > 0 && thousandths == 0 {
        "<0.1".to_owned()
    } else if thousandths < 100 && thousandths % 10 != 0 {
        format!("{}.{}", thousandths / 10, thousandths % 10)
    } else {
        (thousandths / 10).to_string()
    })
}

/// The figures of the charts as a table.
pub fn over_time_table(i18n: Words, usage: &Usage) -> AnyView {
    let language = i18n.get_locale();
    let heads = Figure::COLUMNS
        .map(|figure| view! { <th role="columnheader" scope="col">{figure.words(i18n)}</th> })
        .collect_view();
    let rows = every(usage)
        .into_iter()
        .map(|(at, numbers)| {
            let cells = Figure::COLUMNS
                .map(|figure| {
                    let text = figure.say(i18n, figure.of(&numbers));
                    view! { <td role="cell" data-label=figure.words(i18n)>{text}</td> }
                })
                .collect_view();
            view! {
                <tr role="row">
                    <th role="rowheader" scope="row">{when(usage.bucket, at, language.as_ref())}</th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=t_string!(i18n, usage.as_table)>
            <table role="table" class="numbers-table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t_string!(i18n, usage.time)}</th>
                        {heads}
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bucket_has_a_moment_and_those_without_requests_none_of_their_own() {
        let from: DateTime<Utc> = "2026-11-23T00:00:00Z".parse().unwrap();
        let numbers = UsageNumbers {
            requests: 5,
            errors: 2,
            ..UsageNumbers::default()
        };
        let hour = |hours| from + TimeDelta::hours(hours);
        let usage = Usage {
            from,
            to: hour(4),
            bucket: UsageBucket::Hour,
            group_by: None,
            items: vec![
                UsageItem::new(hour(1), None, numbers.clone()),
                UsageItem::new(hour(3), None, numbers),
            ],
            totals: UsageNumbers::default(),
            left_out: 0,
            lost: 0,
        };
        let requests: Vec<u64> = every(&usage)
            .iter()
            .map(|(_, numbers)| numbers.requests)
            .collect();
        assert_eq!(requests, [0, 5, 0, 5]);
        let (_, second) = &every(&usage)[1];
        assert_eq!(Figure::Answered.of(second), Some(3));
        assert_eq!(Figure::FirstByteHalf.of(second), None);
    }

    #[test]
    fn shares_are_rounded_but_never_to_nothing() {
        assert_eq!(share(0, 0), None);
        assert_eq!(share(0, 10).as_deref(), Some("0"));
        assert_eq!(share(1, 3).as_deref(), Some("33"));
        assert_eq!(share(7, 1000).as_deref(), Some("0.7"));
        assert_eq!(share(1, 100_000).as_deref(), Some("<0.1"));
        assert_eq!(share(10, 10).as_deref(), Some("100"));
    }
}
