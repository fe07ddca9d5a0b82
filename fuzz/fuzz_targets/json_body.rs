//! A body on its way to a backend is the same JSON but for the model and the parameters.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use understudy_api::gateway::body::Object;
use understudy_api::gateway::question::Question;
use understudy_shared::{Capability, Parameters};

fn parse(body: &[u8]) -> Option<Map<String, Value>> {
    // Deeper than this reader goes is for others.
    serde_json::from_slice(body).ok()
}

fn parameters(seed: u8) -> Parameters {
    let object = |yes: bool, name: &str, value: Value| {
        let mut fields = Map::new();
        if yes {
            fields.insert(name.to_owned(), value);
        }
        fields
    };
    Parameters {
        defaults: object(seed & 1 != 0, "a", 1.into()),
        overrides: object(seed & 2 != 0, "b", "\"\n\u{1}".into()),
        strip: if seed & 4 != 0 {
            vec!["c".to_owned()]
        } else {
            Vec::new()
        },
    }
}

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (seed, model, bytes) = input;
    let body = Bytes::copy_from_slice(bytes);
    let scanned = Object::scan(&body);
    let parsed = parse(&body);
    if parsed.is_some() {
        assert!(scanned.is_ok(), "an object that is refused");
    }
    let Ok(object) = scanned else { return };

    let same = Parameters::default();
    let sent = object.for_instance(model, &same);
    if let Some(mut expected) = parsed.clone() {
        if let Some(found) = expected.get_mut("model") {
            *found = model.into();
        }
        assert_eq!(parse(&sent), Some(expected), "only the model changes");
    }
    if object.get("model").is_none() {
        assert_eq!(sent, body, "nothing to change");
    }

    let parameters = parameters(seed);
    let sent = object.for_instance(model, &parameters);
    if let Some(mut expected) = parsed {
        if let Some(found) = expected.get_mut("model") {
            *found = model.into();
        }
        parameters
            .strip
            .iter()
            .for_each(|name| drop(expected.remove(name)));
        for (name, value) in &parameters.defaults {
            expected
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        expected.extend(parameters.overrides.clone());
        assert_eq!(
            parse(&sent),
            Some(expected),
            "the model and the parameters change"
        );
    }
    // What an assistant puts in: an item before the others of a list, and fields that are not there.
    let item = serde_json::json!({"role": "system", "content": model});
    let new = object.get("z").is_none().then_some(("\"z\"", "1.0"));
    if let (Ok(sent), Some(mut expected)) = (
        object.with_added("messages", &item.to_string(), new.into_iter()),
        parse(&body),
    ) {
        let list = expected.get_mut("messages").and_then(Value::as_array_mut);
        list.expect("a list").insert(0, item);
        if new.is_some() {
            let number: Value = serde_json::from_str("1.0").expect("a number");
            expected.insert("z".to_owned(), number);
        }
        assert_eq!(parse(&sent), Some(expected), "only what is added");
    }
    // Whoever is asked is the one whom every other reader finds there.
    if let Ok(question) = Question::read(Capability::Chat, "application/json", &body)
        && let Some(parsed) = parse(&body)
    {
        assert_eq!(
            parsed.get("model").and_then(Value::as_str),
            Some(&*question.model)
        );
        let stream = parsed
            .get("stream")
            .and_then(Value::as_bool)
            .unwrap_or_default();
        assert_eq!(stream, question.stream);
    }
});
