//! How the instance is checked while nobody asks it.

use leptos::prelude::*;
use understudy_shared::{HealthCheck, HealthCheckMode};

use super::super::draft::{CHECK_MODES, Draft};
use super::super::form::Form;
use crate::components::form::{Folded, FormErrors, NumberField, Select, SelectOption, TextField};
use crate::i18n::{t_signal, t_string, use_i18n, words};

/// The name of a way to check.
fn mode_words(i18n: words::Words, mode: HealthCheckMode) -> &'static str {
    match mode {
        HealthCheckMode::Auto => t_string!(i18n, instance.checks.modes.auto),
        HealthCheckMode::Models => t_string!(i18n, instance.checks.modes.models),
        HealthCheckMode::Http => t_string!(i18n, instance.checks.modes.http),
        HealthCheckMode::Tcp => t_string!(i18n, instance.checks.modes.tcp),
        HealthCheckMode::Chat => t_string!(i18n, instance.checks.modes.chat),
        HealthCheckMode::Off => t_string!(i18n, instance.checks.modes.off),
    }
}

/// What a way to check means.
fn mode_hint(i18n: words::Words, mode: HealthCheckMode) -> &'static str {
    match mode {
        HealthCheckMode::Auto => t_string!(i18n, instance.checks.hints.auto),
        HealthCheckMode::Models => t_string!(i18n, instance.checks.hints.models),
        HealthCheckMode::Http => t_string!(i18n, instance.checks.hints.http),
        HealthCheckMode::Tcp => t_string!(i18n, instance.checks.hints.tcp),
        HealthCheckMode::Chat => t_string!(i18n, instance.checks.hints.chat),
        HealthCheckMode::Off => t_string!(i18n, instance.checks.hints.off),
    }
}

/// How it is checked while nobody asks it.
#[component]
pub fn CheckFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// What the form means.
    draft: Memo<Draft>,
) -> impl IntoView {
    let i18n = use_i18n();
    let usual = HealthCheck::default();
    let read =
        Memo::new(move |_| draft.with(|draft| (draft.read_check(&mut Vec::new()), draft.kind)));
    let mode = Memo::new(move |_| read.with(|(check, _)| check.mode));
    let usual_interval = Memo::new(move |_| {
        read.with(|(check, kind)| {
            let unset = HealthCheck {
                mode: check.mode,
                ..HealthCheck::default()
            };
            u64::from(unset.interval_s_for(*kind))
        })
    });
    let changed = Signal::derive(move || read.with(|(check, _)| *check != HealthCheck::default()));
    let summary = Signal::derive(move || {
        if !changed.get() {
            return t_string!(i18n, instance.checks.usual, seconds = usual_interval.get());
        }
        let (check, kind) = read.get();
        if check.mode == HealthCheckMode::Off {
            return mode_words(i18n, check.mode).to_owned();
        }
        let every = t_string!(
            i18n,
            instance.checks.every,
            seconds = check.interval_s_for(kind)
        );
        format!("{} · {every}", mode_words(i18n, check.mode))
    });
    let options = CHECK_MODES
        .into_iter()
        .map(|mode| SelectOption {
            value: mode.as_str(),
            label: Signal::derive(move || mode_words(i18n, mode).to_owned()),
        })
        .collect();
    let unit = move || t_string!(i18n, instance.second).to_owned();
    view! {
        <Folded id="health-check" title=t_signal!(i18n, instance.checks.title) summary changed>
            <div class="field-row">
                <Select
                    id="health-check-mode"
                    label=t_signal!(i18n, instance.checks.mode)
                    value=form.check_mode
                    options
                    hint=Signal::derive(move || mode_hint(i18n, mode.get()).to_owned())
                    error=errors.at("health-check-mode")
                />
                <Show when=move || mode.get() == HealthCheckMode::Http>
                    <TextField
                        id="health-check-path"
                        label=t_signal!(i18n, instance.checks.path)
                        value=form.check_path
                        placeholder=t_signal!(i18n, instance.checks.path_example)
                        error=errors.at("health-check-path")
                        code=true
                    />
                </Show>
            </div>
            <Show when=move || mode.get() != HealthCheckMode::Off>
                <div class="field-row">
                    <NumberField
                        id="health-check-interval-s"
                        label=t_signal!(i18n, instance.checks.interval)
                        value=form.check_interval
                        unit=Signal::derive(unit)
                        default=Signal::derive(move || Some(usual_interval.get()))
                        error=errors.at("health-check-interval-s")
                    />
                    <NumberField
                        id="health-check-timeout-s"
                        label=t_signal!(i18n, instance.checks.timeout)
                        value=form.check_timeout
                        unit=Signal::derive(unit)
                        default=u64::from(usual.timeout_s)
                        error=errors.at("health-check-timeout-s")
                    />
                    <NumberField
                        id="health-check-fall"
                        label=t_signal!(i18n, instance.checks.fall)
                        value=form.check_fall
                        default=u64::from(usual.fall)
                        error=errors.at("health-check-fall")
                    />
                    <NumberField
                        id="health-check-rise"
                        label=t_signal!(i18n, instance.checks.rise)
                        value=form.check_rise
                        default=u64::from(usual.rise)
                        error=errors.at("health-check-rise")
                    />
                </div>
            </Show>
        </Folded>
    }
}
