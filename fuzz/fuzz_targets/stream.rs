//! A stream means the same however its bytes are cut, and what the caller gets of it names no model but the group.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use understudy_api::gateway::sse::Decoder;
use understudy_api::gateway::stream::{Dialect, Meaning, Reader};

const GROUP: &str = "group \"ü\"";

/// The line end behind an event, which is not always whole: one that was cut in two loses its second half, which means nothing.
fn plain(raw: &[u8]) -> &[u8] {
    let ends = [&b"\r\n"[..], b"\r", b"\n"];
    ends.into_iter()
        .find_map(|end| raw.strip_suffix(end))
        .unwrap_or(raw)
}

fn read(dialect: Dialect, chunks: &[&[u8]]) -> Vec<(Meaning, Vec<u8>)> {
    let mut reader = Reader::new(dialect, GROUP.to_owned());
    let mut events = Vec::new();
    for chunk in chunks {
        reader.push(chunk);
        loop {
            match reader.next_event() {
                Ok(Some(event)) => events.push((event.meaning, plain(&event.raw).to_vec())),
                Ok(None) => break,
                Err(_) => return events,
            }
        }
    }
    events
}

/// The value of a top-level `model`, as every reader finds it.
fn models(data: &[u8]) -> Option<Vec<Value>> {
    let value: Value = serde_json::from_slice(data).ok()?;
    let models = [
        value.get("model"),
        value.get("response").and_then(|r| r.get("model")),
    ];
    Some(
        models
            .into_iter()
            .flatten()
            .filter(|m| !m.is_null())
            .cloned()
            .collect(),
    )
}

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (dialect, seed, bytes) = input;
    let typed = dialect % 3 != 0;
    let dialect = match dialect % 3 {
        0 => Dialect::Chat,
        1 => Dialect::Responses(64),
        _ => Dialect::Audio,
    };
    let whole = read(dialect, &[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(whole, read(dialect, &single), "byte by byte");
    let cut = usize::from(seed) % (bytes.len() + 1);
    let (left, right) = bytes.split_at(cut);
    assert_eq!(whole, read(dialect, &[left, right]), "cut at {cut}");

    for (meaning, raw) in &whole {
        // What the caller reads is one event again. Not the first: a mark at the very beginning would be none of it.
        let sent = [b"\n", &raw[..], b"\n\n"].concat();
        let mut again = Decoder::new(usize::MAX);
        again.push(&sent);
        let event = again.next_event().expect("no limit").expect("an event");
        let commits = matches!(
            meaning,
            Meaning::Content | Meaning::Finish | Meaning::Complete
        );
        let Some(models) = event.data.as_deref().and_then(models).filter(|_| commits) else {
            continue;
        };
        let shown = if typed {
            &models[..]
        } else {
            &models[..models.len().min(1)]
        };
        let value: Value =
            serde_json::from_slice(event.data.as_deref().unwrap_or_default()).expect("JSON");
        for model in shown {
            if typed || value.get("model").is_some() {
                assert_eq!(model, GROUP);
            }
        }
    }
});
