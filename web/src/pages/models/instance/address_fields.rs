//! Where the backend listens: in parts for local and network instances, in one for cloud ones. Whatever is pasted is taken apart and shown.

use leptos::prelude::*;
use understudy_shared::Scheme;

use super::draft::Draft;
use super::form::Form;
use crate::address::{Note, Parts, cloud_endpoint, more_than_host};
use crate::components::form::{FormErrors, Select, SelectOption, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// Protocol, host, port and path.
#[component]
pub fn PartFields(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let take = move |parts: Parts| {
        if let Some(scheme) = parts.scheme {
            form.scheme.set(scheme.as_str().to_owned());
        }
        form.host.set(parts.host);
        let usual = parts.scheme.map(|scheme| match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        });
        if let Some(port) = parts.port.or(usual) {
            form.port.set(port.to_string());
        }
        if let Some(path) = parts.base_path {
            form.base_path.set(path);
        }
    };
    // A pasted address is taken apart at once; one that is typed, when the field is left.
    Effect::new(move || {
        let host = form.host.get();
        let pasted = host.contains("://") && !host.ends_with("://");
        if let Some(parts) = pasted.then(|| more_than_host(&host)).flatten() {
            take(parts);
        }
    });
    let left = move |()| {
        if let Some(parts) = form.host.with_untracked(|host| more_than_host(host)) {
            take(parts);
        }
    };
    let options = [(Scheme::Http, "http"), (Scheme::Https, "https")]
        .into_iter()
        .map(|(scheme, label)| SelectOption {
            value: scheme.as_str(),
            label: Signal::derive(move || label.to_owned()),
        })
        .collect();
    let whole = move || {
        let endpoint = form.read().endpoint()?;
        Some(endpoint.base_url())
    };
    view! {
        <div class="address-parts">
            <Select
                id="endpoint-scheme"
                label=t_signal!(i18n, instance.scheme)
                value=form.scheme
                options
                error=errors.at("endpoint-scheme")
            />
            <TextField
                id="endpoint-host"
                label=t_signal!(i18n, instance.host)
                value=form.host
                placeholder="10.0.0.7"
                error=errors.at("endpoint-host")
                required=true
                code=true
                on_left=left
            />
            <TextField
                id="endpoint-port"
                label=t_signal!(i18n, instance.port)
                value=form.port
                placeholder="8000"
                error=errors.at("endpoint-port")
                required=true
                code=true
            />
            <TextField
                id="endpoint-base-path"
                label=t_signal!(i18n, instance.base_path)
                value=form.base_path
                placeholder=t_signal!(i18n, instance.base_path_example)
                error=errors.at("endpoint-base-path")
                code=true
            />
        </div>
        <p class="hint address-split" id="endpoint-whole">
            {move || whole().map(|url| view! { <code>{url}</code> " · " })}
            {t!(i18n, instance.paste_whole)}
        </p>
    }
}

/// The whole address in one field.
#[component]
pub fn UrlField(
    /// The form.
    form: Form,
    /// Its faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    // What was mended when the field was left; the mended text itself has nothing more to mend.
    let mended = RwSignal::new(None::<(String, Vec<Note>)>);
    let read = Memo::new(move |_| cloud_endpoint(&form.url.read()).ok());
    let notes = Memo::new(move |_| {
        let url = form.url.get();
        let kept = mended.with(|mended| {
            mended
                .as_ref()
                .filter(|(text, _)| *text == url)
                .map(|(_, notes)| notes.clone())
        });
        kept.or_else(|| read.get().map(|(_, notes)| notes))
            .unwrap_or_default()
    });
    let left = move |()| {
        let stored = untrack(|| form.read()).stored_url;
        let url = form.url.get_untracked();
        // What is stored is as somebody wanted it.
        if stored.is_some_and(|(text, _)| text == url) {
            return;
        }
        if let Some((endpoint, notes)) = read.get_untracked() {
            let text = endpoint.base_url();
            if text != url {
                mended.set(Some((text.clone(), notes)));
                form.url.set(text);
            }
        }
    };
    let parts = move || {
        read.get().map(|(endpoint, _)| {
            let path = if endpoint.base_path.is_empty() {
                t_string!(i18n, instance.url.no_path).to_owned()
            } else {
                t_string!(i18n, instance.url.path, path = endpoint.base_path)
            };
            let port = t_string!(i18n, instance.url.port, port = endpoint.port);
            format!(
                "{} · {} · {port} · {path}",
                endpoint.scheme.as_str(),
                endpoint.host
            )
        })
    };
    let add_v1 = move |_| {
        form.url
            .update(|url| *url = format!("{}/v1", url.trim_end_matches('/')))
    };
    let note_words = move |note: &Note| match note {
        Note::Spaces => t_string!(i18n, instance.note.spaces).to_owned(),
        Note::NoScheme => t_string!(i18n, instance.note.no_scheme).to_owned(),
        Note::Userinfo => t_string!(i18n, instance.note.userinfo).to_owned(),
        Note::Query => t_string!(i18n, instance.note.query).to_owned(),
        Note::Fragment => t_string!(i18n, instance.note.fragment).to_owned(),
        Note::Call(call) => t_string!(i18n, instance.note.call, call = *call),
        Note::NoPath => t_string!(i18n, instance.note.no_path).to_owned(),
        Note::Plain => t_string!(i18n, instance.note.plain).to_owned(),
    };
    view! {
        <div class="url-field">
            <TextField
                id="endpoint-url"
                label=t_signal!(i18n, instance.url.label)
                value=form.url
                placeholder=t_signal!(i18n, instance.url.example)
                error=errors.at("endpoint-url")
                required=true
                code=true
                on_left=left
            />
            <p class="hint address-split" id="endpoint-parts">
                {parts}
            </p>
            <ul class="address-notes" role="status">
                {move || {
                    notes
                        .get()
                        .into_iter()
                        .map(|note| {
                            let is_path = note == Note::NoPath;
                            view! {
                                <li>
                                    <Glyph icon=Icon::Info />
                                    <span>{note_words(&note)}</span>
                                    {is_path
                                        .then(|| {
                                            view! {
                                                <button
                                                    type="button"
                                                    class="button small"
                                                    data-action="add-v1"
                                                    on:click=add_v1
                                                >
                                                    {t!(i18n, instance.url.add_v1)}
                                                </button>
                                            }
                                        })}
                                </li>
                            }
                        })
                        .collect_view()
                }}
            </ul>
        </div>
    }
}

/// A name for an instance that nobody named: its model and where it is.
pub fn suggested_name(draft: &Draft) -> String {
    let Some(endpoint) = draft
        .endpoint()
        .filter(|endpoint| endpoint.host.contains(['.', ':']) || endpoint.host.len() > 2)
    else {
        return draft.model.trim().to_owned();
    };
    let place = if draft.is_cloud() {
        endpoint.host
    } else {
        format!("{}:{}", endpoint.host, endpoint.port)
    };
    let model = draft.model.trim();
    // Providers put themselves before the name of a model: `meta-llama/Llama-3.1-8B`.
    let model = model.rsplit('/').next().unwrap_or(model);
    let name = if model.is_empty() {
        place
    } else {
        format!("{model} · {place}")
    };
    name.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use understudy_shared::InstanceKind;

    use super::*;

    #[test]
    fn a_name_is_suggested_from_model_and_place() {
        let mut draft = Draft::new(InstanceKind::Local);
        assert_eq!(suggested_name(&draft), "127.0.0.1:8000");
        draft.model = "meta-llama/Llama-3.1-8B".to_owned();
        assert_eq!(suggested_name(&draft), "Llama-3.1-8B · 127.0.0.1:8000");
        draft.kind = InstanceKind::Cloud;
        assert_eq!(suggested_name(&draft), "meta-llama/Llama-3.1-8B");
        draft.url = "https://api.openai.com/v1".to_owned();
        draft.model = "gpt-4.1".to_owned();
        assert_eq!(suggested_name(&draft), "gpt-4.1 · api.openai.com");
        draft.model = "x".repeat(200);
        assert_eq!(suggested_name(&draft).chars().count(), 100);
    }
}
