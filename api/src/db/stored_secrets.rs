//! Every stored secret, wherever it is: for what concerns all of them, which is their keys.
//!
//! The rule: a new column with secrets has a `Column` here. The start of the service and `understudy rekey` know no others.

use diesel::prelude::*;
use diesel::sql_types::{Array, Bytea, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use understudy_shared::{AuditAction, AuditTargetKind};
use uuid::Uuid;

use super::change::{Change, Target};
use super::schema::{instance_headers, instance_proxies, instance_tokens, model_instances};
use crate::domain::changes::changes;
use crate::secrets::SecretPlace;

/// A column with secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Token,
    Header,
    Proxy,
}

/// A secret as it is stored, and what people know it by.
#[derive(Clone, Debug)]
pub struct StoredSecret {
    column: Column,
    id: Uuid,
    /// Name of the instance.
    pub instance: String,
    /// The token's label, the header's name or the proxy's address.
    pub label: String,
    /// The secret, encrypted.
    pub encrypted: Vec<u8>,
}

impl StoredSecret {
    /// Where it is stored.
    pub fn place(&self) -> SecretPlace {
        match self.column {
            Column::Token => SecretPlace::token(self.id),
            Column::Header => SecretPlace::header(self.id),
            Column::Proxy => SecretPlace::proxy(self.id),
        }
    }
}

/// Every stored secret.
///
/// # Errors
/// If the database fails.
pub async fn all(conn: &mut AsyncPgConnection) -> QueryResult<Vec<StoredSecret>> {
    type Row = (Uuid, String, String, Vec<u8>);
    let tokens: Vec<Row> = instance_tokens::table
        .inner_join(model_instances::table)
        .order(instance_tokens::id)
        .select((
            instance_tokens::id,
            model_instances::name,
            instance_tokens::label,
            instance_tokens::value_encrypted,
        ))
        .load(conn)
        .await?;
    let headers: Vec<Row> = instance_headers::table
        .inner_join(model_instances::table)
        .order(instance_headers::id)
        .select((
            instance_headers::id,
            model_instances::name,
            instance_headers::name,
            instance_headers::value_encrypted,
        ))
        .load(conn)
        .await?;
    let proxies: Vec<Row> = instance_proxies::table
        .inner_join(model_instances::table)
        .filter(instance_proxies::password_encrypted.is_not_null())
        .order(instance_proxies::id)
        .select((
            instance_proxies::id,
            model_instances::name,
            instance_proxies::url,
            instance_proxies::password_encrypted.assume_not_null(),
        ))
        .load(conn)
        .await?;
    let of = |column: Column| {
        move |(id, instance, label, encrypted): Row| StoredSecret {
            column,
            id,
            instance,
            label,
            encrypted,
        }
    };
    let tokens = tokens.into_iter().map(of(Column::Token));
    let headers = headers.into_iter().map(of(Column::Header));
    let proxies = proxies.into_iter().map(of(Column::Proxy));
    Ok(tokens.chain(headers).chain(proxies).collect())
}

/// Puts secrets that are encrypted anew in the place of the old ones, and tells how many. One that is no longer what it was when it was
/// read stays as it is: somebody has entered another one meanwhile. No version changes, since to people nothing does.
///
/// # Errors
/// If the database fails.
pub async fn replace(
    change: &mut Change<'_>,
    key: &str,
    secrets: &[(StoredSecret, Vec<u8>)],
) -> QueryResult<usize> {
    let mut replaced = 0;
    for (column, statement) in [
        (
            Column::Token,
            "UPDATE instance_tokens AS stored SET value_encrypted = given.new
             FROM unnest($1, $2, $3) AS given (id, old, new)
             WHERE stored.id = given.id AND stored.value_encrypted = given.old",
        ),
        (
            Column::Header,
            "UPDATE instance_headers AS stored SET value_encrypted = given.new
             FROM unnest($1, $2, $3) AS given (id, old, new)
             WHERE stored.id = given.id AND stored.value_encrypted = given.old",
        ),
        (
            Column::Proxy,
            "UPDATE instance_proxies AS stored SET password_encrypted = given.new
             FROM unnest($1, $2, $3) AS given (id, old, new)
             WHERE stored.id = given.id AND stored.password_encrypted = given.old",
        ),
    ] {
        let of_column = || secrets.iter().filter(|(stored, _)| stored.column == column);
        let ids: Vec<Uuid> = of_column().map(|(stored, _)| stored.id).collect();
        if ids.is_empty() {
            continue;
        }
        let old: Vec<&[u8]> = of_column().map(|(stored, _)| &*stored.encrypted).collect();
        let new: Vec<&[u8]> = of_column().map(|(_, new)| &**new).collect();
        replaced += diesel::sql_query(statement)
            .bind::<Array<SqlUuid>, _>(ids)
            .bind::<Array<Bytea>, _>(old)
            .bind::<Array<Bytea>, _>(new)
            .execute(&mut **change)
            .await?;
    }
    if replaced > 0 {
        let changes = changes(&Value::Null, &json!({"key": key, "secrets": replaced}));
        let target = Target::unnamed(AuditTargetKind::Secrets);
        change
            .record(AuditAction::SecretsRekey, target, changes)
            .await?;
    }
    Ok(replaced)
}
