//! Compressed variants beside the files, made once here in place of at every request.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{Result, files, say};

/// Files of these kinds shrink; pictures and fonts are compressed already.
const KINDS: [&str; 10] = [
    "html",
    "js",
    "mjs",
    "css",
    "wasm",
    "svg",
    "json",
    "txt",
    "xml",
    "webmanifest",
];

/// What the first visit of any page may load of code and styles, in bytes: of 1024 to the KB.
const FIRST_VISIT: usize = 700 * 1024;
/// What all pages together may weigh.
const ALL: usize = 1450 * 1024;
/// Files smaller than this are told together: of code that several pages share there are more than a hundred.
const SMALL: usize = 32 * 1024;
/// What the limits are about; the page itself, its icon and the licences are a few hundred bytes each.
const WEIGHED: [&str; 3] = ["wasm", "js", "css"];

/// Sizes in bytes: as it is, by gzip, by brotli.
#[derive(Default, Clone, Copy)]
struct Sizes {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Sizes {
    fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
    }
}

/// Writes `.gz` and `.br` beside every file in `folder` that gets smaller by them, and says what they weigh.
pub fn folder(folder: &Path, debug: bool) -> Result<()> {
    let mut total = Sizes::default();
    let (mut small, mut count) = (Sizes::default(), 0);
    say(format_args!(
        "  {:<40} {:>10} {:>10} {:>10}",
        "file", "raw", "gzip", "brotli"
    ));
    for path in files(folder)? {
        let sizes = file(&path, debug)?;
        let name = path.strip_prefix(folder)?.display().to_string();
        total.add(sizes);
        if sizes.raw < SMALL {
            small.add(sizes);
            count += 1;
        } else {
            say(line(&name, sizes));
        }
    }
    say(line(&format!("{count} smaller files"), small));
    say(line("total", total));
    Ok(())
}

/// Says what a browser that knows brotli downloads of `assets` for the first visit of each of the `pages`, whose own files are named, and for
/// all of them; refuses an application that became too heavy.
pub fn weigh(assets: &Path, pages: &BTreeMap<String, Vec<String>>, debug: bool) -> Result<()> {
    let mut weights = BTreeMap::new();
    for path in files(assets)? {
        let is_weighed = path
            .extension()
            .is_some_and(|extension| WEIGHED.iter().any(|kind| extension == *kind));
        if is_weighed {
            let variant = beside(&path, "br");
            let served = if variant.is_file() { &variant } else { &path };
            let name = path.strip_prefix(assets)?.display().to_string();
            weights.insert(name, usize::try_from(std::fs::metadata(served)?.len())?);
        }
    }
    let mut heaviest = 0;
    for (page, weight) in first_visits(&weights, pages) {
        say(format_args!(
            "  {:>5} KB first visit: {page}",
            kilobytes(weight)
        ));
        heaviest = heaviest.max(weight);
    }
    let all: usize = weights.values().sum();
    say(format_args!("  {:>5} KB all pages", kilobytes(all)));
    for (what, weight, limit) in [
        ("the first visit of a page", heaviest, FIRST_VISIT),
        ("the application", all, ALL),
    ] {
        let (weight_kb, limit_kb) = (kilobytes(weight), kilobytes(limit));
        if weight > limit && !debug {
            let text = format!("{what} weighs {weight_kb} KB on the wire, more than {limit_kb} KB");
            return Err(text.into());
        }
    }
    Ok(())
}

/// What each page loads when it is the first one: its own files, and what belongs to no page.
fn first_visits<'a>(
    weights: &BTreeMap<String, usize>,
    pages: &'a BTreeMap<String, Vec<String>>,
) -> Vec<(&'a str, usize)> {
    let of_pages: BTreeSet<&String> = pages.values().flatten().collect();
    let always: usize = weights
        .iter()
        .filter(|(name, _)| !of_pages.contains(name))
        .map(|(_, weight)| weight)
        .sum();
    let own =
        |files: &[String]| -> usize { files.iter().filter_map(|file| weights.get(file)).sum() };
    pages
        .iter()
        .map(|(page, files)| (page.as_str(), always + own(files)))
        .collect()
}

fn kilobytes(bytes: usize) -> usize {
    bytes.div_ceil(1024)
}

fn line(name: &str, sizes: Sizes) -> String {
    format!(
        "  {name:<40} {:>10} {:>10} {:>10}",
        sizes.raw, sizes.gzip, sizes.brotli
    )
}

fn file(path: &Path, debug: bool) -> Result<Sizes> {
    let content = std::fs::read(path)?;
    let raw = content.len();
    let shrinks = path
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| KINDS.contains(&extension));
    if !shrinks {
        return Ok(Sizes {
            raw,
            gzip: raw,
            brotli: raw,
        });
    }
    Ok(Sizes {
        raw,
        gzip: keep(path, "gz", raw, &gzip(&content, debug)?)?,
        brotli: keep(path, "br", raw, &brotli(&content, debug)?)?,
    })
}

/// Writes the variant when it is worth a file; gives back the size that a browser will see.
fn keep(path: &Path, extension: &str, raw: usize, variant: &[u8]) -> Result<usize> {
    if variant.len() >= raw {
        return Ok(raw);
    }
    std::fs::write(beside(path, extension), variant)?;
    Ok(variant.len())
}

/// The path of a variant of the file.
fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn gzip(content: &[u8], debug: bool) -> Result<Vec<u8>> {
    let level = if debug {
        Compression::fast()
    } else {
        Compression::best()
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn brotli(content: &[u8], debug: bool) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: if debug { 3 } else { 11 },
        lgwin: 22,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &params)?;
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_first_visit_loads_what_is_the_pages_and_what_is_nobodys() {
        let weights = [
            ("app.wasm", 100),
            ("a.css", 10),
            ("chunk.wasm", 5),
            ("one.wasm", 2),
            ("two.wasm", 1),
        ];
        let weights = weights
            .map(|(name, weight)| (name.to_owned(), weight))
            .into();
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let pages = BTreeMap::from([
            ("one".to_owned(), files(&["chunk.wasm", "one.wasm"])),
            ("two".to_owned(), files(&["two.wasm"])),
        ]);
        assert_eq!(first_visits(&weights, &pages), [("one", 117), ("two", 111)]);
    }

    #[test]
    fn both_variants_give_the_content_back() {
        let content = "one and one and one".repeat(1000).into_bytes();
        let mut back = Vec::new();
        flate2::read::GzDecoder::new(&*gzip(&content, false).unwrap())
            .read_to_end(&mut back)
            .unwrap();
        assert_eq!(back, content);
        back.clear();
        brotli::BrotliDecompress(&mut &*brotli(&content, false).unwrap(), &mut back).unwrap();
        assert_eq!(back, content);
    }
}
