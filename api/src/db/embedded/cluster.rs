//! Making the cluster: beside its place, then renamed, so that what is in its place is always whole.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::binaries::Binaries;
use super::place::Place;
use super::{EmbeddedError, USER};

const UNFINISHED: &str = "postgres.new-";
/// Character classes, best first: upper and lower case are those of all scripts. Sorting is by code point in any case, so that
/// an update of the system's locales cannot break an index.
const CHARACTER_CLASSES: [&str; 3] = ["C.UTF-8", "en_US.UTF-8", "C"];

/// Makes the cluster if there is none.
pub(super) async fn ensure(place: &Place, binaries: &Binaries) -> Result<(), EmbeddedError> {
    remove_unfinished(place.base());
    if place.made_by()?.is_some() {
        return Ok(());
    }
    tracing::info!(cluster = %place.cluster().display(), version = binaries.major(), "making a PostgreSQL cluster");
    let mut said = String::new();
    for classes in CHARACTER_CLASSES {
        let folder = new_folder(place)?;
        let output = initdb(place, binaries, &folder, classes).await?;
        if output.status.success() {
            return put_in_place(&folder, place);
        }
        said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        remove(&folder);
        if !said.contains("locale") {
            break;
        }
    }
    Err(EmbeddedError::Initdb {
        cluster: place.cluster().to_owned(),
        output: said,
    })
}

/// An empty folder of a name that no program of an earlier, killed start can still write to.
fn new_folder(place: &Place) -> Result<PathBuf, EmbeddedError> {
    let folder = place
        .base()
        .join(format!("{UNFINISHED}{:016x}", rand::random::<u64>()));
    DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .map_err(EmbeddedError::io("make the folder", &folder))?;
    place.account().give(&folder)?;
    Ok(folder)
}

async fn initdb(
    place: &Place,
    binaries: &Binaries,
    folder: &Path,
    classes: &str,
) -> Result<Output, EmbeddedError> {
    let program = binaries.initdb();
    let mut command = place.account().command(&program);
    command
        .arg("--pgdata")
        .arg(folder)
        .args(["--username", USER, "--encoding=UTF8", "--no-locale"])
        .arg(format!("--lc-ctype={classes}"))
        // Whoever reaches the socket is trusted: the permissions of its folder are the protection.
        .args(["--auth=trust", "--data-checksums", "--no-instructions"]);
    let mut command = tokio::process::Command::from(command);
    command
        .kill_on_drop(true)
        .output()
        .await
        .map_err(place.account().cannot_run(&program))
}

fn put_in_place(folder: &Path, place: &Place) -> Result<(), EmbeddedError> {
    std::fs::rename(folder, place.cluster()).map_err(EmbeddedError::io(
        "rename the new cluster to",
        place.cluster(),
    ))?;
    let synced = File::open(place.base()).and_then(|base| base.sync_all());
    synced.map_err(EmbeddedError::io("write", place.base()))
}

/// Removes what a start that was killed has left.
fn remove_unfinished(base: &Path) {
    let entries = base.read_dir().into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(UNFINISHED))
    {
        remove(&entry.path());
    }
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        tracing::warn!(folder = %folder.display(), %error, "an unfinished cluster cannot be removed");
    }
}
