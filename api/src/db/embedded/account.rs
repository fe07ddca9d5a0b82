//! Who runs PostgreSQL: it refuses to run as root, so a service that runs as root hands it to somebody else.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::EmbeddedError;

/// Who may run the server of a service that runs as root, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];
/// The variables that PostgreSQL's programs may see: where programs, libraries, locales and time zones are. The others stay
/// here, since some of them are the service's secrets, and `PG…` would change what the programs do.
const VARIABLES: [&str; 5] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "LOCPATH",
    "LOCALE_ARCHIVE",
    "TZDIR",
];
const EXECUTE: u32 = 0o1;

/// The user of the operating system that runs the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    uid: u32,
    gid: u32,
    /// The service is root, and becomes this user for each program that it runs.
    switch: bool,
}

impl Account {
    /// Who runs a new cluster: the service's own user, or, if that is root, `postgres` or `nobody`.
    pub fn for_new_cluster() -> Result<Self, EmbeddedError> {
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self {
                uid: uid.as_raw(),
                gid,
                switch: false,
            });
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        CANDIDATES
            .iter()
            .find_map(|name| find_user(&passwd, name).or_else(|| find_user(&getent(name), name)))
            .map(|(uid, gid)| Self {
                uid,
                gid,
                switch: true,
            })
            .ok_or(EmbeddedError::NoAccount)
    }

    /// Who runs the cluster that is in `folder`: its owner, whom PostgreSQL insists on.
    pub fn for_cluster(folder: &Path, metadata: &Metadata) -> Result<Self, EmbeddedError> {
        let (uid, gid) = (metadata.uid(), metadata.gid());
        let cluster = folder.to_owned();
        let service = rustix::process::geteuid();
        if service.is_root() && uid == 0 {
            Err(EmbeddedError::RootCluster { cluster })
        } else if service.is_root() || service.as_raw() == uid {
            Ok(Self {
                uid,
                gid,
                switch: service.is_root(),
            })
        } else {
            Err(EmbeddedError::ForeignCluster {
                cluster,
                owner: name_of(uid),
            })
        }
    }

    /// The user id that the server's files and processes have.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Gives a file or folder to the account, if it isn't the service's own.
    pub fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        if !self.switch {
            return Ok(());
        }
        std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
            .map_err(EmbeddedError::io("change the owner of", path))
    }

    /// The first of `folder` and the folders above it, from the root, that the account may not pass.
    pub fn barrier(&self, folder: &Path) -> Option<PathBuf> {
        if !self.switch {
            return None;
        }
        let ancestors: Vec<&Path> = folder.ancestors().collect();
        let closed = ancestors.into_iter().rev().find(|ancestor| {
            let metadata = std::fs::metadata(ancestor);
            !metadata.is_ok_and(|m| self.may_pass(m.mode(), m.uid(), m.gid()))
        });
        closed.map(Path::to_owned)
    }

    /// Whether a folder's permissions let the account through. It has no groups but its own.
    fn may_pass(&self, mode: u32, owner: u32, group: u32) -> bool {
        let class = if self.uid == owner {
            6
        } else if self.gid == group {
            3
        } else {
            0
        };
        mode & (EXECUTE << class) != 0
    }

    /// A command that runs `program` as the account, without terminal, with nothing of the environment that it doesn't need.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| VARIABLES.iter().any(|kept| name == kept)))
            // Messages are read by code here and in English elsewhere.
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            // The service's own folder may be closed to the account.
            .current_dir("/")
            .stdin(Stdio::null());
        if self.switch {
            // Being root, the standard library also drops the supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Wraps the reason why `program` doesn't run.
    pub fn cannot_run(&self, program: &Path) -> impl FnOnce(std::io::Error) -> EmbeddedError {
        let (program, account) = (program.to_owned(), self.to_string());
        move |source| EmbeddedError::Program {
            program,
            account,
            source,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_of(self.uid))
    }
}

/// A user's name for a message, or its number.
fn name_of(uid: u32) -> String {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    find_name(&passwd, uid).map_or_else(|| format!("user {uid}"), |name| format!("user {name}"))
}

/// What the system's other directories of users know (LDAP and the like), in the form of `/etc/passwd`.
fn getent(name: &str) -> String {
    let output = Command::new("getent")
        .args(["passwd", name])
        .stdin(Stdio::null())
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// The user and group id of `name`; none for root under another name.
fn find_user(passwd: &str, name: &str) -> Option<(u32, u32)> {
    let line = passwd
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2).map(parse_id);
    let (uid, gid) = (ids.next()??, ids.next()??);
    (uid != 0).then_some((uid, gid))
}

fn find_name(passwd: &str, uid: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1).and_then(parse_id) == Some(uid)).then_some(name)
    })
}

/// A user or group id; macOS writes that of `nobody` as -2.
fn parse_id(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
        toor:x:0:0::/root:/bin/sh\n\
        nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\n\
        postgres-old:x:7:7::/:/bin/sh\n\
        broken:x\n\
        postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn users_are_found_by_their_whole_name() {
        assert_eq!(find_user(PASSWD, "postgres"), Some((101, 104)));
        assert_eq!(
            find_user(PASSWD, "nobody"),
            Some((u32::MAX - 1, u32::MAX - 1))
        );
        assert_eq!(find_user(PASSWD, "broken"), None);
        assert_eq!(find_user(PASSWD, "nginx"), None);
        assert_eq!(find_name(PASSWD, 101), Some("postgres"));
        assert_eq!(find_name(PASSWD, 4242), None);
    }

    #[test]
    fn root_under_another_name_does_not_run_the_server() {
        assert_eq!(find_user(PASSWD, "toor"), None);
    }

    #[test]
    fn a_folder_is_passed_by_the_class_of_permissions_that_applies() {
        let account = Account {
            uid: 101,
            gid: 104,
            switch: true,
        };
        assert!(account.may_pass(0o755, 0, 0));
        assert!(!account.may_pass(0o700, 0, 0));
        assert!(account.may_pass(0o700, 101, 0));
        assert!(account.may_pass(0o710, 0, 104));
        // The owner's class applies to the owner even if the others may more.
        assert!(!account.may_pass(0o077, 101, 0));
        assert!(!account.may_pass(0o701, 0, 104));
    }

    #[test]
    fn the_barrier_is_the_outermost_closed_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("closed/inner");
        std::fs::create_dir_all(&inner).unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(top.path(), open.clone()).unwrap();
        let stranger = Account {
            uid: u32::MAX - 7,
            gid: u32::MAX - 7,
            switch: true,
        };
        for closed in ["closed/inner", "closed"] {
            let closed = top.path().join(closed);
            std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
            assert_eq!(stranger.barrier(&inner), Some(closed));
        }
        let own = Account {
            switch: false,
            ..stranger
        };
        assert_eq!(own.barrier(&inner), None);
    }

    #[test]
    fn programs_do_not_see_the_environment_of_the_service() {
        let own = Account {
            uid: 1,
            gid: 1,
            switch: false,
        };
        let command = own.command(Path::new("postgres"));
        let seen: Vec<_> = command
            .get_envs()
            .filter_map(|(name, _)| name.to_str())
            .collect();
        assert!(
            seen.iter()
                .all(|name| VARIABLES.contains(name) || ["LC_ALL", "TZ"].contains(name)),
            "{seen:?}"
        );
    }
}
