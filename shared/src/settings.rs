//! Settings of the whole service that administrators change while it runs: `GET` and `PATCH /api/v1/settings`.
//!
//! The rule: what the process needs before it has a database is an environment variable; what people change their mind about is here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FieldError, rules};

/// Longest time that something is kept for, in days: a hundred years.
pub const MAX_RETENTION_DAYS: u32 = 36_500;

/// The settings of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Days that records of the audit log are kept; null = for ever.
    #[schema(example = 365)]
    pub audit_retention_days: Option<u32>,
    /// Days that usage is kept; null = for ever. Single requests are kept for 30 days at most, the hours that they are added up to for
    /// all of these days.
    #[schema(example = 400)]
    pub usage_retention_days: Option<u32>,
    /// Counts the changes; the `ETag` (read-only).
    #[schema(example = 1)]
    pub version: i64,
    /// Time of the last change (read-only).
    pub updated_at: DateTime<Utc>,
}

/// A merge patch (RFC 7396) of the settings: fields left out stay, `null` brings the default back. It is also what can be
/// written of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettings {
    /// Days that records of the audit log are kept, 1–36500; null = for ever, the default. Older ones are removed within an hour.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 365)]
    pub audit_retention_days: Option<u32>,
    /// Days that usage is kept, 1–36500; null = for ever, the default. Older usage is removed within an hour.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36_500, example = 400)]
    pub usage_retention_days: Option<u32>,
}

impl UpdateSettings {
    /// Every fault of the fields.
    pub fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        for (pointer, days) in [
            ("/audit_retention_days", self.audit_retention_days),
            ("/usage_retention_days", self.usage_retention_days),
        ] {
            rules::range_opt(&mut faults, pointer, days, 1, MAX_RETENTION_DAYS);
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_kept_for_a_day_at_least_or_for_ever() {
        let faults = |days| {
            let audit = UpdateSettings {
                audit_retention_days: days,
                ..UpdateSettings::default()
            };
            let usage = UpdateSettings {
                usage_retention_days: days,
                ..UpdateSettings::default()
            };
            assert_eq!(audit.faults().len(), usage.faults().len());
            audit.faults().len()
        };
        assert_eq!(
            (faults(None), faults(Some(1)), faults(Some(36_500))),
            (0, 0, 0)
        );
        assert_eq!((faults(Some(0)), faults(Some(36_501))), (1, 1));
    }
}
