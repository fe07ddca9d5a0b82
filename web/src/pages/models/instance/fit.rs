//! «Хватит ли ресурсов?»: what the machine of the service has, and what a model needs. Nothing here is part of the instance.
//!
//! Rule: a model's file stays on the person's computer. Its head is read here, piece by piece, and nothing of it is sent.

mod choose;
mod said;

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::Host;
use understudy_shared::fit::{Quantisation, Shape, fit};

use crate::api::{ApiError, use_api};
use crate::components::form::number::parse;
use crate::components::form::{Folded, NumberField, Select, SelectOption};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_signal, t_string, use_i18n, words};
use choose::{ChooseFile, Chosen, FileFault};
use said::{HostFigures, Verdict, brief};

/// Tokens of context unless somebody says otherwise: what a dialog of some length needs.
const CONTEXT: u64 = 8192;
/// More than any model has.
const MOST_PARAMETERS: u64 = 100_000_000_000_000;
/// More than any model was made for.
const MOST_CONTEXT: u64 = 100_000_000;

/// The part of the form.
#[component]
pub fn FitSection() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let host = RwSignal::new(None::<Result<Host, ApiError>>);
    let load = move |()| {
        spawn_local(async move {
            let answer = api.get_host().await;
            host.try_set(Some(answer));
        });
    };
    let source = RwSignal::new("file".to_owned());
    let file = RwSignal::new(None::<Result<Chosen, FileFault>>);
    let billions = RwSignal::new(String::new());
    let quantisation = RwSignal::new("4".to_owned());
    let context = RwSignal::new(String::new());
    // Billions with nine digits behind the point are parameters.
    let parameters = Memo::new(move |_| {
        let parsed = parse(&billions.read(), 9).map_err(drop)?;
        match parsed {
            Some(0) => Err(()),
            Some(number) if number > MOST_PARAMETERS => Err(()),
            number => Ok(number),
        }
    });
    let tokens = Memo::new(move |_| match parse(&context.read(), 0) {
        Ok(Some(number)) if (1..=MOST_CONTEXT).contains(&number) => Ok(number),
        Ok(None) => Ok(CONTEXT),
        _ => Err(()),
    });
    let shape = Memo::new(move |_| {
        if source.with(|source| source == "file") {
            return file.with(|file| Some(file.as_ref()?.as_ref().ok()?.shape));
        }
        let place: usize = quantisation.with(|place| place.parse().ok())?;
        let stored = Quantisation::ALL.get(place)?;
        Some(Shape::of_parameters(parameters.get().ok()??, *stored))
    });
    let found = Memo::new(move |_| {
        let (shape, tokens) = (shape.get()?, tokens.get().ok()?);
        let fit = host.with(|host| Some(fit(&shape, tokens, host.as_ref()?.as_ref().ok()?)))?;
        Some((fit, shape.needs(tokens), tokens))
    });
    let summary = Signal::derive(move || match found.get() {
        Some((fit, ..)) => brief(i18n, &fit),
        None => t_string!(i18n, fit.not_asked).to_owned(),
    });
    let number_error = move |broken: bool| broken.then(|| t_string!(i18n, fit.number).to_owned());
    let sources = ["file", "size"]
        .map(|value| {
            let word = move || match value {
                "file" => t_string!(i18n, fit.by_file),
                _ => t_string!(i18n, fit.by_size),
            };
            view! {
                <label>
                    <input
                        type="radio"
                        name="fit-source"
                        value=value
                        prop:checked=move || source.get() == value
                        on:change=move |_| source.set(value.to_owned())
                    />
                    <span>{word}</span>
                </label>
            }
        })
        .collect_view();
    let fields = move || {
        if source.with(|source| source == "file") {
            return view! { <ChooseFile file /> }.into_any();
        }
        let values = ["0", "1", "2", "3", "4", "5", "6"];
        let options = Quantisation::ALL.into_iter().zip(values);
        let options = options
            .map(|(stored, value)| SelectOption {
                value,
                label: Signal::derive(move || stored.name().to_owned()),
            })
            .collect();
        view! {
            <div class="field-row">
                <NumberField
                    id="fit-parameters"
                    label=t_signal!(i18n, fit.parameters)
                    value=billions
                    unit=t_signal!(i18n, fit.billions)
                    decimals=9
                    hint=t_signal!(i18n, fit.parameters_hint)
                    error=Signal::derive(move || number_error(parameters.get().is_err()))
                />
                <Select
                    id="fit-quantisation"
                    label=t_signal!(i18n, fit.quantisation)
                    value=quantisation
                    options
                />
            </div>
        }
        .into_any()
    };
    let trained = move || {
        let trained = file.with(|file| file.as_ref()?.as_ref().ok()?.shape.trained_context)?;
        let count = words::number(i18n, i64::try_from(trained).unwrap_or(i64::MAX));
        Some(t_string!(i18n, fit.trained, count))
    };
    let context_hint = Signal::derive(move || {
        trained().unwrap_or_else(|| t_string!(i18n, fit.context_hint).to_owned())
    });
    let machine = move || match host.get() {
        None => view! { <p class="minor" role="status">{t!(i18n, fit.loading)}</p> }.into_any(),
        Some(Err(error)) => view! { <ErrorNotice error retry=Callback::new(load) /> }.into_any(),
        Some(Ok(host)) => view! { <HostFigures host /> }.into_any(),
    };
    view! {
        <Folded id="fit" title=t_signal!(i18n, fit.title) summary on_open=Callback::new(load)>
            <p class="sub">{t!(i18n, fit.lead)}</p>
            <fieldset class="switch" id="fit-source">
                <legend class="unseen">{t!(i18n, fit.source)}</legend>
                {sources}
            </fieldset>
            {fields}
            <NumberField
                id="fit-context"
                label=t_signal!(i18n, fit.context)
                value=context
                unit=t_signal!(i18n, fit.tokens)
                default=CONTEXT
                hint=context_hint
                error=Signal::derive(move || number_error(tokens.get().is_err()))
            />
            <div class="fit-result" role="status">
                {move || {
                    found.get().map(|(fit, needs, tokens)| view! { <Verdict fit needs tokens /> })
                }}
            </div>
            {machine}
            <p>
                <button
                    type="button"
                    class="button small"
                    data-action="measure-again"
                    on:click=move |_| load(())
                >
                    <Glyph icon=Icon::Refresh />
                    {t!(i18n, fit.again)}
                </button>
            </p>
            <p class="hint">{t!(i18n, fit.caution)}</p>
        </Folded>
    }
}
