//! The numbers of the process, under the names that every client library of Prometheus gives them. What a system does not tell is left
//! out.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::page::Page;

/// Writes the numbers of the process.
///
/// # Errors
/// If they cannot be written.
pub fn write(page: &mut Page<'_>, began: SystemTime) -> fmt::Result {
    let began = began.duration_since(UNIX_EPOCH).unwrap_or_default();
    page.gauge(
        "process_start_time_seconds",
        "When the process began, in seconds since 1970",
        [([], began.as_secs_f64())],
    )?;
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
    page.seconds(
        "process_cpu_seconds",
        "Time of processors that the process has used",
        seconds,
    )?;
    if let Some(limit) = getrlimit(Resource::Nofile).current {
        page.gauge(
            "process_max_fds",
            "Files and connections that the process may have open",
            [([], limit as f64)],
        )?;
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        // One of them is the reading itself.
        let open = open.count().saturating_sub(1);
        page.gauge(
            "process_open_fds",
            "Files and connections that the process has open",
            [([], open as f64)],
        )?;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for (field, scale, name, help) in [
        (
            "VmRSS:",
            1024.0,
            "process_resident_memory_bytes",
            "Memory that the process has in use",
        ),
        (
            "VmSize:",
            1024.0,
            "process_virtual_memory_bytes",
            "Memory that the process has addresses for",
        ),
        ("Threads:", 1.0, "process_threads", "Threads of the process"),
    ] {
        if let Some(value) = number(&status, field) {
            page.gauge(name, help, [([], value * scale)])?;
        }
    }
    Ok(())
}

/// The number behind a field of `/proc/self/status`.
fn number(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_found_behind_their_fields() {
        let status = "Name:\tunderstudy\nVmPeak:\t  99 kB\nVmRSS:\t   1234 kB\nThreads:\t7\n";
        assert_eq!(super::number(status, "VmRSS:"), Some(1234.0));
        assert_eq!(super::number(status, "Threads:"), Some(7.0));
        assert_eq!(super::number(status, "VmSwap:"), None);
    }
}
