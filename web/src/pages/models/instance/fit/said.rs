//! Whether a model fits, in words, beside the figures that it follows from.

use leptos::prelude::*;
use understudy_shared::fit::{Fit, Needs, Room};
use understudy_shared::{GpuSource, Host};

use crate::components::badge::Tone;
use crate::components::notice::Notice;
use crate::i18n::words::Words;
use crate::i18n::{t, t_string, use_i18n, words};

/// The verdict in a few words.
pub fn brief(i18n: Words, fit: &Fit) -> String {
    match fit.room {
        Room::Gpu => t_string!(i18n, fit.room.gpu).to_owned(),
        Room::Gpus => t_string!(i18n, fit.room.gpus).to_owned(),
        Room::Memory => t_string!(i18n, fit.room.memory).to_owned(),
        Room::Both => t_string!(i18n, fit.room.both).to_owned(),
        Room::Later(missing) => t_string!(i18n, fit.room.later, size = words::size(i18n, missing)),
        Room::Nowhere(missing) => {
            t_string!(i18n, fit.room.nowhere, size = words::size(i18n, missing))
        }
    }
}

fn tone(fit: &Fit) -> Tone {
    match fit.room {
        Room::Nowhere(_) => Tone::Bad,
        Room::Later(_) | Room::Both => Tone::Warn,
        _ if fit.tight || fit.beyond_training.is_some() => Tone::Warn,
        Room::Gpu | Room::Gpus | Room::Memory => Tone::Ok,
    }
}

/// The name of the room for tests.
fn room(fit: &Fit) -> &'static str {
    match fit.room {
        Room::Gpu => "gpu",
        Room::Gpus => "gpus",
        Room::Memory => "memory",
        Room::Both => "both",
        Room::Later(_) => "later",
        Room::Nowhere(_) => "nowhere",
    }
}

/// The verdict, its reasons, and what the model needs.
#[component]
pub fn Verdict(
    /// Whether it fits.
    fit: Fit,
    /// What it needs.
    needs: Needs,
    /// Tokens of context.
    tokens: u64,
) -> impl IntoView {
    let i18n = use_i18n();
    let count = move |number: u64| words::number(i18n, i64::try_from(number).unwrap_or(i64::MAX));
    let slow = matches!(fit.room, Room::Memory | Room::Later(_));
    let title = Signal::derive(move || brief(i18n, &fit));
    let rows = [
        ("weights", needs.weights),
        ("cache", needs.cache),
        ("compute", needs.compute),
        ("program", needs.program),
        ("total", needs.total()),
    ]
    .map(|(part, bytes)| {
        let word = move || match part {
            "weights" => t_string!(i18n, fit.needs.weights).to_owned(),
            "cache" => t_string!(i18n, fit.needs.cache, tokens = words::tokens(i18n, tokens)),
            "compute" => t_string!(i18n, fit.needs.compute).to_owned(),
            "program" => t_string!(i18n, fit.needs.program).to_owned(),
            _ => t_string!(i18n, fit.needs.total).to_owned(),
        };
        view! {
            <div data-part=part>
                <dt>{word}</dt>
                <dd>{move || words::size(i18n, bytes)}</dd>
            </div>
        }
    })
    .collect_view();
    view! {
        <div data-fit=room(&fit)>
            <Notice tone=tone(&fit) title>
                {slow.then(|| view! { <p>{t!(i18n, fit.note.slow)}</p> })}
                {fit.tight.then(|| view! { <p>{t!(i18n, fit.note.tight)}</p> })}
                {fit.beyond_own_limit.then(|| view! { <p>{t!(i18n, fit.note.limit)}</p> })}
                {fit
                    .beyond_training
                    .map(|trained| {
                        view! {
                            <p>{move || t_string!(i18n, fit.note.training, count = count(trained))}</p>
                        }
                    })}
            </Notice>
        </div>
        <dl class="figures" id="fit-needs">
            {rows}
        </dl>
    }
}

/// What the machine has.
#[component]
pub fn HostFigures(
    /// The machine.
    host: Host,
) -> impl IntoView {
    let i18n = use_i18n();
    let memory = host.memory;
    let processors = host.processors;
    let (cores, model) = (processors.count, processors.model);
    let of = move |free: u64, all: u64| {
        let (free, all) = (words::size(i18n, free), words::size(i18n, all));
        t_string!(i18n, fit.host.free, free, all)
    };
    let source = host.gpu_source;
    let none = move || match source {
        GpuSource::Nvml => t_string!(i18n, fit.host.no_gpu),
        GpuSource::NoDriver => t_string!(i18n, fit.host.no_driver),
        GpuSource::Failed => t_string!(i18n, fit.host.failed),
    };
    let lacks = host.gpus.is_empty();
    let gpus = host
        .gpus
        .into_iter()
        .map(|gpu| {
            let (free, all) = (gpu.memory_free_bytes, gpu.memory_total_bytes);
            view! {
                <div data-part="gpu">
                    <dt class="code">{gpu.name}</dt>
                    <dd>{move || of(free, all)}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <div class="fit-host">
            <p class="strong">
                {t!(i18n, fit.host.title)}
            </p>
            <dl class="figures" id="fit-host">
                <div data-part="memory">
                    <dt>{t!(i18n, fit.host.memory)}</dt>
                    <dd>{move || of(memory.available_bytes, memory.total_bytes)}</dd>
                </div>
                {memory
                    .limit_bytes
                    .map(|limit| {
                        view! {
                            <div data-part="limit">
                                <dt>{t!(i18n, fit.host.limit)}</dt>
                                <dd>{move || words::size(i18n, limit)}</dd>
                            </div>
                        }
                    })}
                <div data-part="processors">
                    <dt>{t!(i18n, fit.host.processors)}</dt>
                    <dd>
                        {cores} " "
                        // As the maker calls it, in every language.
                        <span class="code">{model}</span>
                    </dd>
                </div>
                {gpus}
                {lacks
                    .then(|| {
                        view! {
                            <div data-part="no-gpu">
                                <dt>{t!(i18n, fit.host.gpu)}</dt>
                                <dd>{none}</dd>
                            </div>
                        }
                    })}
            </dl>
        </div>
    }
}
