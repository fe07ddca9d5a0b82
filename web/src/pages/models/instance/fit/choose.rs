//! The file of a model: its head is read, in the browser, and no more of it than is needed.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::fit::Shape;
use understudy_shared::gguf::{Gguf, GgufFault, MAX_HEAD};
use web_sys::wasm_bindgen::JsCast;

use crate::browser;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n, words};

/// How much is read first; most heads are not much longer.
const FIRST: usize = 2 * 1024 * 1024;

/// A model whose head was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// What it is called: by its head, or by its file.
    pub name: String,
    /// Its family.
    pub architecture: String,
    /// Number of its parameters.
    pub parameters: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// What it needs.
    pub shape: Shape,
}

/// Why a file says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// It is no GGUF file, or of a version that is not known.
    NotGguf,
    /// It is shorter than it says.
    Incomplete,
    /// It contradicts itself.
    Damaged,
    /// Parts of the model are missing.
    Parts { chosen: usize, parts: u64 },
    /// The browser cannot read it.
    Unreadable,
}

/// Of several files of one model: so many bytes and this head each.
fn together(files: Vec<(String, u64, Gguf)>) -> Result<Chosen, FileFault> {
    if files
        .iter()
        .any(|(_, bytes, gguf)| *bytes < gguf.least_bytes)
    {
        return Err(FileFault::Incomplete);
    }
    let bytes = files
        .iter()
        .map(|(_, bytes, _)| *bytes)
        .fold(0, u64::saturating_add);
    let parameters = files.iter().map(|(.., gguf)| gguf.parameters);
    let parameters = parameters.fold(0, u64::saturating_add);
    let chosen = files.len();
    let parts = files.iter().map(|(.., gguf)| gguf.parts).max().unwrap_or(1);
    let first = files.into_iter().find(|(.., gguf)| gguf.part == 0);
    let (file, _, gguf) = first
        .filter(|_| u64::try_from(chosen).is_ok_and(|chosen| chosen == parts))
        .ok_or(FileFault::Parts { chosen, parts })?;
    Ok(Chosen {
        shape: Shape::of_gguf(&gguf, bytes),
        name: Some(gguf.name)
            .filter(|name| !name.is_empty())
            .unwrap_or(file),
        architecture: gguf.architecture,
        parameters,
        bytes,
    })
}

/// Reads a head, more of it as long as it asks for more.
async fn head(file: &web_sys::File) -> Result<Gguf, FileFault> {
    let size = browser::size(file);
    let mut wanted = FIRST;
    loop {
        let bytes = browser::beginning(file, wanted).await;
        let bytes = bytes.ok_or(FileFault::Unreadable)?;
        match Gguf::read(&bytes) {
            Ok(gguf) => return Ok(gguf),
            Err(GgufFault::NeedsMore) if u64::try_from(wanted).unwrap_or(u64::MAX) >= size => {
                return Err(FileFault::Incomplete);
            }
            Err(GgufFault::NeedsMore) if wanted >= MAX_HEAD => return Err(FileFault::Damaged),
            Err(GgufFault::NeedsMore) => wanted *= 2,
            Err(GgufFault::NotGguf | GgufFault::Version(_)) => return Err(FileFault::NotGguf),
            Err(GgufFault::Damaged) => return Err(FileFault::Damaged),
        }
    }
}

async fn read(files: Vec<web_sys::File>) -> Result<Chosen, FileFault> {
    let mut heads = Vec::new();
    for file in &files {
        heads.push((file.name(), browser::size(file), head(file).await?));
    }
    together(heads)
}

/// The field for the file, and what it says.
#[component]
pub fn ChooseFile(
    /// What was chosen.
    file: RwSignal<Option<Result<Chosen, FileFault>>>,
) -> impl IntoView {
    let i18n = use_i18n();
    // Who chooses twice means the second.
    let turn = StoredValue::new(0_u32);
    let choose = move |event: web_sys::Event| {
        let target = event.target();
        let input = target.and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        let list = input.and_then(|input| input.files());
        let files: Vec<web_sys::File> = list
            .map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect())
            .unwrap_or_default();
        let mine = turn.get_value().wrapping_add(1);
        turn.set_value(mine);
        file.set(None);
        if files.is_empty() {
            return;
        }
        spawn_local(async move {
            let chosen = read(files).await;
            if turn.try_get_value() == Some(mine) {
                file.set(Some(chosen));
            }
        });
    };
    let fault = move || {
        let fault = file.with(|file| file.as_ref()?.as_ref().err().cloned())?;
        Some(match fault {
            FileFault::NotGguf => t_string!(i18n, fit.fault.not_gguf).to_owned(),
            FileFault::Incomplete => t_string!(i18n, fit.fault.incomplete).to_owned(),
            FileFault::Damaged => t_string!(i18n, fit.fault.damaged).to_owned(),
            FileFault::Unreadable => t_string!(i18n, fit.fault.unreadable).to_owned(),
            FileFault::Parts { chosen, parts } => {
                t_string!(i18n, fit.fault.parts, chosen, parts)
            }
        })
    };
    let said = move || {
        let chosen = file.with(|file| file.as_ref()?.as_ref().ok().cloned())?;
        let size = words::size(i18n, chosen.bytes);
        let millions = i64::try_from(chosen.parameters / 1_000_000).unwrap_or(i64::MAX);
        let count = words::number(i18n, millions);
        let name = format!("{} · {}", chosen.name, chosen.architecture);
        Some(view! {
            <p class="minor" data-part="file">
                <Glyph icon=Icon::Check />
                " "
                {name}
                " · "
                {t_string!(i18n, fit.file_size, size, count)}
            </p>
        })
    };
    view! {
        <div class="field">
            <label for="fit-file">{t!(i18n, fit.file)}</label>
            <input
                id="fit-file"
                class="input"
                type="file"
                accept=".gguf"
                multiple
                aria-describedby="fit-file-hint fit-file-error"
                aria-invalid=move || fault().is_some().then_some("true")
                on:change=choose
            />
            <p class="hint" id="fit-file-hint">
                {t!(i18n, fit.file_hint)}
            </p>
            <p class="field-error" id="fit-file-error" role="alert">
                {fault}
            </p>
            {said}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(part: u64, parts: u64, least_bytes: u64) -> Gguf {
        Gguf {
            architecture: "llama".to_owned(),
            name: String::new(),
            parameters: 1000,
            trained_context: None,
            layers: 1,
            embedding: 1,
            feed_forward: 1,
            cache_numbers: 1,
            vocabulary: 1,
            parts,
            part,
            least_bytes,
        }
    }

    #[test]
    fn model_of_several_files_needs_all_of_them() {
        let file = |name: &str, gguf: Gguf| (name.to_owned(), 100, gguf);
        let whole = together(vec![file("b", part(1, 2, 10)), file("a", part(0, 2, 10))]);
        let whole = whole.unwrap();
        assert_eq!((whole.bytes, whole.parameters), (200, 2000));
        assert_eq!(whole.name, "a", "as the file is called");
        assert_eq!(
            together(vec![file("a", part(0, 3, 10))]),
            Err(FileFault::Parts {
                chosen: 1,
                parts: 3
            })
        );
        let twice = vec![file("b", part(1, 2, 10)), file("b", part(1, 2, 10))];
        assert_eq!(
            together(twice),
            Err(FileFault::Parts {
                chosen: 2,
                parts: 2
            })
        );
        assert_eq!(
            together(vec![file("a", part(0, 1, 101))]),
            Err(FileFault::Incomplete)
        );
    }
}
