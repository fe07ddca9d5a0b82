//! A PostgreSQL server for the length of one command: a temporary folder, a Unix socket in it, no TCP port, nothing kept.
//!
//! Rule: it is gone when the command ends, however it ends. What a killed command left behind, the next one removes.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGQUIT};

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::setup;
use crate::workspace::remove_folder;

const PREFIX: &str = "understudy-pg-";
const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Durability is worthless in a database that nobody opens twice, and costs most of the time of a test.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "shared_buffers=128MB",
    "autovacuum=off",
    "timezone=UTC",
];

/// A running server; dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    server: Option<Child>,
}

impl Cluster {
    /// Makes and starts a server.
    pub fn start() -> Result<Self> {
        let programs = setup::postgres::ensure()?;
        remove_leftovers()?;
        let folder = short_temporary_folder().join(format!("{PREFIX}{}", std::process::id()));
        remove_folder(&folder)?;
        // Not `create_dir_all`: in a folder that everyone may write to, one that is there already is not ours.
        std::fs::create_dir(&folder).context(|| format!("create {}", folder.display()))?;
        let mut cluster = Self {
            folder,
            server: None,
        };
        cluster.boot(&programs)?;
        Ok(cluster)
    }

    /// The URL of its database `postgres`, for a superuser.
    pub fn url(&self) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/postgres")
    }

    fn boot(&mut self, programs: &Path) -> Result<()> {
        let owner = owner()?;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&self.folder, private)
            .and_then(|()| match owner {
                Some((user, group)) => {
                    std::os::unix::fs::chown(&self.folder, Some(user), Some(group))
                }
                None => Ok(()),
            })
            .context(|| format!("hand {} to its user", self.folder.display()))?;
        let data = self.folder.join("data");
        process::run_quietly(
            self.program(&programs.join("initdb"), owner)
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                ])
                .arg("-D")
                .arg(&data),
        )?;
        let log_path = self.folder.join("log");
        let log = std::fs::File::create(&log_path)
            .context(|| format!("create {}", log_path.display()))?;
        let copy = log.try_clone().context(|| "share a log file".to_owned())?;
        let mut command = self.program(&programs.join("postgres"), owner);
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&self.folder)
            .stdout(log)
            .stderr(copy);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        self.server = Some(process::spawn(&mut command)?);
        self.wait_until_ready(&data, &log_path)
    }

    /// A program that runs as `owner`, in a folder which that user may enter.
    fn program(&self, path: &Path, owner: Option<(u32, u32)>) -> Command {
        let mut command = Command::new(path);
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some((user, group)) = owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn wait_until_ready(&mut self, data: &Path, log: &Path) -> Result<()> {
        let start = Instant::now();
        loop {
            if status_line(data).as_deref() == Some("ready") {
                return Ok(());
            }
            if let Some(signal) = process::take_signal() {
                return Err(Failure::interrupted(signal));
            }
            let ended = match self.server.as_mut() {
                Some(server) => server
                    .try_wait()
                    .context(|| "wait for PostgreSQL".to_owned())?,
                None => None,
            };
            if ended.is_some() || start.elapsed() > START_LIMIT {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                return Err(Failure::new(format!(
                    "PostgreSQL did not start:\n{}",
                    log.trim_end()
                )));
            }
            process::pause();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take()
            // A fast shutdown; no client can hold it up.
            && process::stop(&mut server, SIGINT, STOP_LIMIT).is_err()
        {
            let _ = process::stop(&mut server, SIGQUIT, STOP_LIMIT);
        }
        let _ = remove_folder(&self.folder);
    }
}

/// What PostgreSQL says about itself in the last line of its pid file.
fn status_line(data: &Path) -> Option<String> {
    let file = std::fs::read_to_string(data.join("postmaster.pid")).ok()?;
    file.lines().nth(7).map(|line| line.trim().to_owned())
}

/// PostgreSQL refuses to run as root: then it is another user's.
fn owner() -> Result<Option<(u32, u32)>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").context(|| "read /etc/passwd".to_owned())?;
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| user_and_group(&users, name))
        .map(Some)
        .ok_or_else(|| Failure::new("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody"))
}

fn user_and_group(users: &str, name: &str) -> Option<(u32, u32)> {
    let fields: Vec<&str> = users
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| (fields.next() == Some(name)).then(|| fields.collect()))?;
    Some((fields.get(1)?.parse().ok()?, fields.get(2)?.parse().ok()?))
}

/// The path of a Unix socket may have about 100 bytes; macOS spends half of them on its temporary folder.
fn short_temporary_folder() -> PathBuf {
    let folder = std::env::temp_dir();
    if folder.as_os_str().len() <= 40 {
        folder
    } else {
        PathBuf::from("/tmp")
    }
}

/// Stops and removes what commands that were killed left behind; a folder's name ends with its command's process id. Folders of
/// other users are not believed: what they say would be carried out with our rights.
fn remove_leftovers() -> Result<()> {
    let us = owner()?.map_or(rustix::process::geteuid().as_raw(), |(user, _)| user);
    for entry in std::fs::read_dir(short_temporary_folder())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let Some(pid) = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(parse_pid)
        else {
            continue;
        };
        let ours = entry
            .metadata()
            .is_ok_and(|data| data.is_dir() && data.uid() == us);
        if !ours || rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH) {
            continue;
        }
        let pid_file =
            std::fs::read_to_string(entry.path().join("data/postmaster.pid")).unwrap_or_default();
        if let Some(server) = pid_file.lines().next().and_then(parse_pid)
            && pid_file
                .lines()
                .nth(1)
                .is_some_and(|data| Path::new(data).starts_with(entry.path()))
        {
            let _ = rustix::process::kill_process(server, rustix::process::Signal::QUIT);
        }
        let _ = remove_folder(&entry.path());
    }
    Ok(())
}

fn parse_pid(text: &str) -> Option<rustix::process::Pid> {
    text.trim()
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_numbers_are_found_by_the_exact_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgres2:x:7:8::/:\npostgres:x:101:104:,,,:/var:/bin/sh\n";
        assert_eq!(user_and_group(users, "postgres"), Some((101, 104)));
        assert_eq!(user_and_group(users, "nobody"), None);
    }

    #[test]
    fn the_url_names_the_socket_folder() {
        let cluster = Cluster {
            folder: PathBuf::from("/tmp/none-such"),
            server: None,
        };
        assert_eq!(
            cluster.url(),
            "postgres://postgres@%2Ftmp%2Fnone-such/postgres"
        );
    }
}
