//! Style sheets and what they refer to, and files that are copied as they are.

use std::path::Path;

use crate::{Result, files, write_hashed};

/// Copies `web/style` under hashed names; gives back the names of the style sheets, sorted by their original ones.
///
/// A style sheet names its fonts and images relative to itself (`url(fonts/x.woff2)`); those names are replaced.
pub fn copy(from: &Path, assets: &Path) -> Result<Vec<String>> {
    let (sheets, others): (Vec<_>, Vec<_>) = files(from)?
        .into_iter()
        .partition(|path| path.extension().is_some_and(|extension| extension == "css"));
    let mut renamed = Vec::new();
    for path in others {
        let name = write_hashed(
            assets,
            stem(&path),
            extension(&path),
            &std::fs::read(&path)?,
        )?;
        renamed.push((
            path.strip_prefix(from)?.to_string_lossy().into_owned(),
            name,
        ));
    }
    let mut names = Vec::new();
    for path in sheets {
        let sheet = with_names(std::fs::read_to_string(&path)?, &renamed);
        names.push(write_hashed(assets, stem(&path), "css", sheet.as_bytes())?);
    }
    Ok(names)
}

/// Copies the content of `from` into `to`.
pub fn copy_as_they_are(from: &Path, to: &Path) -> Result<()> {
    for path in files(from)? {
        let copy = to.join(path.strip_prefix(from)?);
        if let Some(parent) = copy.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::copy(&path, &copy)?;
    }
    Ok(())
}

fn with_names(mut sheet: String, renamed: &[(String, String)]) -> String {
    for (old, new) in renamed {
        for (open, close) in [("(", ")"), ("(\"", "\")"), ("('", "')")] {
            for prefix in ["", "./"] {
                let old = format!("url{open}{prefix}{old}{close}");
                sheet = sheet.replace(&old, &format!("url(\"{new}\")"));
            }
        }
    }
    sheet
}

/// The name of a file without its extension.
pub fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("file")
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or("bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_sheets_references_follow_the_new_names() {
        let renamed = [("fonts/a.woff2".to_owned(), "a-1.woff2".to_owned())];
        let sheet =
            "src: url(fonts/a.woff2), url('./fonts/a.woff2'), url(fonts/b.woff2)".to_owned();
        assert_eq!(
            with_names(sheet, &renamed),
            "src: url(\"a-1.woff2\"), url(\"a-1.woff2\"), url(fonts/b.woff2)"
        );
    }
}
