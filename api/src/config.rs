//! The environment, read once and checked whole: every fault in one message, before anything starts.
//!
//! The one place that reads environment variables. Values of secrets never appear in a message.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use crate::db;
use crate::gateway::discovery::{Place, usual_places};
use crate::keys::KeyRing;
use crate::secrets::Secret;
use crate::server::cors::Origins;

pub mod oidc;
mod reader;
pub mod telemetry;

use oidc::Oidc;
use reader::Reader;
use telemetry::Telemetry;

/// Where the data lives.
pub enum Database {
    /// A server that somebody else runs; there is a password in the URL.
    Url(String),
    /// A server of our own in the data folder.
    Embedded,
}

/// The first administrator, made while there is no user.
pub struct FirstAdmin {
    /// Name to sign in with.
    pub username: String,
    /// Password in clear; hashed at once.
    pub password: String,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

impl std::str::FromStr for LogFormat {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(()),
        }
    }
}

/// What `understudy serve` was told.
pub struct Config {
    /// `DATABASE_URL`
    pub database: Database,
    /// `UNDERSTUDY_LISTEN`
    pub listen: SocketAddr,
    /// `UNDERSTUDY_DATA_DIR`
    pub data_dir: PathBuf,
    /// `UNDERSTUDY_POSTGRES_BIN`: folder of `postgres` and `initdb` for the embedded database.
    pub postgres_bin: Option<PathBuf>,
    /// `UNDERSTUDY_WEB_ROOT`
    pub web_root: Option<PathBuf>,
    /// `UNDERSTUDY_ADMIN_USERNAME`, `UNDERSTUDY_ADMIN_PASSWORD`
    pub first_admin: Option<FirstAdmin>,
    /// `UNDERSTUDY_SECRET_KEYS`; none = a key file in the data folder.
    pub secret_keys: Option<KeyRing>,
    /// `UNDERSTUDY_ALLOW_UNREADABLE_SECRETS`: start although keys are missing.
    pub allow_unreadable_secrets: bool,
    /// `UNDERSTUDY_JWT_KEYS`; none = a key file in the data folder.
    pub jwt_keys: Option<KeyRing>,
    /// `UNDERSTUDY_WORKERS`
    pub workers: usize,
    /// `UNDERSTUDY_DRAIN_SECONDS`: how long what is running may go on after the service was told to stop.
    pub drain: Duration,
    /// `UNDERSTUDY_EGRESS_DENY`
    pub egress_deny: Vec<IpNet>,
    /// `UNDERSTUDY_EGRESS_ALLOW`
    pub egress_allow: Vec<IpNet>,
    /// `UNDERSTUDY_DISCOVER`: where servers of models are looked for when somebody asks.
    pub discover: Vec<Place>,
    /// `UNDERSTUDY_LOG_FORMAT`
    pub log_format: LogFormat,
    /// `UNDERSTUDY_METRICS_LISTEN`
    pub metrics_listen: Option<SocketAddr>,
    /// `UNDERSTUDY_METRICS_TOKEN`
    pub metrics_token: Option<Secret>,
    /// `OTEL_…`: where traces go, if anywhere.
    pub telemetry: Option<Telemetry>,
    /// `UNDERSTUDY_TRUSTED_PROXIES`
    pub trusted_proxies: Vec<IpNet>,
    /// `UNDERSTUDY_CORS_ORIGINS`
    pub cors_origins: Origins,
    /// `UNDERSTUDY_USAGE_QUEUE`
    pub usage_queue: usize,
    /// `UNDERSTUDY_OIDC_…`: the identity provider, if there is one.
    pub oidc: Option<Oidc>,
    /// `UNDERSTUDY_LOCAL_SIGN_IN`: whether passwords are accepted.
    pub local_sign_in: bool,
}

/// How long what is running may go on unless the environment says otherwise.
const DRAIN: Duration = Duration::from_secs(120);

/// The variables that this version reads, beside `DATABASE_URL` and those of OpenTelemetry.
const VARIABLES: [&str; 32] = [
    "UNDERSTUDY_ADMIN_PASSWORD",
    "UNDERSTUDY_ADMIN_USERNAME",
    "UNDERSTUDY_ALLOW_UNREADABLE_SECRETS",
    "UNDERSTUDY_CORS_ORIGINS",
    "UNDERSTUDY_DATA_DIR",
    "UNDERSTUDY_DISCOVER",
    "UNDERSTUDY_DRAIN_SECONDS",
    "UNDERSTUDY_EGRESS_ALLOW",
    "UNDERSTUDY_EGRESS_DENY",
    "UNDERSTUDY_JWT_KEYS",
    "UNDERSTUDY_LISTEN",
    "UNDERSTUDY_LOCAL_SIGN_IN",
    "UNDERSTUDY_LOG_FORMAT",
    "UNDERSTUDY_METRICS_LISTEN",
    "UNDERSTUDY_METRICS_TOKEN",
    "UNDERSTUDY_OIDC_ADMIN_VALUES",
    "UNDERSTUDY_OIDC_CLIENT_ID",
    "UNDERSTUDY_OIDC_CLIENT_SECRET",
    "UNDERSTUDY_OIDC_DEFAULT_ROLE",
    "UNDERSTUDY_OIDC_ISSUER",
    "UNDERSTUDY_OIDC_NAME",
    "UNDERSTUDY_OIDC_OPERATOR_VALUES",
    "UNDERSTUDY_OIDC_ROLES_CLAIM",
    "UNDERSTUDY_OIDC_SCOPES",
    "UNDERSTUDY_OIDC_USER_VALUES",
    "UNDERSTUDY_POSTGRES_BIN",
    "UNDERSTUDY_PUBLIC_URL",
    "UNDERSTUDY_SECRET_KEYS",
    "UNDERSTUDY_TRUSTED_PROXIES",
    "UNDERSTUDY_USAGE_QUEUE",
    "UNDERSTUDY_WEB_ROOT",
    "UNDERSTUDY_WORKERS",
];

/// Names that look as if they were meant for the service, and that it does not read: most often a slip of the pen.
pub fn unread<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    names
        .filter(|name| name.starts_with("UNDERSTUDY_") && !VARIABLES.contains(name))
        .collect()
}

/// Everything that is wrong with the environment.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has faults:\n  - {}", .0.join("\n  - "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// With every fault of every variable.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err("is not Unicode text".to_owned()),
        })
    }

    /// Says which variables of the environment have no effect.
    pub fn warn_of_unread_variables() {
        let names: Vec<String> = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect();
        for name in unread(names.iter().map(String::as_str)) {
            tracing::warn!("{name} is set, but no variable of this version: it has no effect");
        }
    }

    /// Reads the variables that `lookup` gives.
    ///
    /// # Errors
    /// With every fault of every variable.
    pub fn read(
        lookup: impl Fn(&str) -> Result<Option<String>, String>,
    ) -> Result<Self, ConfigError> {
        let mut env = Reader {
            lookup,
            faults: Vec::new(),
        };
        let database = env
            .text("DATABASE_URL")
            .map_or(Database::Embedded, Database::Url);
        if let Database::Url(url) = &database
            && let Err(error) = db::connect::check(url)
        {
            env.fault("DATABASE_URL", &error.to_string());
        }
        let listen = env.parsed(
            "UNDERSTUDY_LISTEN",
            "an address and a port such as 127.0.0.1:8080",
        );
        let data_dir = env.text("UNDERSTUDY_DATA_DIR").map(PathBuf::from);
        let postgres_bin = env.text("UNDERSTUDY_POSTGRES_BIN").map(PathBuf::from);
        let web_root = env.text("UNDERSTUDY_WEB_ROOT").map(PathBuf::from);
        if let Some(root) = &web_root
            && !root.join("index.html").is_file()
        {
            env.fault(
                "UNDERSTUDY_WEB_ROOT",
                "has no index.html; build it with `cargo xtask web`",
            );
        }
        let first_admin = env.first_admin();
        let secret_keys = env.keys("UNDERSTUDY_SECRET_KEYS", &database);
        let allow_unreadable_secrets =
            env.parsed("UNDERSTUDY_ALLOW_UNREADABLE_SECRETS", "true or false");
        let jwt_keys = env.keys("UNDERSTUDY_JWT_KEYS", &database);
        let workers: Option<usize> =
            env.parsed("UNDERSTUDY_WORKERS", "a number of threads from 1 to 1024");
        if workers.is_some_and(|count| !(1..=1024).contains(&count)) {
            env.fault(
                "UNDERSTUDY_WORKERS",
                "is not a number of threads from 1 to 1024",
            );
        }
        let usage_queue: Option<usize> = env.parsed(
            "UNDERSTUDY_USAGE_QUEUE",
            "a number of requests from 1 to 1000000",
        );
        if usage_queue.is_some_and(|room| !(1..=1_000_000).contains(&room)) {
            env.fault(
                "UNDERSTUDY_USAGE_QUEUE",
                "is not a number of requests from 1 to 1000000",
            );
        }
        let drain: Option<u64> = env.parsed(
            "UNDERSTUDY_DRAIN_SECONDS",
            "a number of seconds from 20 to 3600",
        );
        if drain.is_some_and(|seconds| !(20..=3600).contains(&seconds)) {
            env.fault(
                "UNDERSTUDY_DRAIN_SECONDS",
                "is not a number of seconds from 20 to 3600",
            );
        }
        let egress_deny = env.networks("UNDERSTUDY_EGRESS_DENY");
        let egress_allow = env.networks("UNDERSTUDY_EGRESS_ALLOW");
        let trusted_proxies = env.networks("UNDERSTUDY_TRUSTED_PROXIES");
        let cors_origins = env.origins("UNDERSTUDY_CORS_ORIGINS");
        let discover = env.places("UNDERSTUDY_DISCOVER");
        let log_format = env.parsed("UNDERSTUDY_LOG_FORMAT", "text or json");
        let metrics_listen = env.parsed(
            "UNDERSTUDY_METRICS_LISTEN",
            "an address and a port such as 127.0.0.1:9464",
        );
        let metrics_token = env.token("UNDERSTUDY_METRICS_TOKEN");
        let telemetry = env.telemetry();
        let oidc = env.oidc();
        let local_sign_in = env.local_sign_in(oidc.as_ref());
        if !env.faults.is_empty() {
            return Err(ConfigError(env.faults));
        }
        Ok(Self {
            database,
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            data_dir: data_dir.unwrap_or_else(|| PathBuf::from(".understudy")),
            postgres_bin,
            web_root,
            first_admin,
            secret_keys,
            allow_unreadable_secrets: allow_unreadable_secrets.unwrap_or(false),
            jwt_keys,
            workers: workers
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            drain: drain.map_or(DRAIN, Duration::from_secs),
            egress_deny,
            egress_allow,
            discover: discover.unwrap_or_else(usual_places),
            log_format: log_format.unwrap_or_default(),
            metrics_listen,
            metrics_token,
            telemetry,
            trusted_proxies,
            cors_origins,
            usage_queue: usage_queue.unwrap_or(crate::usage::ROOM),
            oidc,
            local_sign_in,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(|name| {
            Ok(variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned()))
        })
    }

    const KEY: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn nothing_set_means_the_documented_defaults() {
        let config = read(&[]).unwrap();
        assert!(matches!(config.database, Database::Embedded));
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.data_dir, PathBuf::from(".understudy"));
        assert!(config.secret_keys.is_none());
        assert_eq!(config.drain, Duration::from_secs(120));
    }

    #[test]
    fn all_faults_come_in_one_message() {
        let error = read(&[
            ("UNDERSTUDY_LISTEN", "nowhere"),
            ("UNDERSTUDY_WORKERS", "0"),
            ("UNDERSTUDY_USAGE_QUEUE", "0"),
            ("UNDERSTUDY_DRAIN_SECONDS", "19"),
            ("UNDERSTUDY_EGRESS_DENY", "10.0.0.0/99"),
            ("UNDERSTUDY_DISCOVER", "8080, http://here:1"),
            ("UNDERSTUDY_CORS_ORIGINS", "https://chat.example, *"),
            ("UNDERSTUDY_DATA_DIR", ""),
            ("UNDERSTUDY_ADMIN_USERNAME", "root"),
            ("UNDERSTUDY_SECRET_KEYS", "k1:c2hvcnQ="),
        ])
        .err()
        .unwrap()
        .to_string();
        for name in [
            "UNDERSTUDY_LISTEN",
            "UNDERSTUDY_WORKERS",
            "UNDERSTUDY_USAGE_QUEUE",
            "UNDERSTUDY_DRAIN_SECONDS",
            "UNDERSTUDY_EGRESS_DENY",
            "UNDERSTUDY_DISCOVER has \"http://here:1\"",
            "UNDERSTUDY_CORS_ORIGINS has \"*\"",
            "UNDERSTUDY_DATA_DIR is empty",
            "UNDERSTUDY_ADMIN_PASSWORD are needed together",
            "UNDERSTUDY_SECRET_KEYS has a key that is not 32 bytes",
        ] {
            assert!(error.contains(name), "{name} in {error}");
        }
    }

    #[test]
    fn keys_are_needed_beside_a_database_url_and_never_shown() {
        let error = read(&[
            ("DATABASE_URL", "postgres://u:pw@h/d"),
            ("UNDERSTUDY_JWT_KEYS", KEY),
        ])
        .err()
        .unwrap()
        .to_string();
        assert!(
            error.contains("UNDERSTUDY_SECRET_KEYS is needed"),
            "{error}"
        );
        assert!(!error.contains("pw") && !error.contains("AAEC"), "{error}");
        let bad = format!("{KEY},{KEY}");
        let error = read(&[("UNDERSTUDY_SECRET_KEYS", &bad)])
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("twice") && !error.contains("AAEC"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_list_of_networks_is_allowed_and_addresses_are_networks() {
        let config = read(&[
            ("UNDERSTUDY_EGRESS_ALLOW", ""),
            ("UNDERSTUDY_EGRESS_DENY", "10.1.2.3, fd00::/8"),
        ])
        .unwrap();
        assert!(config.egress_allow.is_empty());
        assert_eq!(config.egress_deny.len(), 2);
    }

    #[test]
    fn places_of_servers_are_the_usual_ones_none_or_those_that_are_named() {
        assert_eq!(read(&[]).unwrap().discover, usual_places());
        assert_eq!(read(&[("UNDERSTUDY_DISCOVER", "")]).unwrap().discover, []);
        let named = read(&[("UNDERSTUDY_DISCOVER", "8001, model-b:8001")]).unwrap();
        assert_eq!(named.discover.len(), 2);
        let many: Vec<String> = (1..=65).map(|port| port.to_string()).collect();
        assert!(read(&[("UNDERSTUDY_DISCOVER", &many.join(","))]).is_err());
    }

    #[test]
    fn variables_that_are_not_read_are_told() {
        let names = [
            "UNDERSTUDY_LISTEN",
            "UNDERSTUDY_LISTN",
            "PATH",
            "DATABASE_URL",
        ];
        assert_eq!(unread(names.into_iter()), ["UNDERSTUDY_LISTN"]);
    }

    #[test]
    fn every_variable_that_is_read_is_in_the_list() {
        let asked = std::cell::RefCell::new(Vec::new());
        let _ = Config::read(|name| {
            asked.borrow_mut().push(name.to_owned());
            Ok(None)
        });
        let mut asked = asked.into_inner();
        asked.retain(|name| name != "DATABASE_URL" && !name.starts_with("OTEL_"));
        asked.sort();
        assert_eq!(asked, VARIABLES);
    }
}
