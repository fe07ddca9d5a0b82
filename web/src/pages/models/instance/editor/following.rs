//! What the form keeps up with by itself: the name that an address suggests, and the state of the stored instance.

use leptos::prelude::*;
use understudy_shared::{InstanceStatus, ModelInstance};

use super::super::address_fields::suggested_name;
use super::super::draft::Draft;
use super::super::form::Form;
use crate::components::form::FormErrors;
use crate::load::Load;

/// Gives a new instance a name until somebody types one.
pub(super) fn suggest_name(form: Form, draft: Memo<Draft>) {
    let suggested = Memo::new(move |_| draft.with(suggested_name));
    Effect::new(move |before: Option<String>| {
        let now = suggested.get();
        let own = form
            .name
            .with_untracked(|name| *name == before.clone().unwrap_or_default());
        if own {
            form.name.set(now.clone());
            // Nobody typed it, so that nobody would miss it.
            form.baseline
                .update(|baseline| baseline.name.clone_from(&now));
        }
        now
    });
}

/// Takes up what others change while nothing is typed here. True while it must not, as something is.
pub(super) fn follow(
    load: Load<ModelInstance>,
    base: RwSignal<Option<ModelInstance>>,
    form: Form,
    dirty: Memo<bool>,
    errors: FormErrors,
) -> Memo<bool> {
    let newer = Memo::new(move |_| {
        let version = base.with(|base| base.as_ref().map_or(0, |base| base.version));
        load.with(|instance| (instance.version > version).then(|| instance.clone()))
            .flatten()
    });
    Effect::new(move || {
        if let (Some(instance), false) = (newer.get(), dirty.get_untracked()) {
            errors.clear();
            form.show(&instance);
            base.set(Some(instance));
        }
    });
    Memo::new(move |_| dirty.get() && newer.with(Option::is_some))
}

/// Before anything is known.
pub(super) fn unknown_status() -> InstanceStatus {
    InstanceStatus {
        state: understudy_shared::InstanceState::Unknown,
        since: crate::browser::now(),
        checked_at: None,
        latency_ms: None,
        in_flight: 0,
        last_error: None,
        reason: String::new(),
        code: "not_asked".to_owned(),
        retry_at: None,
    }
}
