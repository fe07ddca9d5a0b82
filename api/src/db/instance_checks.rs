//! What checks found last, shared among replicas, who of them makes the checks, and when one was last paid for. On a connection of its own that is neither the
//! pool's nor the one of announcements: the lock that says who leads lives and dies with it.

use std::time::Duration;

use tokio_postgres::{Client, Error};
use uuid::Uuid;

/// Announces that there is something new to read.
pub const CHANNEL: &str = "understudy_checks";
/// Key of the advisory lock that the leader holds, for as long as it leads: no other lock of the service may have it.
const LEADER_LOCK: i64 = 0x756e_6465_6c65_6164;

/// A row.
#[derive(Debug)]
pub struct CheckRow {
    /// The instance.
    pub instance_id: Uuid,
    /// Grows with each write.
    pub seq: i64,
    /// What was found, as JSON.
    pub record: String,
}

/// Prepares the connection. A replica that is frozen, or whose machine is gone, must not keep the lock: the server ends a session that
/// says nothing for 10 s.
///
/// # Errors
/// If the database fails.
pub async fn prepare(client: &Client) -> Result<(), Error> {
    let settings = format!(
        "SET statement_timeout = '4s';
         SET synchronous_commit = off;
         SET tcp_keepalives_idle = 5;
         SET tcp_keepalives_interval = 2;
         SET tcp_keepalives_count = 3;
         SELECT set_config(name, '10s', false) FROM pg_settings WHERE name = 'idle_session_timeout';
         LISTEN {CHANNEL}"
    );
    client.batch_execute(&settings).await
}

/// Becomes the leader, unless another replica is. Whoever is stays it as long as the connection lives.
///
/// # Errors
/// If the database fails.
pub async fn try_to_lead(client: &Client) -> Result<bool, Error> {
    let statement = "SELECT pg_try_advisory_lock($1)";
    let row = client.query_one(statement, &[&LEADER_LOCK]).await?;
    row.try_get(0)
}

/// Asks for a sign of life.
///
/// # Errors
/// If there is none.
pub async fn ping(client: &Client) -> Result<(), Error> {
    client.batch_execute("SELECT 1").await
}

/// What was written after this place.
///
/// # Errors
/// If the database fails.
pub async fn after(client: &Client, seq: i64) -> Result<Vec<CheckRow>, Error> {
    let statement = "SELECT instance_id::text, seq, record::text FROM instance_checks
                     WHERE seq > $1 ORDER BY seq";
    let rows = client.query(statement, &[&seq]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let id: String = row.try_get(0)?;
        if let Ok(instance_id) = id.parse() {
            found.push(CheckRow {
                instance_id,
                seq: row.try_get(1)?,
                record: row.try_get(2)?,
            });
        }
    }
    Ok(found)
}

/// Writes what was found (a JSON array of `{id, record}`), and tells the others.
///
/// # Errors
/// If the database fails.
pub async fn write(client: &Client, news: &str) -> Result<(), Error> {
    let statement = "INSERT INTO instance_checks (instance_id, seq, record)
         SELECT instance.id, nextval('instance_checks_seq'), news -> 'record'
         FROM jsonb_array_elements($1::text::jsonb) AS news
         JOIN model_instances AS instance ON instance.id = (news ->> 'id')::uuid
         ON CONFLICT (instance_id) DO UPDATE SET seq = excluded.seq, record = excluded.record";
    client.execute(statement, &[&news]).await?;
    client.batch_execute(&format!("NOTIFY {CHANNEL}")).await
}

/// Notes that a check of an instance is paid for now, unless another one was within the last `pause`. Gives how long that still lasts;
/// none if it is over, and this one may be made. The database's clock alone counts.
///
/// # Errors
/// If the database fails.
pub async fn pay(
    client: &Client,
    instance_id: Uuid,
    pause: Duration,
) -> Result<Option<Duration>, Error> {
    let (id, pause_s) = (instance_id.to_string(), pause.as_secs_f64());
    let statement = "INSERT INTO paid_checks AS known (instance_id, at)
         SELECT id, now() FROM model_instances WHERE id = $1::text::uuid
         ON CONFLICT (instance_id) DO UPDATE SET at = excluded.at
         WHERE known.at <= excluded.at - make_interval(secs => $2)";
    if client.execute(statement, &[&id, &pause_s]).await? == 1 {
        return Ok(None);
    }
    let statement = "SELECT extract(epoch FROM at + make_interval(secs => $2) - now())::float8
         FROM paid_checks WHERE instance_id = $1::text::uuid";
    let left = match client.query_opt(statement, &[&id, &pause_s]).await? {
        Some(row) => row.try_get::<_, f64>(0)?,
        // The instance is gone.
        None => pause_s,
    };
    Ok(Some(Duration::from_secs_f64(left.clamp(0.0, pause_s))))
}
