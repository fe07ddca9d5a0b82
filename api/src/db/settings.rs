//! The settings of the service: one row.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use understudy_shared::{AuditAction, AuditTargetKind, Settings, UpdateSettings};

use super::change::{Change, Target};
use super::convert::{number, to_json};
use super::schema::settings;
use crate::domain::changes::changes;

/// The settings as stored.
#[derive(Clone, Debug, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = settings, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct SettingsRow {
    /// Days that records of the audit log are kept; none = for ever.
    pub audit_retention_days: Option<i32>,
    /// Days that usage is kept; none = for ever.
    pub usage_retention_days: Option<i32>,
    /// Counts the changes.
    pub version: i64,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}

impl SettingsRow {
    /// What can be written of them.
    ///
    /// # Errors
    /// If a column holds something else.
    pub fn writable(&self) -> QueryResult<UpdateSettings> {
        Ok(UpdateSettings {
            audit_retention_days: self.audit_retention_days.map(number).transpose()?,
            usage_retention_days: self.usage_retention_days.map(number).transpose()?,
        })
    }

    /// The settings after a change.
    ///
    /// # Errors
    /// Only if a number does not fit, which validation excludes.
    pub fn changed(&self, wanted: &UpdateSettings, now: DateTime<Utc>) -> QueryResult<Self> {
        Ok(Self {
            audit_retention_days: wanted.audit_retention_days.map(number).transpose()?,
            usage_retention_days: wanted.usage_retention_days.map(number).transpose()?,
            version: self.version + 1,
            updated_at: now,
        })
    }

    /// The settings as an answer shows them.
    ///
    /// # Errors
    /// If a column holds something else.
    pub fn shown(&self) -> QueryResult<Settings> {
        let writable = self.writable()?;
        Ok(Settings {
            audit_retention_days: writable.audit_retention_days,
            usage_retention_days: writable.usage_retention_days,
            version: self.version,
            updated_at: self.updated_at,
        })
    }
}

/// The settings.
///
/// # Errors
/// If the database fails.
pub async fn get(conn: &mut AsyncPgConnection) -> QueryResult<SettingsRow> {
    settings::table
        .select(SettingsRow::as_select())
        .first(conn)
        .await
}

/// The settings, locked until the transaction ends.
///
/// # Errors
/// If the database fails.
pub async fn lock(conn: &mut AsyncPgConnection) -> QueryResult<SettingsRow> {
    settings::table
        .select(SettingsRow::as_select())
        .for_update()
        .first(conn)
        .await
}

/// Stores changed settings.
///
/// # Errors
/// If the database fails.
pub async fn update(
    change: &mut Change<'_>,
    before: &SettingsRow,
    after: &SettingsRow,
) -> QueryResult<()> {
    diesel::update(settings::table)
        .set(after)
        .execute(&mut **change)
        .await?;
    let target = Target::unnamed(AuditTargetKind::Settings);
    let changes = changes(
        &to_json(&before.writable()?)?,
        &to_json(&after.writable()?)?,
    );
    change
        .record(AuditAction::SettingsUpdate, target, changes)
        .await
}
