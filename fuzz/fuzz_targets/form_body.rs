//! A form on its way to a backend has the same fields but for the model and the parameters, and no reader finds another model in it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use understudy_api::gateway::form::{Form, boundary};
use understudy_shared::Parameters;

fn fields(form: &Form<'_>) -> Vec<(String, Vec<u8>)> {
    form.fields()
        .map(|(name, value)| (name.to_owned(), value.to_vec()))
        .collect()
}

/// A careless reader: lines end as they like, and whatever looks like a field's head is one.
fn models_of_a_careless_reader(body: &[u8], boundary: &str) -> Vec<Vec<u8>> {
    let text: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
    let marker = format!("--{boundary}");
    let mut models = Vec::new();
    let mut lines = text.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        if !line.starts_with(marker.as_bytes()) {
            continue;
        }
        let mut named = false;
        for head in lines.by_ref().take_while(|line| !line.is_empty()) {
            let head = String::from_utf8_lossy(head).to_ascii_lowercase();
            named |= head.starts_with("content-disposition:")
                && (head.contains("name=\"model\"") || head.contains("name=model"))
                && !head.contains("filename=\"name=model")
                && !head.contains("filename=\"name=\"model");
        }
        if named {
            models.push(lines.peek().copied().unwrap_or_default().to_vec());
        }
    }
    models
}

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (seed, model, bytes) = input;
    let body = Bytes::copy_from_slice(bytes);
    // The boundary is read from a declaration, too.
    let declared = format!(
        "multipart/form-data; boundary={}",
        if seed & 8 == 0 { "b" } else { "\"b\"" }
    );
    let boundary = boundary(&declared).expect("a boundary").expect("a form");
    let Ok(form) = Form::read(&body, &boundary) else {
        return;
    };
    let before = fields(&form);

    let text = |pieces: Vec<Bytes>| Bytes::from(pieces.concat());
    let same = Parameters::default();
    let Ok(sent) = form.for_instance(model, &same) else {
        assert!(model.contains("--b"));
        return;
    };
    let sent = text(sent);
    let expected: Vec<_> = before
        .iter()
        .map(|(name, value)| match name.as_str() {
            "model" => (name.clone(), model.as_bytes().to_vec()),
            _ => (name.clone(), value.clone()),
        })
        .collect();
    // A name with line ends would be a stored one, and none is stored.
    if !model.contains(['\r', '\n']) {
        let again = Form::read(&sent, &boundary).expect("still a form");
        assert_eq!(fields(&again), expected, "only the model changes");
    }
    if !before.iter().any(|(name, _)| name == "model") {
        assert_eq!(sent, body, "nothing to change");
    }
    if form.unique("model").is_ok_and(|found| found.is_some()) {
        let found = models_of_a_careless_reader(&sent, &boundary);
        let line = model.split(['\r', '\n']).next().unwrap_or_default();
        for other in found {
            assert!(
                model.contains(['\r', '\n']) || other == line.as_bytes(),
                "another model is to be found"
            );
        }
    }

    let one = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
    let parameters = Parameters {
        defaults: one("a", json!("1")),
        overrides: one("c", json!(["x", 2])),
        strip: vec!["d".to_owned()],
    };
    if let Ok(sent) = form.for_instance("m", &parameters) {
        let sent = text(sent);
        let again = Form::read(&sent, &boundary).expect("still a form");
        let plain = |name: &str| name.strip_suffix("[]").unwrap_or(name).to_owned();
        let mut expected: Vec<_> = before
            .iter()
            .filter(|(name, _)| !["c", "d"].contains(&plain(name).as_str()))
            .map(|(name, value)| match name.as_str() {
                "model" => (name.clone(), b"m".to_vec()),
                _ => (name.clone(), value.clone()),
            })
            .collect();
        expected.push(("c[]".to_owned(), b"x".to_vec()));
        expected.push(("c[]".to_owned(), b"2".to_vec()));
        if !before.iter().any(|(name, _)| plain(name) == "a") {
            expected.push(("a".to_owned(), b"1".to_vec()));
        }
        assert_eq!(
            fields(&again),
            expected,
            "the model and the parameters change"
        );
    }
});
