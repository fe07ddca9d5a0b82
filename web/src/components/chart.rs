//! Figures over time, drawn as SVG of our own (decision 0020 says why).
//!
//! Rules: a chart has a title and a description, and each of its moments is an element with all of its figures in words, reached by the arrow
//! keys: one tab stop for the chart. Series differ by their pattern or dashes as well as by their colour. Lengths are shares of the width, so
//! that nothing is measured and the chart fits wherever it stands.

mod scale;

use std::sync::Arc;

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::SvgElement;

use scale::{height, percent, round_up};

/// How series are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As bars, one series on top of the other.
    Bars,
    /// As lines.
    Lines,
}

/// One of the things that are drawn.
#[derive(Clone, Copy)]
pub struct Series {
    /// How it looks, as a name in the style sheet.
    pub look: &'static str,
    /// Whether its bars are hatched.
    pub hatched: bool,
    /// What it is.
    pub label: Signal<String>,
}

impl Series {
    /// What bars are filled with, where it is no plain colour.
    fn fill(self, id: &str) -> Option<String> {
        self.hatched.then(|| format!("url(#{id}-hatch)"))
    }
}

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it is, in full.
    pub when: String,
    /// When it is, in as few characters as can be, for the axis.
    pub short: String,
    /// A figure for each series; none where there is nothing to say.
    pub values: Vec<Option<u64>>,
}

/// Labels below the chart at most.
const LABELS: usize = 6;

/// The chart.
#[component]
pub fn Chart(
    /// Id of the chart, prefix of those in it.
    id: &'static str,
    /// What is drawn.
    #[prop(into)]
    title: Signal<String>,
    /// How to read it.
    #[prop(into)]
    description: Signal<String>,
    /// How it is drawn.
    shape: Shape,
    /// The series, from below.
    series: Vec<Series>,
    /// The figures.
    #[prop(into)]
    moments: Signal<Arc<Vec<Moment>>>,
    /// A figure in words.
    #[prop(into)]
    words: Callback<u64, String>,
) -> impl IntoView {
    let series = StoredValue::new(series);
    let active = RwSignal::new(None::<usize>);
    // What the pointer is at is read, and moves no tab stop.
    let pointed = RwSignal::new(None::<usize>);
    let end = Memo::new(move |_| {
        let most = moments.with(|moments| {
            let of = |moment: &Moment| {
                let values = moment.values.iter().flatten().copied();
                match shape {
                    Shape::Bars => values.sum(),
                    Shape::Lines => values.max().unwrap_or_default(),
                }
            };
            moments.iter().map(of).max().unwrap_or_default()
        });
        round_up(most)
    });
    let say = move |moment: &Moment| {
        let figures = series.with_value(|series| {
            let one = |(series, value): (&Series, &Option<u64>)| {
                let value = (*value).map(|value| words.run(value));
                format!(
                    "{}: {}",
                    series.label.get(),
                    value.unwrap_or_else(|| "—".to_owned())
                )
            };
            let all: Vec<String> = series.iter().zip(&moment.values).map(one).collect();
            all.join(", ")
        });
        format!("{}. {figures}", moment.when)
    };
    let readout = move || {
        let index = pointed.get().or_else(|| active.get())?;
        moments.with(|moments| moments.get(index).map(say))
    };
    let key = move |event: KeyboardEvent| {
        let last = moments
            .with_untracked(|moments| moments.len())
            .saturating_sub(1);
        let now = active.get_untracked().unwrap_or(last).min(last);
        let next = match event.key().as_str() {
            "ArrowLeft" => now.saturating_sub(1),
            "ArrowRight" => (now + 1).min(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        let found = document().get_element_by_id(&format!("{id}-{next}"));
        if let Some(found) = found.and_then(|found| found.dyn_into::<SvgElement>().ok()) {
            let _ = found.focus();
        }
    };
    let drawn = move || {
        let end = end.get();
        moments.with(|moments| {
            let count = moments.len();
            moments
                .iter()
                .enumerate()
                .map(|(index, moment)| {
                    let label = say(moment);
                    let marks = series.with_value(|series| match shape {
                        Shape::Bars => bars(id, index, count, moment, series, end),
                        Shape::Lines => lines(index, moments, series, end),
                    });
                    let (left, width) = column(index, count);
                    let is_stop = move || active.get().unwrap_or(count - 1).min(count - 1) == index;
                    view! {
                        <g
                            id=format!("{id}-{index}")
                            class="chart-moment"
                            role="img"
                            aria-label=label
                            tabindex=move || if is_stop() { "0" } else { "-1" }
                            on:focus=move |_| active.set(Some(index))
                            on:pointerenter=move |_| pointed.set(Some(index))
                        >
                            <rect class="chart-hit" x=left y="0" width=width height="100%" />
                            {marks}
                        </g>
                    }
                })
                .collect_view()
        })
    };
    let legend = series.with_value(|series| {
        let one = |series: &Series| {
            let (look, label, fill) = (series.look, series.label, series.fill(id));
            view! {
                <li>
                    <svg class="chart-key" aria-hidden="true" width="16" height="12">
                        {match shape {
                            Shape::Bars => {
                                view! { <rect data-look=look fill=fill x="0" y="0" width="16" height="12" rx="2" /> }
                                    .into_any()
                            }
                            Shape::Lines => {
                                view! { <line data-look=look x1="0" y1="6" x2="16" y2="6" /> }.into_any()
                            }
                        }}
                    </svg>
                    {label}
                </li>
            }
        };
        series.iter().map(one).collect_view()
    });
    let axis = move || {
        moments.with(|moments| {
            let count = moments.len();
            let every = count.div_ceil(LABELS).max(1);
            moments
                .iter()
                .enumerate()
                .step_by(every)
                .map(|(index, moment)| {
                    let (left, _) = column(index, count);
                    view! { <text x=left y="12">{moment.short.clone()}</text> }
                })
                .collect_view()
        })
    };
    let (title_id, text_id) = (format!("{id}-title"), format!("{id}-text"));
    let (labelled, described) = (title_id.clone(), text_id.clone());
    view! {
        <figure class="card chart" id=id>
            <figcaption>
                <h2>{title}</h2>
                <ul class="chart-legend">{legend}</ul>
            </figcaption>
            <div class="chart-body">
                <div class="chart-scale" aria-hidden="true">
                    <span>{move || words.run(end.get())}</span>
                    <span>"0"</span>
                </div>
                <svg
                    class="chart-plot"
                    role="group"
                    aria-labelledby=labelled
                    aria-describedby=described
                    on:keydown=key
                    on:pointerleave=move |_| pointed.set(None)
                    on:focusout=move |_| active.set(None)
                >
                    <title id=title_id>{title}</title>
                    <desc id=text_id>{description}</desc>
                    <defs>
                        <pattern
                            id=format!("{id}-hatch")
                            class="chart-hatch"
                            width="6"
                            height="6"
                            patternUnits="userSpaceOnUse"
                            patternTransform="rotate(45)"
                        >
                            <rect width="6" height="6" />
                            <line x1="0" y1="0" x2="0" y2="6" />
                        </pattern>
                    </defs>
                    <line class="chart-grid" x1="0" x2="100%" y1="0" y2="0" />
                    <line class="chart-grid" x1="0" x2="100%" y1="50%" y2="50%" />
                    <line class="chart-grid" x1="0" x2="100%" y1="100%" y2="100%" />
                    {drawn}
                </svg>
                <svg class="chart-axis" aria-hidden="true">
                    {axis}
                </svg>
            </div>
            <p class="chart-readout" aria-hidden="true">{move || readout().unwrap_or_else(|| description.get())}</p>
        </figure>
    }
}

/// Where a column begins and how wide it is.
fn column(index: usize, count: usize) -> (String, String) {
    let count = u64::try_from(count).unwrap_or(1).max(1);
    let index = u64::try_from(index).unwrap_or(0);
    let left = index * 1000 / count;
    let right = (index + 1) * 1000 / count;
    (percent(left), percent(right - left))
}

fn bars(
    id: &str,
    index: usize,
    count: usize,
    moment: &Moment,
    series: &[Series],
    end: u64,
) -> AnyView {
    let (left, width) = column(index, count);
    let mut below = 0;
    let bars = series
        .iter()
        .zip(&moment.values)
        .map(|(series, value)| {
            let tall = height(value.unwrap_or_default(), end);
            below += tall;
            let top = 1000_u64.saturating_sub(below);
            view! {
                <rect
                    class="chart-bar"
                    data-look=series.look
                    fill=series.fill(id)
                    x=left.clone()
                    y=percent(top)
                    width=width.clone()
                    height=percent(tall)
                />
            }
        })
        .collect_view();
    bars.into_any()
}

/// The lines from the moment before, and a point where there is none before or after.
fn lines(index: usize, moments: &[Moment], series: &[Series], end: u64) -> AnyView {
    let count = u64::try_from(moments.len()).unwrap_or(1).max(1);
    let middle = |index: usize| {
        let index = u64::try_from(index).unwrap_or(0);
        percent((index * 2 + 1) * 1000 / (count * 2))
    };
    let at = |index: usize, place: usize| {
        let value = moments.get(index)?.values.get(place).copied().flatten()?;
        Some(percent(1000_u64.saturating_sub(height(value, end))))
    };
    let marks = series
        .iter()
        .enumerate()
        .filter_map(|(place, series)| {
            let y = at(index, place)?;
            let before = index
                .checked_sub(1)
                .and_then(|before| Some((middle(before), at(before, place)?)));
            let line = before.map(|(x, y1)| {
                view! {
                    <line data-look=series.look x1=x y1=y1 x2=middle(index) y2=y.clone() />
                }
            });
            Some(view! {
                {line}
                <circle data-look=series.look cx=middle(index) cy=y r="2.5" />
            })
        })
        .collect_view();
    marks.into_any()
}
