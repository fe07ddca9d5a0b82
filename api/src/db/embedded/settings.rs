//! The settings that the server is started with. They are arguments and not a file, so that a new release of the service
//! changes them for every cluster, and none that the service relies on can be changed in the cluster.

use super::socket::PORT;

/// Name and value of each setting, the folder of the socket excepted.
const SETTINGS: [(&str, &str); 21] = [
    // Reached through its socket alone.
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("ssl", "off"),
    // A promise is a promise: what is committed survives a power cut.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    // One small service beside other programs of the same machine.
    ("shared_buffers", "64MB"),
    ("max_connections", "60"),
    ("max_worker_processes", "2"),
    ("max_parallel_workers", "0"),
    ("max_wal_senders", "2"),
    ("max_logical_replication_workers", "0"),
    ("min_wal_size", "64MB"),
    ("max_wal_size", "256MB"),
    ("jit", "off"),
    // Its log goes into ours. A statement or the details of an error may hold what people wrote, so they stay out of it.
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_line_prefix", ""),
    ("log_error_verbosity", "terse"),
    ("log_min_error_statement", "panic"),
    ("log_checkpoints", "off"),
];

/// The server's arguments after the folder of the cluster.
pub(super) fn arguments(socket_folder: &str) -> Vec<String> {
    let port = PORT.to_string();
    SETTINGS
        .into_iter()
        .chain([
            ("port", port.as_str()),
            ("unix_socket_directories", socket_folder),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
        ])
        .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
        .collect()
}
