//! One-time links for the first administrator.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::schema::setup_tokens;
use crate::auth::TokenHash;

/// Key of the advisory lock that whoever makes the first user holds.
const LOCK: i64 = 0x756e_6465_7273_7465;

/// Waits until nobody else makes the first user; ends with the transaction.
///
/// # Errors
/// If the database fails.
pub async fn lock(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(LOCK);
    lock.execute(conn).await?;
    Ok(())
}

/// Stores the hash of a link's token.
///
/// # Errors
/// If the database fails.
pub async fn insert(conn: &mut AsyncPgConnection, hash: &TokenHash) -> QueryResult<()> {
    let value = setup_tokens::token_hash.eq(hash.as_slice());
    diesel::insert_into(setup_tokens::table)
        .values(value)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a link has this token.
///
/// # Errors
/// If the database fails.
pub async fn exists(conn: &mut AsyncPgConnection, hash: &TokenHash) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        setup_tokens::table.find(hash.as_slice()),
    ))
    .get_result(conn)
    .await
}

/// Ends all links.
///
/// # Errors
/// If the database fails.
pub async fn remove_all(conn: &mut AsyncPgConnection) -> QueryResult<()> {
    diesel::delete(setup_tokens::table).execute(conn).await?;
    Ok(())
}
