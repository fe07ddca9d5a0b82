//! Why the service does not start, with the exit code of each reason.

use std::net::SocketAddr;

use crate::db::DatabaseError;
use crate::db::embedded::EmbeddedError;
use crate::error::ApiError;
use crate::keys::KeyFileError;
use crate::secrets::WrongKeys;
use crate::telemetry::TelemetryError;

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The keys on disk cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The embedded database does not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database refuses what the start needs.
    #[error("the database failed at start: {0}")]
    Start(#[from] ApiError),
    /// What is stored cannot be decrypted.
    #[error(
        "{0}. Start with the keys that encrypted them (UNDERSTUDY_SECRET_KEYS or the key file in the data folder). If they are lost, \
         UNDERSTUDY_ALLOW_UNREADABLE_SECRETS=true starts all the same: instances are down until their secrets are entered again."
    )]
    Secrets(#[from] WrongKeys),
    /// Some secrets cannot be encrypted with the newest key, since they cannot be decrypted.
    #[error(
        "{0} stored secrets cannot be decrypted; they are named above and were left as they are. Bring the keys back that encrypted \
         them and run this again, or enter the secrets again."
    )]
    Unreadable(usize),
    /// Others go on to encrypt with an older key.
    #[error(
        "secrets are entered with an older key all the time: give the newest key to every replica, then run this again"
    )]
    RekeyedInVain,
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {0}: {1}. Is another service running there? UNDERSTUDY_LISTEN chooses another address."
    )]
    Listen(SocketAddr, std::io::Error),
    /// The address of the metrics is taken or not ours.
    #[error(
        "cannot listen on {0} for /metrics: {1}. Is another service running there? UNDERSTUDY_METRICS_LISTEN chooses another address."
    )]
    ListenMetrics(SocketAddr, std::io::Error),
    /// The settings of traces cannot be used.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The server broke.
    #[error("the server failed: {0}")]
    Io(#[from] std::io::Error),
}

impl ServeError {
    /// Exit code, as sysexits has them: 78 = configuration, 75 = try again later, 65 = data.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Keys(_) | Self::Secrets(_) | Self::Telemetry(_) => 78,
            Self::Database(DatabaseError::Connect(_)) | Self::RekeyedInVain => 75,
            Self::Unreadable(_) => 65,
            _ => 1,
        }
    }
}
