//! The server of a service that was killed: found by its pid file, and stopped before a new one starts.
//!
//! The rule: only a process that is certainly the server of this very cluster gets a signal. The number in a pid file may
//! long belong to something else, in a container nearly always.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal};
use tokio::time::Instant;

use super::EmbeddedError;
use super::account::Account;

/// PostgreSQL's pid file in the cluster.
pub(super) const PID_FILE: &str = "postmaster.pid";
/// How long any server has to end after each signal: with connections cut; without a checkpoint; at once, which loses nothing
/// either, since the next server waits for the children of a killed one and recovers.
pub(super) const STEPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(20)),
    (Signal::QUIT, Duration::from_secs(10)),
    (Signal::KILL, Duration::from_secs(5)),
];
/// How long the parent of an ended server may take to notice.
const REAPED: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(50);

/// Stops the server of `cluster` that `pid_file` names, if there is one; corrects the file if it names something else.
///
/// A file that names nothing alive is PostgreSQL's to deal with.
pub(super) async fn stop(
    pid_file: &Path,
    cluster: &Path,
    account: &Account,
) -> Result<(), EmbeddedError> {
    let Ok(content) = std::fs::read_to_string(pid_file) else {
        return Ok(());
    };
    let Some(pid) = parse_pid(&content).filter(|pid| alive(*pid)) else {
        return Ok(());
    };
    if !is_server(pid, cluster, account) {
        tracing::debug!(pid = pid.as_raw_pid(), file = %pid_file.display(), "the pid file names a process that is no server of this database");
        return disown(pid_file, &content, account);
    }
    tracing::warn!(
        pid = pid.as_raw_pid(),
        "a PostgreSQL server of an earlier run is still there; stopping it"
    );
    for (signal, patience) in STEPS {
        // It may have ended just now, which the loop notices.
        let _ = rustix::process::kill_process(pid, signal);
        if until(patience, || !is_server(pid, cluster, account)).await {
            // PostgreSQL asks only whether there is a process. One that nobody waits for never goes away entirely.
            return match until(REAPED, || !alive(pid)).await {
                true => Ok(()),
                false => disown(pid_file, &content, account),
            };
        }
    }
    Err(EmbeddedError::LeftoverAlive {
        pid: pid.as_raw_pid(),
    })
}

/// Waits for a condition; false if it took too long.
async fn until(patience: Duration, condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(POLL).await;
    }
    true
}

/// The process in the first line of a pid file; a server in single-user mode writes it as a negative number.
fn parse_pid(content: &str) -> Option<Pid> {
    let number: i32 = content.lines().next()?.trim().parse().ok()?;
    Pid::from_raw(number.checked_abs()?)
}

fn alive(pid: Pid) -> bool {
    rustix::process::test_kill_process(pid) != Err(Errno::SRCH)
}

/// Whether a process is the server of this cluster.
fn is_server(pid: Pid, cluster: &Path, account: &Account) -> bool {
    let process = Path::new("/proc").join(pid.as_raw_pid().to_string());
    let cwd = process.join("cwd").read_link().ok();
    match std::fs::read(process.join("cmdline")) {
        Ok(arguments) => {
            let owner = process.metadata().map(|metadata| metadata.uid());
            // An ended process that nobody has waited for has no arguments any more.
            owner.is_ok_and(|uid| uid == account.uid())
                && names_server(&arguments, cwd.as_deref(), cluster)
        }
        Err(_) if Path::new("/proc/self/cmdline").exists() => false,
        // Systems without /proc.
        Err(_) => {
            let pid = pid.as_raw_pid().to_string();
            let output = Command::new("ps")
                .args(["-ww", "-o", "command=", "-p", &pid])
                .stdin(Stdio::null())
                .output();
            output.is_ok_and(|output| {
                line_names_server(&String::from_utf8_lossy(&output.stdout), cluster)
            })
        }
    }
}

/// Whether these arguments, each ended by a zero byte, are those of a server of this cluster. Its children call themselves
/// `postgres: …`, so that only the server itself answers to the plain name.
fn names_server(arguments: &[u8], cwd: Option<&Path>, cluster: &Path) -> bool {
    let text = String::from_utf8_lossy(arguments);
    let mut arguments = text.split('\0');
    let program = arguments.next().map(Path::new).and_then(Path::file_name);
    let postgres = program.is_some_and(|name| name == "postgres" || name == "postmaster");
    // A server works in its cluster, but only root and its own user can see where.
    postgres && (cwd == Some(cluster) || arguments.any(|argument| Path::new(argument) == cluster))
}

/// The same for one line of `ps`, which doesn't tell where an argument ends.
fn line_names_server(line: &str, cluster: &Path) -> bool {
    let Some((program, arguments)) = line.trim_end().split_once(" -") else {
        return false;
    };
    let program = Path::new(program.trim()).file_name();
    let cluster = cluster.to_string_lossy();
    let ends = |at: usize| {
        arguments[at + cluster.len()..]
            .chars()
            .next()
            .is_none_or(|next| next == ' ')
    };
    program.is_some_and(|name| name == "postgres" || name == "postmaster")
        && arguments.match_indices(&*cluster).any(|(at, _)| ends(at))
}

/// Makes PostgreSQL take a pid file for stale without hiding from it what else the file says.
///
/// With the number of a live process of the same user in its pid file PostgreSQL refuses to start. Removing the file would
/// also remove the key of the shared memory by which PostgreSQL notices children of a dead server, so only the number is
/// replaced: a server knows that its own parent, which is this process, cannot be another server.
fn disown(pid_file: &Path, content: &str, account: &Account) -> Result<(), EmbeddedError> {
    let rest = content.split_once('\n').map_or("", |(_, rest)| rest);
    let partial = pid_file.with_extension("pid.new");
    let _ = std::fs::remove_file(&partial);
    // A new file, never an existing one: as root, this writes into a folder of somebody who is not root.
    let created = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial);
    let mut file = created.map_err(EmbeddedError::io("write", &partial))?;
    let text = format!("{}\n{rest}", std::process::id());
    file.write_all(text.as_bytes())
        .map_err(EmbeddedError::io("write", &partial))?;
    account.give(&partial)?;
    std::fs::rename(&partial, pid_file).map_err(EmbeddedError::io("replace", pid_file))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "/data/postgres";

    #[test]
    fn the_first_line_of_a_pid_file_is_the_process() {
        let content = "4242\n/data/postgres\n1700000000\n5432\n/tmp/understudy-101-ab\n\n  1234567   32\nready   \n";
        assert_eq!(parse_pid(content).unwrap().as_raw_pid(), 4242);
        assert_eq!(parse_pid("-77\n").unwrap().as_raw_pid(), 77);
        for nonsense in ["", "\n", "0\n", "x\n4242\n", "-2147483648", "99999999999"] {
            assert_eq!(parse_pid(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn only_a_server_of_this_cluster_is_taken_for_one() {
        let cluster = Path::new(CLUSTER);
        let ours = b"/usr/lib/postgresql/15/bin/postgres\0-D\0/data/postgres\0-c\0port=5432\0";
        assert!(names_server(ours, None, cluster));
        assert!(names_server(b"postgres\0", Some(cluster), cluster));
        assert!(!names_server(
            b"/usr/bin/postgres\0-D\0/data/postgres2\0",
            Some(Path::new("/data/postgres2")),
            cluster
        ));
        assert!(!names_server(
            b"postgres: checkpointer \0",
            Some(cluster),
            cluster
        ));
        assert!(!names_server(b"vim\0/data/postgres\0", None, cluster));
        assert!(!names_server(b"", None, cluster));
    }

    #[test]
    fn a_line_of_ps_is_read_with_the_same_care() {
        let cluster = Path::new(CLUSTER);
        assert!(line_names_server(
            "/opt/homebrew/bin/postgres -D /data/postgres -c port=5432\n",
            cluster
        ));
        assert!(line_names_server("postgres -D /data/postgres\n", cluster));
        assert!(!line_names_server("postgres -D /data/postgres2\n", cluster));
        assert!(!line_names_server("postgres: checkpointer\n", cluster));
        assert!(!line_names_server("tail -f /data/postgres \n", cluster));
        assert!(!line_names_server("\n", cluster));
    }

    #[tokio::test]
    async fn a_recycled_number_is_replaced_and_the_rest_of_the_file_kept() {
        let folder = tempfile::tempdir().unwrap();
        let pid_file = folder.path().join(PID_FILE);
        // The parent of the test is alive and no server.
        let parent = rustix::process::getppid().unwrap().as_raw_pid();
        std::fs::write(
            &pid_file,
            format!("{parent}\n{CLUSTER}\n170\n5432\n/tmp/x\n\n 12 34\n"),
        )
        .unwrap();
        let account = Account::for_new_cluster().unwrap();
        stop(&pid_file, Path::new(CLUSTER), &account).await.unwrap();
        let expected = format!(
            "{}\n{CLUSTER}\n170\n5432\n/tmp/x\n\n 12 34\n",
            std::process::id()
        );
        assert_eq!(std::fs::read_to_string(&pid_file).unwrap(), expected);
    }
}
