//! PostgreSQL's programs on this machine: where they are and of which version.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use super::account::Account;
use super::place::Place;

/// The oldest major version that knows every option used here.
pub(super) const MINIMUM_MAJOR: u32 = 14;
/// Where packages put the programs: folder, start of the names in it, and what follows. Several versions live side by side.
const INSTALLATIONS: [(&str, &str, &str); 8] = [
    ("usr/lib/postgresql", "", "bin"),         // Debian, Gentoo
    ("usr/lib", "postgresql", "bin"),          // openSUSE
    ("usr/libexec", "postgresql", ""),         // Alpine
    ("usr", "pgsql-", "bin"),                  // PostgreSQL's own RPMs
    ("usr/local", "pgsql", "bin"),             // built from source
    ("opt/homebrew/opt", "postgresql", "bin"), // Homebrew, ARM
    ("usr/local/opt", "postgresql", "bin"),    // Homebrew, Intel
    ("Applications/Postgres.app/Contents/Versions", "", "bin"), // Postgres.app
];

/// A folder with PostgreSQL's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// The programs in `bin_dir`, or the ones of this machine that fit the cluster best.
    pub fn find(bin_dir: Option<&Path>, place: &Place) -> Result<Self, EmbeddedError> {
        let made_by = place.made_by()?;
        if let Some(folder) = bin_dir {
            let unusable = |reason| EmbeddedError::UnusableBinaries {
                folder: folder.to_owned(),
                reason,
            };
            let absolute =
                std::path::absolute(folder).map_err(EmbeddedError::io("find", folder))?;
            let binaries = Self::look(&absolute, place.account()).map_err(unusable)?;
            if binaries.major < MINIMUM_MAJOR {
                return Err(unusable(format!("it has version {}", binaries.major)));
            }
            return choose(vec![binaries], made_by, place.cluster());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "PATH is a fact of the machine, not a setting of the service"
        )]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut found = Vec::new();
        for folder in candidates(&path, Path::new("/")) {
            match Self::look(&folder, place.account()) {
                Ok(binaries) => found.push(binaries),
                Err(reason) => {
                    tracing::debug!(folder = %folder.display(), %reason, "passed over PostgreSQL programs")
                }
            }
        }
        choose(found, made_by, place.cluster())
    }

    /// The server.
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The program that makes a cluster.
    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// The major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Asks the server in `folder` for its version, as the user who is to run it: only then it is known to run.
    fn look(folder: &Path, account: &Account) -> Result<Self, String> {
        if let Some(missing) = ["postgres", "initdb"]
            .iter()
            .find(|name| !folder.join(name).is_file())
        {
            return Err(format!("it has no {missing}"));
        }
        let postgres = folder.join("postgres");
        let output = account.command(&postgres).arg("--version").output();
        let output =
            output.map_err(|error| format!("{account} cannot run its postgres: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        match parse_version(&said) {
            Some(major) => Ok(Self {
                folder: folder.to_owned(),
                major,
            }),
            None => Err(format!(
                "its postgres --version ended with {} and said {:?}",
                output.status,
                said.trim()
            )),
        }
    }
}

/// The folders to look into: those of PATH in their order, then the installations.
fn candidates(path: &OsStr, root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(path)
        // A relative entry would run whatever lies in the current folder.
        .filter(|folder| folder.is_absolute())
        .filter_map(|folder| {
            Some(
                folder
                    .join("postgres")
                    .canonicalize()
                    .ok()?
                    .parent()?
                    .to_owned(),
            )
        })
        .collect();
    for (parent, prefix, rest) in INSTALLATIONS {
        let Ok(entries) = root.join(parent).read_dir() else {
            continue;
        };
        let mut versions: Vec<PathBuf> = entries
            .flatten()
            .filter(|entry| {
                entry
                    .file_name()
                    .to_str()
                    .is_some_and(|name| name.starts_with(prefix))
            })
            .filter_map(|entry| entry.path().join(rest).canonicalize().ok())
            .filter(|folder| folder.join("postgres").is_file())
            .collect();
        versions.sort();
        folders.extend(versions);
    }
    let mut seen = Vec::new();
    folders.retain(|folder| {
        !seen.contains(folder) && {
            seen.push(folder.clone());
            true
        }
    });
    folders
}

/// The programs of the version that made the cluster; for a new one the newest.
fn choose(
    found: Vec<Binaries>,
    made_by: Option<u32>,
    cluster: &Path,
) -> Result<Binaries, EmbeddedError> {
    let Some(newest) = found.iter().max_by_key(|binaries| binaries.major).cloned() else {
        return Err(EmbeddedError::NoBinaries);
    };
    if let Some(made_by) = made_by {
        let mut majors: Vec<String> = found
            .iter()
            .map(|binaries| binaries.major.to_string())
            .collect();
        majors.dedup();
        let fitting = found.into_iter().find(|binaries| binaries.major == made_by);
        let found = majors.join(", ");
        return fitting.ok_or(EmbeddedError::WrongVersion {
            cluster: cluster.to_owned(),
            made_by,
            found,
        });
    }
    if newest.major < MINIMUM_MAJOR {
        return Err(EmbeddedError::TooOld {
            found: newest.major,
        });
    }
    Ok(newest)
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; pre-releases say `19devel` or `19beta1`.
fn parse_version(said: &str) -> Option<u32> {
    let version = said.strip_prefix("postgres (PostgreSQL) ")?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries(major: u32) -> Binaries {
        Binaries {
            folder: PathBuf::from(format!("/pg/{major}")),
            major,
        }
    }

    fn chosen(majors: &[u32], made_by: Option<u32>) -> Result<u32, EmbeddedError> {
        let found = majors.iter().copied().map(binaries).collect();
        choose(found, made_by, Path::new("/data/postgres")).map(|binaries| binaries.major)
    }

    #[test]
    fn versions_are_read_from_every_form_of_release() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 17.2"), Some(17));
        assert_eq!(parse_version("postgres (PostgreSQL) 19devel"), Some(19));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_version("postgres (PostgreSQL) 9.6.24"), Some(9));
        assert_eq!(parse_version("initdb (PostgreSQL) 15.18"), None);
        assert_eq!(parse_version(""), None);
    }

    #[test]
    fn the_version_of_the_cluster_is_chosen_before_a_newer_one() {
        assert_eq!(chosen(&[17, 15, 16], Some(15)).unwrap(), 15);
        assert_eq!(chosen(&[15, 17, 16], None).unwrap(), 17);
    }

    #[test]
    fn a_cluster_of_another_version_is_refused_with_both_versions() {
        let said = chosen(&[16, 17], Some(15)).unwrap_err().to_string();
        assert!(
            said.contains("made by PostgreSQL 15, but only 16, 17 was found"),
            "{said}"
        );
        assert!(said.contains("apt-get install postgresql-15"), "{said}");
    }

    #[test]
    fn nothing_found_and_nothing_new_enough_name_the_step_that_helps() {
        let said = chosen(&[], None).unwrap_err().to_string();
        assert!(
            said.contains("apt-get install postgresql;") && said.contains("set DATABASE_URL"),
            "{said}"
        );
        let said = chosen(&[13], None).unwrap_err().to_string();
        assert!(said.contains("newest PostgreSQL found is 13"), "{said}");
    }

    #[test]
    fn path_and_the_folders_of_packages_are_searched_once_each() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let folders = [
            "usr/lib/postgresql/15/bin",
            "usr/pgsql-16/bin",
            "opt/homebrew/opt/postgresql@17/bin",
        ];
        for folder in folders {
            std::fs::create_dir_all(root.join(folder)).unwrap();
            std::fs::write(root.join(folder).join("postgres"), "").unwrap();
        }
        std::fs::create_dir_all(root.join("usr/lib/postgresql/14/lib")).unwrap();
        let link = root.join("local");
        std::fs::create_dir(&link).unwrap();
        std::os::unix::fs::symlink(
            root.join("usr/pgsql-16/bin/postgres"),
            link.join("postgres"),
        )
        .unwrap();
        let path = std::env::join_paths([Path::new("bin"), &link]).unwrap();
        let found = candidates(&path, &root);
        let expected = [
            "usr/pgsql-16/bin",
            "usr/lib/postgresql/15/bin",
            "opt/homebrew/opt/postgresql@17/bin",
        ];
        assert_eq!(found, expected.map(|folder| root.join(folder)));
    }

    #[test]
    fn an_empty_folder_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let account = Account::for_new_cluster().unwrap();
        assert_eq!(
            Binaries::look(folder.path(), &account),
            Err("it has no postgres".to_owned())
        );
    }
}
