//! «Найти локальные серверы»: looks for servers of models on the service's machine when somebody asks, and offers what it finds.
//!
//! Rule: nothing is looked for by itself, and nothing that is found is taken without a click.

use form_urlencoded::Serializer;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use understudy_shared::{
    DiscoveredServer, Discovery, DiscoveryProbe, Engine, ProbeOutcome, Scheme,
};

use crate::api::{ApiError, use_api};
use crate::components::badge::{Badge, Tone};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::{ErrorNotice, Notice};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// Models of a server that are named; the others are counted.
const NAMED: usize = 3;
/// Commands that start a server where it is looked for.
const COMMANDS: &str =
    "ollama serve\nllama-server -m model.gguf --port 8001\nvllm serve Qwen/Qwen3-8B";

/// How far it is.
#[derive(Clone, PartialEq)]
enum Search {
    Idle,
    Running,
    Done(Discovery),
    Failed(ApiError),
}

/// The form of a new instance with what was found in it.
pub fn form_path(server: &DiscoveredServer) -> String {
    let endpoint = &server.endpoint;
    let mut query = Serializer::new(String::new());
    query
        .append_pair("scheme", endpoint.scheme.as_str())
        .append_pair("host", &endpoint.host)
        .append_pair("port", &endpoint.port.to_string())
        .append_pair("base_path", &endpoint.base_path);
    if let [model] = server.models.as_slice() {
        query.append_pair("model", model);
    }
    format!("/models/instances/new?{}", query.finish())
}

/// Reads an address that [`form_path`] has made; none if it is another.
pub fn from_path(get: impl Fn(&str) -> Option<String>) -> Option<Found> {
    let scheme = match get("scheme").as_deref() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    Some(Found {
        scheme,
        host: get("host")?,
        port: get("port")?.parse().ok()?,
        base_path: get("base_path").unwrap_or_default(),
        model: get("model").unwrap_or_default(),
    })
}

/// What of a server goes into a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Plain or over TLS.
    pub scheme: Scheme,
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path.
    pub base_path: String,
    /// Its only model; empty if it has several.
    pub model: String,
}

impl From<&DiscoveredServer> for Found {
    fn from(server: &DiscoveredServer) -> Self {
        let endpoint = server.endpoint.clone();
        Self {
            scheme: endpoint.scheme,
            host: endpoint.host,
            port: endpoint.port,
            base_path: endpoint.base_path,
            model: match server.models.as_slice() {
                [model] => model.clone(),
                _ => String::new(),
            },
        }
    }
}

/// The name of a program; none of one that shows no marks.
fn name(engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::LlamaCpp => Some("llama.cpp"),
        Engine::Vllm => Some("vLLM"),
        Engine::Ollama => Some("Ollama"),
        Engine::LmStudio => Some("LM Studio"),
        Engine::LocalAi => Some("LocalAI"),
        Engine::TextGenerationWebui => Some("text-generation-webui"),
        Engine::Sglang => Some("SGLang"),
        Engine::Unknown => None,
    }
}

/// The button, and what came of it.
#[component]
pub fn LocalServers(
    /// What the button of a server says.
    #[prop(into)]
    take: Signal<String>,
    /// Takes a server.
    #[prop(into)]
    on_take: Callback<DiscoveredServer>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let search = RwSignal::new(Search::Idle);
    let running = Memo::new(move |_| search.with(|search| *search == Search::Running));
    let run = move |()| {
        if running.get_untracked() {
            return;
        }
        search.set(Search::Running);
        spawn_local(async move {
            let found = api.discover_model_instances().await;
            search.try_set(found.map_or_else(Search::Failed, Search::Done));
        });
    };
    let said = move || {
        search.with(|search| match search {
            Search::Running => t_string!(i18n, servers.searching).to_owned(),
            Search::Done(found) => {
                let count = found.servers.len();
                t_string!(i18n, servers.found, count)
            }
            Search::Idle | Search::Failed(_) => String::new(),
        })
    };
    let shown = move || match search.get() {
        Search::Idle | Search::Running => ().into_any(),
        Search::Failed(error) => {
            view! { <ErrorNotice error retry=Callback::new(run) /> }.into_any()
        }
        Search::Done(found) if found.servers.is_empty() => {
            view! { <Nothing probes=found.probes /> }.into_any()
        }
        Search::Done(found) => {
            let servers = found.servers.into_iter();
            let servers = servers
                .map(|server| view! { <Server server take on_take /> })
                .collect_view();
            view! {
                <ul class="servers-list">{servers}</ul>
                <Probes probes=found.probes />
            }
            .into_any()
        }
    };
    view! {
        <div class="servers" id="local-servers" aria-busy=move || running.get().to_string()>
            <div class="servers-ask">
                <button
                    type="button"
                    class="button"
                    data-action="discover"
                    aria-disabled=move || running.get().to_string()
                    on:click=move |_| run(())
                >
                    <Glyph icon=Icon::Search />
                    {t!(i18n, servers.find)}
                </button>
                <p class="hint">{t!(i18n, servers.hint)}</p>
            </div>
            <p class="minor" role="status" data-part="said">{said}</p>
            {shown}
        </div>
    }
}

#[component]
fn Server(
    server: DiscoveredServer,
    take: Signal<String>,
    on_take: Callback<DiscoveredServer>,
) -> impl IntoView {
    let i18n = use_i18n();
    let engine = server.engine;
    let called = move || {
        name(engine).map_or_else(
            || t_string!(i18n, servers.unknown).to_owned(),
            str::to_owned,
        )
    };
    let models = {
        let models = server.models.clone();
        move || {
            let more = models.len().saturating_sub(NAMED);
            let named = models.iter().take(NAMED).cloned().collect::<Vec<_>>();
            match (models.is_empty(), more) {
                (true, _) => t_string!(i18n, servers.no_models).to_owned(),
                (false, 0) => named.join(", "),
                (false, more) => {
                    t_string!(i18n, servers.more_models, named = named.join(", "), more)
                }
            }
        }
    };
    let connected = server
        .instances
        .clone()
        .into_iter()
        .map(|instance| {
            let href = format!("/models/instances/{}", instance.id);
            view! { <li><A href=href>{instance.name}</A></li> }
        })
        .collect::<Vec<_>>();
    let connected = (!connected.is_empty()).then(|| {
        view! {
            <div class="servers-connected">
                <span>{t!(i18n, servers.connected)}</span>
                <ul class="inline-list">{connected}</ul>
            </div>
        }
    });
    let label = {
        let address = server.base_url.clone();
        move || format!("{}: {address}", take.get())
    };
    let port = server.endpoint.port;
    let address = server.base_url.clone();
    let locked = server.requires_token;
    view! {
        <li class="servers-one" data-port=port>
            <div class="servers-what">
                <p>
                    <span class="strong">{called}</span>
                    " "
                    <code>{address}</code>
                </p>
                <p class="minor">{models}</p>
                {locked
                    .then(|| {
                        view! {
                            <Badge tone=Tone::Warn icon=Icon::Key word=t_signal!(i18n, servers.locked) />
                        }
                    })}
                {connected}
            </div>
            <button
                type="button"
                class="button small"
                data-action="take"
                aria-label=label
                on:click=move |_| on_take.run(server.clone())
            >
                {take}
            </button>
        </li>
    }
}

/// What to do when nothing was found.
#[component]
fn Nothing(probes: Vec<DiscoveryProbe>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div id="local-servers-empty">
            <Notice tone=Tone::Idle title=t_signal!(i18n, servers.nothing)>
                <p>{t!(i18n, servers.start_one)}</p>
                <pre class="servers-commands" tabindex="0" role="region" aria-label=move || t_string!(i18n, servers.commands)>
                    <code>{COMMANDS}</code>
                </pre>
                <p>{t!(i18n, servers.elsewhere)}</p>
            </Notice>
        </div>
        <Probes probes />
    }
}

/// Where was looked.
#[component]
fn Probes(probes: Vec<DiscoveryProbe>) -> impl IntoView {
    let i18n = use_i18n();
    let rows = probes
        .into_iter()
        .map(|probe| {
            let place = format!("{}:{}", probe.host, probe.port);
            let usual = probe.usual.into_iter().filter_map(name);
            let usual = usual.collect::<Vec<_>>().join(", ");
            let outcome = move || match probe.outcome {
                ProbeOutcome::Found => t_string!(i18n, servers.outcome.found),
                ProbeOutcome::Nobody => t_string!(i18n, servers.outcome.nobody),
                ProbeOutcome::Silent => t_string!(i18n, servers.outcome.silent),
                ProbeOutcome::Other => t_string!(i18n, servers.outcome.other),
                ProbeOutcome::Denied => t_string!(i18n, servers.outcome.denied),
            };
            view! {
                <li>
                    <code>{place}</code>
                    <span class="minor">{usual}</span>
                    <span>{outcome}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="servers-probes">
            <summary>{t!(i18n, servers.places)}</summary>
            <ul>{rows}</ul>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use understudy_shared::Endpoint;

    use super::*;

    #[test]
    fn what_was_found_goes_through_an_address() {
        let server = |models: &[&str]| DiscoveredServer {
            engine: Engine::Ollama,
            endpoint: Endpoint {
                scheme: Scheme::Http,
                host: "::1".to_owned(),
                port: 11434,
                base_path: "/v1".to_owned(),
            },
            base_url: String::new(),
            models: models.iter().map(|model| (*model).to_owned()).collect(),
            requires_token: false,
            instances: Vec::new(),
        };
        for models in [&["a/b c:d&e"][..], &["a", "b"], &[]] {
            let server = server(models);
            let path = form_path(&server);
            let (_, query) = path.split_once('?').unwrap();
            let pairs: HashMap<String, String> = form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            let found = from_path(|name| pairs.get(name).cloned());
            assert_eq!(found, Some(Found::from(&server)), "{path}");
        }
        assert_eq!(from_path(|_| None), None);
    }
}
