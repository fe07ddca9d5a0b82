//! The instances that a group may have, with what is known of each at this moment.

use std::collections::HashMap;
use std::sync::Arc;

use leptos::prelude::*;
use understudy_shared::{InstanceStatus, ModelInstance, ModelInstanceId, ResourceKind};

use crate::api::{ApiError, use_api};
use crate::live::{Live, use_live};
use crate::load::Load;

/// All instances of the service.
#[derive(Clone, Copy)]
pub struct Known {
    load: Load<Vec<ModelInstance>>,
    by_id: Memo<HashMap<ModelInstanceId, Arc<ModelInstance>>>,
    live: Live,
    /// What an action on this page has told of an instance before the stream does.
    told: RwSignal<HashMap<ModelInstanceId, InstanceStatus>>,
}

impl Known {
    /// Loads them, and follows what changes.
    pub fn load() -> Self {
        let api = use_api();
        let load = Load::live(&[ResourceKind::ModelInstance], move || {
            api.all_model_instances()
        });
        let by_id = Memo::new(move |_| {
            let instances = load.value().unwrap_or_default();
            instances
                .into_iter()
                .map(|instance| (instance.id, Arc::new(instance)))
                .collect()
        });
        let told = RwSignal::new(HashMap::new());
        Effect::new(move |_| {
            // What was loaded later is newer.
            load.asked_at();
            told.set(HashMap::new());
        });
        Self {
            load,
            by_id,
            live: use_live(),
            told,
        }
    }

    /// All of them, by name; tracked. None until they are loaded.
    pub fn all(self) -> Option<Vec<ModelInstance>> {
        self.load.value()
    }

    /// Why they could not be loaded; tracked.
    pub fn error(self) -> Option<ApiError> {
        self.load.error()
    }

    /// Loads them again.
    pub fn refresh(self) {
        self.load.refresh();
    }

    /// Whether they are loaded; tracked.
    pub fn is_loaded(self) -> bool {
        self.load.with(|_| ()).is_some()
    }

    /// One of them; tracked.
    pub fn get(self, id: ModelInstanceId) -> Option<Arc<ModelInstance>> {
        self.by_id.with(|instances| instances.get(&id).cloned())
    }

    /// Its name, or nothing if it is unknown; tracked.
    pub fn name(self, id: ModelInstanceId) -> String {
        self.by_id
            .with(|instances| instances.get(&id).map(|instance| instance.name.clone()))
            .unwrap_or_default()
    }

    /// How it is at this moment; tracked.
    pub fn status(self, id: ModelInstanceId) -> Option<InstanceStatus> {
        let instance = self.get(id)?;
        let live = self
            .live
            .status_of_instance(&instance, self.load.asked_at());
        let told = self.told.with(|told| told.get(&id).cloned());
        Some(told.filter(|told| told.since > live.since).unwrap_or(live))
    }

    /// Notes how an instance is, as the service has just answered.
    pub fn tell(self, instance: &ModelInstance) {
        let (id, status) = (instance.id, instance.status.clone());
        self.told.update(|told| {
            told.insert(id, status);
        });
    }
}
