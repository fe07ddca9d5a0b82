//! What a plan tells of what it does.

use std::collections::HashMap;

use diesel::QueryResult;
use serde_json::Value;
use understudy_shared::{PlannedAction, PlannedChange, PlannedCounts, PlannedKind};
use uuid::Uuid;

use super::{WriteAssistant, WriteGroup, WriteInstance};
use crate::config_file::show::shown;
use crate::domain::changes::{Changes, changes};

/// The plan, as far as it is described.
#[derive(Default)]
pub(super) struct Described {
    pub counts: PlannedCounts,
    pub changes: Vec<PlannedChange>,
}

impl Described {
    /// Those that differ.
    pub(super) fn instances(
        &mut self,
        writes: Vec<WriteInstance>,
    ) -> QueryResult<Vec<WriteInstance>> {
        let mut differ = Vec::new();
        for write in writes {
            let before = match &write.before {
                Some(before) => before.audited(None)?,
                None => Value::Null,
            };
            let changed = changes(&before, &write.after.audited(write.before.as_ref())?);
            let kind = PlannedKind::ModelInstance;
            if self.differs(kind, &write.after.row.name, write.before.is_none(), changed) {
                differ.push(write);
            }
        }
        Ok(differ)
    }

    /// Those that differ.
    pub(super) fn groups(
        &mut self,
        writes: Vec<WriteGroup>,
        names: &HashMap<Uuid, String>,
    ) -> QueryResult<Vec<WriteGroup>> {
        let mut differ = Vec::new();
        for write in writes {
            let before = match &write.before {
                Some(before) => before.audited(names)?,
                None => Value::Null,
            };
            let changed = changes(&before, &write.after.audited(names)?);
            let kind = PlannedKind::ModelGroup;
            if self.differs(kind, &write.after.row.name, write.before.is_none(), changed) {
                differ.push(write);
            }
        }
        Ok(differ)
    }

    /// Those that differ.
    pub(super) fn assistants(
        &mut self,
        writes: Vec<WriteAssistant>,
        groups: &HashMap<Uuid, String>,
    ) -> Vec<WriteAssistant> {
        let mut differs = |write: &WriteAssistant| {
            let before = write.before.as_ref();
            let before = before.map_or(Value::Null, |before| before.audited(None, groups));
            let changed = changes(&before, &write.after.audited(write.before.as_ref(), groups));
            let (kind, name) = (PlannedKind::Assistant, &write.after.name);
            self.differs(kind, name, write.before.is_none(), changed)
        };
        writes.into_iter().filter(|write| differs(write)).collect()
    }

    fn differs(&mut self, kind: PlannedKind, name: &str, is_new: bool, changes: Changes) -> bool {
        if changes.is_empty() {
            self.counts.unchanged += 1;
            return false;
        }
        let (action, count) = if is_new {
            (PlannedAction::Create, &mut self.counts.create)
        } else {
            (PlannedAction::Update, &mut self.counts.update)
        };
        *count += 1;
        self.add(action, kind, name, changes);
        true
    }

    pub(super) fn deleted(&mut self, kind: PlannedKind, name: &str, changes: Changes) {
        self.counts.delete += 1;
        self.add(PlannedAction::Delete, kind, name, changes);
    }

    fn add(&mut self, action: PlannedAction, kind: PlannedKind, name: &str, changes: Changes) {
        self.changes.push(PlannedChange {
            action,
            kind,
            name: name.to_owned(),
            changes: shown(changes),
        });
    }
}
