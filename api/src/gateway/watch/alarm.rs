//! A failed request asks for a check of its instance.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use understudy_shared::ModelInstanceId;

/// Instances that somebody should look at.
#[derive(Debug, Default)]
pub struct Alarms {
    raised: Mutex<HashSet<ModelInstanceId>>,
    wake: Notify,
}

impl Alarms {
    /// Those of which a request failed since the last call, each once.
    pub fn take(&self) -> HashSet<ModelInstanceId> {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *raised)
    }

    /// Returns when there is something to take.
    pub async fn raised(&self) {
        self.wake.notified().await;
    }
}

/// How one instance raises an alarm.
#[derive(Debug)]
pub struct Alarm {
    id: ModelInstanceId,
    alarms: Arc<Alarms>,
}

impl Alarm {
    /// Of this instance.
    pub fn new(id: ModelInstanceId, alarms: Arc<Alarms>) -> Self {
        Self { id, alarms }
    }

    /// A request failed.
    pub fn raise(&self) {
        let raised = &self.alarms.raised;
        let mut raised = raised.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.insert(self.id) {
            self.alarms.wake.notify_one();
        }
    }
}
