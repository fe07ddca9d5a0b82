//! A transaction in which somebody changes something, and its records in the audit log.
//!
//! The rule: every function of `db` that writes what people manage takes a [`Change`] in place of a connection, and writes its own
//! record. So nothing is changed without an author, and record and change are stored together or not at all. What is no change of
//! theirs (that a key was used, that an access token was renewed, what checks found) takes a connection.

use std::ops::{Deref, DerefMut};

use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager as _};
use understudy_shared::{AuditAction, AuditOutcome, AuditTargetKind};
use uuid::Uuid;

use super::audit_log::{self, NewRecord};
use crate::auth::author::Author;
use crate::domain::changes::Changes;

/// A transaction in which somebody changes something. It is also its connection.
#[expect(missing_debug_implementations, reason = "a connection has none")]
pub struct Change<'a> {
    conn: &'a mut AsyncPgConnection,
    author: &'a Author,
}

/// What something is done to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its kind.
    pub kind: AuditTargetKind,
    /// Its id.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// A resource.
    pub fn new(kind: AuditTargetKind, id: Uuid, name: &'a str) -> Self {
        Self {
            kind,
            id: Some(id),
            name: Some(name),
        }
    }

    /// One without id and name, or of which nobody knows which one was meant.
    pub fn unnamed(kind: AuditTargetKind) -> Self {
        Self {
            kind,
            id: None,
            name: None,
        }
    }
}

impl<'a> Change<'a> {
    /// The transaction that this connection is in. Several changes of one author may share it, each with its record.
    ///
    /// # Errors
    /// If it is in none: then a record could be stored without its change.
    pub fn within(conn: &'a mut AsyncPgConnection, author: &'a Author) -> QueryResult<Self> {
        type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;
        let status = Manager::transaction_manager_status_mut(conn);
        match status.transaction_depth()? {
            Some(_) => Ok(Self { conn, author }),
            None => Err(Error::NotInTransaction),
        }
    }

    /// Records something that was done.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn record(
        &mut self,
        action: AuditAction,
        target: Target<'_>,
        changes: Changes,
    ) -> QueryResult<()> {
        self.record_as(AuditOutcome::Success, action, target, changes)
            .await
    }

    /// Records something that was tried.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn record_as(
        &mut self,
        outcome: AuditOutcome,
        action: AuditAction,
        target: Target<'_>,
        changes: Changes,
    ) -> QueryResult<()> {
        let record = NewRecord::new(self.author, action, target, outcome, &changes)?;
        audit_log::insert(self.conn, &record).await
    }
}

impl Deref for Change<'_> {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        self.conn
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.conn
    }
}
