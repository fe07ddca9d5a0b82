//! The parts of the form that most people leave as they are. Each says in its head what in it differs from the defaults.

use leptos::prelude::*;
use understudy_shared::{Capability, HealthCheck, HealthCheckMode, Timeouts};

use super::draft::{CHECK_MODES, Draft};
use super::form::Form;
use crate::components::form::number;
use crate::components::form::{
    Check, Folded, FormErrors, KeyValueEditor, NumberField, Select, SelectOption, Switch, TextArea,
    TextField,
};
use crate::i18n::{t, t_signal, t_string, use_i18n, words};

/// Description and labels.
#[component]
pub fn About(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let labels = Memo::new(move |_| {
        form.labels
            .typed()
            .object(form.labels.values)
            .map_or(0, |labels| labels.len())
    });
    let changed = Memo::new(move |_| labels.get() > 0 || !form.description.with(String::is_empty));
    let summary = Signal::derive(move || {
        if !changed.get() {
            return t_string!(i18n, instance.about.nothing).to_owned();
        }
        let description = form
            .description
            .with(|text| text.lines().next().unwrap_or_default().to_owned());
        let count = labels.get();
        let labels = (count > 0).then(|| t_string!(i18n, instance.about.labels, count));
        [Some(description).filter(|text| !text.is_empty()), labels]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" · ")
    });
    view! {
        <Folded id="about" title=t_signal!(i18n, instance.about.title) summary changed>
            <TextArea
                id="description"
                label=t_signal!(i18n, instance.about.description)
                value=form.description
                rows=2
                error=errors.at("description")
            />
            <KeyValueEditor
                id="labels"
                label=t_signal!(i18n, instance.about.labels_title)
                hint=t_signal!(i18n, instance.about.labels_hint)
                pairs=form.labels
                example=("site", "berlin")
                errors
            />
        </Folded>
    }
}

/// What is changed in the body of a request.
#[component]
pub fn ParameterFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// What the form means.
    draft: Memo<Draft>,
) -> impl IntoView {
    let i18n = use_i18n();
    let counts = Memo::new(move |_| {
        let parameters = draft.with(|draft| draft.read().0.parameters);
        (
            parameters.defaults.len(),
            parameters.overrides.len(),
            parameters.strip.len(),
        )
    });
    let summary = Signal::derive(move || {
        let (defaults, overrides, strip) = counts.get();
        let part = |count: usize, text: String| (count > 0).then_some(text);
        let parts: Vec<String> = [
            part(
                defaults,
                t_string!(i18n, instance.parameters.defaults_count, count = defaults),
            ),
            part(
                overrides,
                t_string!(i18n, instance.parameters.overrides_count, count = overrides),
            ),
            part(
                strip,
                t_string!(i18n, instance.parameters.strip_count, count = strip),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            t_string!(i18n, instance.parameters.nothing).to_owned()
        } else {
            parts.join(" · ")
        }
    });
    view! {
        <Folded
            id="parameters"
            title=t_signal!(i18n, instance.parameters.title)
            summary
            changed=Signal::derive(move || counts.get() != (0, 0, 0))
        >
            <p class="hint">{t!(i18n, instance.parameters.order)}</p>
            <KeyValueEditor
                id="parameters-defaults"
                label=t_signal!(i18n, instance.parameters.defaults)
                hint=t_signal!(i18n, instance.parameters.defaults_hint)
                pairs=form.defaults
                example=("temperature", "0.2")
                errors
            />
            <KeyValueEditor
                id="parameters-overrides"
                label=t_signal!(i18n, instance.parameters.overrides)
                hint=t_signal!(i18n, instance.parameters.overrides_hint)
                pairs=form.overrides
                example=("max_tokens", "4096")
                errors
            />
            <TextField
                id="parameters-strip"
                label=t_signal!(i18n, instance.parameters.strip)
                hint=t_signal!(i18n, instance.parameters.strip_hint)
                value=form.strip
                placeholder=t_signal!(i18n, instance.parameters.strip_example)
                error=errors.at("parameters-strip")
                code=true
            />
        </Folded>
    }
}

/// How much the instance takes.
#[component]
pub fn LimitFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let filled = |text: RwSignal<String>| text.with(|text| !text.trim().is_empty());
    let changed =
        Signal::derive(move || filled(form.max_concurrency) || filled(form.requests_per_minute));
    let summary = Signal::derive(move || {
        let parts: Vec<String> = [
            filled(form.max_concurrency).then(|| {
                t_string!(
                    i18n,
                    instance.limits.at_once,
                    count = form.max_concurrency.get()
                )
            }),
            filled(form.requests_per_minute).then(|| {
                t_string!(
                    i18n,
                    instance.limits.a_minute,
                    count = form.requests_per_minute.get()
                )
            }),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            t_string!(i18n, instance.limits.nothing).to_owned()
        } else {
            parts.join(" · ")
        }
    });
    view! {
        <Folded id="limits" title=t_signal!(i18n, instance.limits.title) summary changed>
            <p class="hint">{t!(i18n, instance.limits.hint)}</p>
            <div class="field-row">
                <NumberField
                    id="limits-max-concurrency"
                    label=t_signal!(i18n, instance.limits.max_concurrency)
                    value=form.max_concurrency
                    unset=Signal::derive(move || t_string!(i18n, instance.limits.unlimited).to_owned())
                    error=errors.at("limits-max-concurrency")
                />
                <NumberField
                    id="limits-requests-per-minute"
                    label=t_signal!(i18n, instance.limits.requests_per_minute)
                    value=form.requests_per_minute
                    unset=Signal::derive(move || t_string!(i18n, instance.limits.unlimited).to_owned())
                    error=errors.at("limits-requests-per-minute")
                />
            </div>
        </Folded>
    }
}

/// How long to wait.
#[component]
pub fn TimeoutFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
    /// What the form means.
    draft: Memo<Draft>,
) -> impl IntoView {
    let i18n = use_i18n();
    let usual = Timeouts::default();
    let read = Memo::new(move |_| draft.with(|draft| draft.read().0.timeouts));
    let seconds = move |ms: u64| t_string!(i18n, instance.seconds, seconds = number::format(ms, 3));
    let changed = Signal::derive(move || read.get() != usual);
    let summary = Signal::derive(move || {
        let now = read.get();
        let part = |now: u64, usual: u64, name: &str| {
            (now != usual).then(|| format!("{name} {}", seconds(now)))
        };
        let parts: Vec<String> = [
            part(
                now.connect_ms,
                usual.connect_ms,
                t_string!(i18n, instance.timeouts.connect_short),
            ),
            part(
                now.first_byte_ms,
                usual.first_byte_ms,
                t_string!(i18n, instance.timeouts.first_byte_short),
            ),
            part(
                now.idle_ms,
                usual.idle_ms,
                t_string!(i18n, instance.timeouts.idle_short),
            ),
            part(
                now.total_ms,
                usual.total_ms,
                t_string!(i18n, instance.timeouts.total_short),
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        if parts.is_empty() {
            t_string!(i18n, instance.usual).to_owned()
        } else {
            parts.join(" · ")
        }
    });
    let unit = move || t_string!(i18n, instance.second).to_owned();
    let field = move |id: &'static str,
                      label: Signal<String>,
                      hint: Signal<String>,
                      value: RwSignal<String>,
                      usual: u64| {
        view! {
            <NumberField
                id
                label
                hint
                value
                unit=Signal::derive(unit)
                default=usual
                decimals=3
                error=errors.at(id)
            />
        }
    };
    view! {
        <Folded id="timeouts" title=t_signal!(i18n, instance.timeouts.title) summary changed>
            <div class="field-row">
                {field(
                    "timeouts-connect-ms",
                    t_signal!(i18n, instance.timeouts.connect),
                    t_signal!(i18n, instance.timeouts.connect_hint),
                    form.connect,
                    usual.connect_ms,
                )}
                {field(
                    "timeouts-first-byte-ms",
                    t_signal!(i18n, instance.timeouts.first_byte),
                    t_signal!(i18n, instance.timeouts.first_byte_hint),
                    form.first_byte,
                    usual.first_byte_ms,
                )}
                {field(
                    "timeouts-idle-ms",
                    t_signal!(i18n, instance.timeouts.idle),
                    t_signal!(i18n, instance.timeouts.idle_hint),
                    form.idle,
                    usual.idle_ms,
                )}
                {field(
                    "timeouts-total-ms",
                    t_signal!(i18n, instance.timeouts.total),
                    t_signal!(i18n, instance.timeouts.total_hint),
                    form.total,
                    usual.total_ms,
                )}
            </div>
        </Folded>
    }
}

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

/// How the backend proves who it is.
#[component]
pub fn TlsFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let has_pem = move || form.ca_pem.with(|pem| !pem.trim().is_empty());
    let changed = Signal::derive(move || form.insecure.get() || has_pem());
    let summary = Signal::derive(move || {
        match (form.insecure.get(), has_pem()) {
            (true, _) => t_string!(i18n, instance.tls.insecure_short),
            (false, true) => t_string!(i18n, instance.tls.own),
            (false, false) => t_string!(i18n, instance.tls.usual),
        }
        .to_owned()
    });
    view! {
        <Folded id="tls" title=t_signal!(i18n, instance.tls.title) summary changed>
            <TextArea
                id="tls-ca-pem"
                label=t_signal!(i18n, instance.tls.ca_pem)
                hint=t_signal!(i18n, instance.tls.ca_pem_hint)
                value=form.ca_pem
                rows=4
                placeholder=t_signal!(i18n, instance.tls.ca_pem_example)
                error=errors.at("tls-ca-pem")
                code=true
            />
            <Switch
                id="tls-insecure-skip-verify"
                label=t_signal!(i18n, instance.tls.insecure)
                value=form.insecure
                error=errors.at("tls-insecure-skip-verify")
            />
            <Show when=move || form.insecure.get()>
                <p class="field-error" role="status">
                    {t!(i18n, instance.tls.insecure_warning)}
                </p>
            </Show>
        </Folded>
    }
}

/// Every endpoint of the protocol, as it is named on the wire and in the address.
const CAPABILITIES: [(Capability, &str, &str); 9] = [
    (Capability::Chat, "chat", "/chat/completions"),
    (Capability::Completions, "completions", "/completions"),
    (Capability::Embeddings, "embeddings", "/embeddings"),
    (Capability::Responses, "responses", "/responses"),
    (Capability::Rerank, "rerank", "/rerank"),
    (Capability::Moderations, "moderations", "/moderations"),
    (Capability::Images, "images", "/images/generations"),
    (Capability::Speech, "speech", "/audio/speech"),
    (
        Capability::Transcriptions,
        "transcriptions",
        "/audio/transcriptions",
    ),
];

/// What the backend can do.
#[component]
pub fn CapabilityFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let filled = |text: RwSignal<String>| text.with(|text| !text.trim().is_empty());
    let yes_no = move |value: RwSignal<String>, yes: &str, no: &str| {
        value.with(|value| match value.as_str() {
            "yes" => Some(yes.to_owned()),
            "no" => Some(no.to_owned()),
            _ => None,
        })
    };
    let parts = Memo::new(move |_| {
        let endpoints = form.endpoints.with(|endpoints| {
            let names: Vec<&str> = CAPABILITIES
                .into_iter()
                .filter(|(own, ..)| endpoints.contains(own))
                .map(|(_, name, _)| name)
                .collect();
            (!names.is_empty()).then(|| names.join(", "))
        });
        let context = filled(form.context_length).then(|| {
            t_string!(
                i18n,
                instance.capabilities.context_short,
                count = form.context_length.get()
            )
        });
        let dimensions = filled(form.embedding_dimensions).then(|| {
            t_string!(
                i18n,
                instance.capabilities.dimensions_short,
                count = form.embedding_dimensions.get()
            )
        });
        let vision = yes_no(
            form.vision,
            t_string!(i18n, instance.capabilities.sees),
            t_string!(i18n, instance.capabilities.blind),
        );
        let tools = yes_no(
            form.tools,
            t_string!(i18n, instance.capabilities.calls),
            t_string!(i18n, instance.capabilities.no_calls),
        );
        [endpoints, context, vision, tools, dimensions]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
    });
    let changed = Signal::derive(move || parts.with(|parts| !parts.is_empty()));
    let summary = Signal::derive(move || {
        if changed.get() {
            parts.get().join(" · ")
        } else {
            t_string!(i18n, instance.capabilities.nothing).to_owned()
        }
    });
    let boxes = CAPABILITIES
        .into_iter()
        .map(|(own, name, path)| {
            let checked = RwSignal::new(false);
            // The list is the truth; the box follows it and changes it.
            Effect::new(move || {
                let now = form.endpoints.with(|endpoints| endpoints.contains(&own));
                if checked.get_untracked() != now {
                    checked.set(now);
                }
            });
            Effect::new(move |before: Option<bool>| {
                let now = checked.get();
                if before.is_some_and(|before| before != now) {
                    form.endpoints.update(|endpoints| {
                        endpoints.retain(|endpoint| *endpoint != own);
                        if now {
                            endpoints.push(own);
                        }
                        endpoints.sort();
                    });
                }
                now
            });
            view! {
                <Check id=format!("capabilities-{name}") label=Signal::derive(move || path.to_owned()) value=checked />
            }
        })
        .collect_view();
    let options = move || {
        vec![
            SelectOption {
                value: "",
                label: t_signal!(i18n, instance.capabilities.unknown),
            },
            SelectOption {
                value: "yes",
                label: t_signal!(i18n, instance.capabilities.yes),
            },
            SelectOption {
                value: "no",
                label: t_signal!(i18n, instance.capabilities.no),
            },
        ]
    };
    view! {
        <Folded id="capabilities" title=t_signal!(i18n, instance.capabilities.title) summary changed>
            <p class="hint">{t!(i18n, instance.capabilities.hint)}</p>
            <fieldset class="boxes" id="capabilities-endpoints" tabindex="-1">
                <legend>{t!(i18n, instance.capabilities.endpoints)}</legend>
                <div class="box-grid code">{boxes}</div>
            </fieldset>
            <div class="field-row">
                <NumberField
                    id="capabilities-context-length"
                    label=t_signal!(i18n, instance.capabilities.context)
                    value=form.context_length
                    unset=Signal::derive(move || t_string!(i18n, instance.capabilities.unknown).to_owned())
                    error=errors.at("capabilities-context-length")
                />
                <NumberField
                    id="capabilities-embedding-dimensions"
                    label=t_signal!(i18n, instance.capabilities.dimensions)
                    value=form.embedding_dimensions
                    unset=Signal::derive(move || t_string!(i18n, instance.capabilities.unknown).to_owned())
                    error=errors.at("capabilities-embedding-dimensions")
                />
                <Select
                    id="capabilities-vision"
                    label=t_signal!(i18n, instance.capabilities.vision)
                    value=form.vision
                    options=options()
                />
                <Select
                    id="capabilities-tools"
                    label=t_signal!(i18n, instance.capabilities.tools)
                    value=form.tools
                    options=options()
                />
            </div>
        </Folded>
    }
}
