//! What must be there before anything is served: the database, the keys, and secrets that they fit. Commands begin with it, too.

use std::time::Duration;

use tokio::time::Instant;

use super::error::ServeError;
use crate::auth;
use crate::config::{Config, Database};
use crate::db::embedded::EmbeddedPostgres;
use crate::db::{self, DatabaseError, Pool};
use crate::error::ApiError;
use crate::keys::{self, KeyRing};
use crate::secrets::SecretCipher;

/// How long an unreachable database is waited for at start.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries.
const DATABASE_RETRY: Duration = Duration::from_millis(500);
/// Runs the migrations alone.
///
/// # Errors
/// If the database cannot be reached or a migration fails.
pub async fn migrate(config: Config) -> Result<(), ServeError> {
    if let (_, Some(embedded)) = open_database(&config).await? {
        embedded.stop().await;
    }
    Ok(())
}

/// The keys that encrypt stored secrets. Without those of the environment they are in the data folder, which the embedded database makes.
///
/// # Errors
/// If the key file cannot be used.
pub fn load_secret_keys(config: &Config) -> Result<KeyRing, ServeError> {
    load_keys(config.secret_keys.as_ref(), config, "secret-keys")
}

pub(super) fn load_keys(
    ring: Option<&KeyRing>,
    config: &Config,
    file: &str,
) -> Result<KeyRing, ServeError> {
    match ring {
        Some(ring) => Ok(ring.clone()),
        None => Ok(keys::load_or_create(&config.data_dir.join(file))?),
    }
}

pub(super) async fn start_database(
    config: &Config,
) -> Result<(String, Option<EmbeddedPostgres>), ServeError> {
    match &config.database {
        Database::Url(url) => Ok((url.clone(), None)),
        Database::Embedded => {
            let embedded =
                EmbeddedPostgres::start(&config.data_dir, config.postgres_bin.as_deref()).await?;
            Ok((embedded.url().to_owned(), Some(embedded)))
        }
    }
}

/// The database for a command, migrated. With the embedded one that of a service that runs already, else one that is started, and
/// stopped with [`EmbeddedPostgres::stop`].
///
/// # Errors
/// If there is no database, or a migration fails.
pub async fn open_database(
    config: &Config,
) -> Result<(String, Option<EmbeddedPostgres>), ServeError> {
    let (url, embedded) = match &config.database {
        Database::Url(url) => (url.clone(), None),
        Database::Embedded => {
            let bin = config.postgres_bin.as_deref();
            EmbeddedPostgres::start_or_join(&config.data_dir, bin).await?
        }
    };
    match patiently(&url).await {
        Ok(()) => Ok((url, embedded)),
        Err(error) => {
            if let Some(embedded) = embedded {
                embedded.stop().await;
            }
            Err(error)
        }
    }
}

/// Migrates; a database that is not there yet is waited for.
pub(super) async fn patiently(url: &str) -> Result<(), ServeError> {
    let give_up = Instant::now() + DATABASE_PATIENCE;
    loop {
        match db::migrate(url).await {
            Err(DatabaseError::Connect(error)) if Instant::now() < give_up => {
                tracing::warn!(%error, "the database cannot be reached yet");
                tokio::time::sleep(DATABASE_RETRY).await;
            }
            migrated => return Ok(migrated?),
        }
    }
}

/// Keys that do not fit what is stored must not start, unless somebody says so: all instances of theirs would be down. A single secret
/// that cannot be read takes down its instance and nothing else.
///
/// # Errors
/// If the keys do not fit, or the database fails.
pub async fn verify_secrets(
    pool: &Pool,
    cipher: &SecretCipher,
    allowed: bool,
) -> Result<(), ServeError> {
    let mut conn = pool.get().await.map_err(ApiError::from)?;
    let stored = db::stored_secrets::all(&mut conn)
        .await
        .map_err(ApiError::from)?;
    let stored = stored
        .iter()
        .map(|secret| (secret.place(), &*secret.encrypted));
    match cipher.fits(stored) {
        Err(fault) if allowed => tracing::warn!("{fault}"),
        fit => fit?,
    }
    Ok(())
}

/// Makes the administrator that the environment names, or the token of a one-time link while there is no user.
pub(super) async fn first_administrator(
    config: &Config,
    pool: &Pool,
) -> Result<Option<String>, ServeError> {
    match &config.first_admin {
        Some(admin) => {
            auth::setup::ensure_first_admin(pool, admin).await?;
            Ok(None)
        }
        None => Ok(auth::setup::open_link(pool).await?),
    }
}
