//! What was found on the service's machine, on its way into the form of a new instance.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{DiscoveredServer, InstanceKind};

use super::checker::Checker;
use super::form::Form;
use crate::browser;
use crate::components::confirm::{Question, use_confirm};
use crate::components::toast::use_toasts;
use crate::i18n::{t_signal, tu_string, use_i18n};
use crate::pages::local_servers::{Found, LocalServers};

/// Fills the form with a server.
pub fn fill(form: Form, found: &Found) {
    form.kind.set(InstanceKind::Local.as_str().to_owned());
    form.scheme.set(found.scheme.as_str().to_owned());
    form.host.set(found.host.clone());
    form.port.set(found.port.to_string());
    form.base_path.set(found.base_path.clone());
    form.model.set(found.model.clone());
}

/// What of the form a server would replace.
fn replaced(form: Form) -> [String; 5] {
    [
        form.scheme.get_untracked(),
        form.host.get_untracked(),
        form.port.get_untracked(),
        form.base_path.get_untracked(),
        form.model.get_untracked(),
    ]
}

/// The search, which fills the form with what somebody takes.
#[component]
pub fn FindServers(
    /// The form.
    form: Form,
    /// The check, which then knows the models.
    checker: Checker,
) -> impl IntoView {
    let i18n = use_i18n();
    let confirm = use_confirm();
    let toasts = use_toasts();
    // What nobody has typed may be replaced without a question: what the form began with, and what was taken before.
    let untouched = StoredValue::new(replaced(form));
    let take = move |server: DiscoveredServer| {
        spawn_local(async move {
            if untouched.get_value() != replaced(form) {
                let question = Question::new(
                    tu_string!(i18n, servers.replace.title),
                    tu_string!(i18n, servers.replace.confirm),
                );
                let body = move || tu_string!(i18n, servers.replace.body);
                if !confirm.ask(question.body(body)).await {
                    return;
                }
            }
            fill(form, &Found::from(&server));
            untouched.set_value(replaced(form));
            checker.learn(server.models.clone());
            toasts.success(tu_string!(i18n, servers.taken, address = server.base_url));
            browser::focus("model");
        });
    };
    view! { <LocalServers take=t_signal!(i18n, servers.take) on_take=take /> }
}
