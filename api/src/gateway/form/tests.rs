use serde_json::json;

use super::*;

/// A form of these parts, each with its head.
fn form(parts: &[(&str, &str)]) -> Bytes {
    let mut text = String::new();
    for (disposition, value) in parts {
        text +=
            &format!("--b0\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n");
    }
    (text + "--b0--\r\n").into()
}

fn changed(body: &Bytes, parameters: &Parameters) -> String {
    let form = Form::read(body, "b0").unwrap();
    let pieces = form.for_instance("m", parameters).unwrap();
    String::from_utf8(pieces.concat()).unwrap()
}

fn refused(body: &str) -> &'static str {
    Form::read(&Bytes::from(body.to_owned()), "b0")
        .unwrap_err()
        .0
}

const FILE: (&str, &str) = (
    "name=\"file\"; filename=\"a.wav\"",
    "RIFF\0\u{1}\r\n--b\r\n-- b0 --b0 \r\n\r\n",
);
const MODEL: (&str, &str) = ("name=\"model\"", "group");

#[test]
fn only_the_model_changes_wherever_it_stands() {
    for parts in [[FILE, MODEL], [MODEL, FILE]] {
        let body = form(&parts);
        let expected = String::from_utf8(body.to_vec()).unwrap();
        let expected = expected.replace("\r\n\r\ngroup\r\n", "\r\n\r\nm\r\n");
        assert_eq!(changed(&body, &Parameters::default()), expected);
        assert_eq!(
            Form::read(&body, "b0").unwrap().unique("model"),
            Ok(Some("group"))
        );
    }
}

#[test]
fn the_file_is_a_slice_of_what_came() {
    let body = form(&[FILE, MODEL]);
    let form = Form::read(&body, "b0").unwrap();
    let pieces = form.for_instance("m", &Parameters::default()).unwrap();
    assert_eq!(pieces.len(), 3);
    let inside = body.as_ptr_range();
    for piece in [&pieces[0], &pieces[2]] {
        assert!(inside.contains(&piece.as_ptr()), "a copy");
    }
}

#[test]
fn what_stands_around_the_form_is_kept() {
    let body = format!(
        "preamble\r\n{}epilogue",
        String::from_utf8(form(&[MODEL]).to_vec()).unwrap()
    );
    let expected = body.replace("group", "m");
    assert_eq!(changed(&body.into(), &Parameters::default()), expected);
    let body = "\r\n--b0\r\nContent-Disposition: form-data; name=model\r\n\r\n\r\n--b0--";
    assert_eq!(
        changed(&Bytes::from(body), &Parameters::default()),
        body.replace("\r\n\r\n\r\n--b0--", "\r\n\r\nm\r\n--b0--")
    );
}

#[test]
fn parameters_add_force_and_remove_fields() {
    let parameters = Parameters {
        defaults: json!({"language": "ru", "temperature": 0.5, "prompt": "x", "none": null})
            .as_object()
            .unwrap()
            .clone(),
        overrides: json!({"response_format": "json", "timestamp_granularities": ["word", "segment"], "o": {"a": 1}})
            .as_object()
            .unwrap()
            .clone(),
        strip: vec!["user".into()],
    };
    let body = form(&[
        ("name=\"response_format\"", "srt"),
        ("name=\"user\"", "u"),
        ("name=\"timestamp_granularities[]\"", "char"),
        MODEL,
        ("name=\"prompt\"", "mine"),
    ]);
    let text = changed(&body, &parameters);
    let read = Bytes::from(text);
    let form = Form::read(&read, "b0").unwrap();
    let text = |value| std::str::from_utf8(value).unwrap();
    let fields: Vec<_> = form
        .fields()
        .map(|(name, value)| (name, text(value)))
        .collect();
    assert_eq!(
        fields,
        [
            ("model", "m"),
            ("prompt", "mine"),
            ("o", "{\"a\":1}"),
            ("response_format", "json"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
            ("language", "ru"),
            ("temperature", "0.5"),
        ]
    );
    let original = Form::read(&body, "b0").unwrap();
    let effective = |name| original.effective(name, &parameters);
    assert_eq!(effective("response_format").as_deref(), Some("json"));
    assert_eq!(effective("user"), None);
    assert_eq!(effective("prompt").as_deref(), Some("mine"));
    assert_eq!(effective("language").as_deref(), Some("ru"));
}

#[test]
fn a_new_value_with_the_callers_boundary_is_refused() {
    let body = form(&[MODEL]);
    let form = Form::read(&body, "b0").unwrap();
    assert_eq!(
        form.for_instance("x--b0", &Parameters::default()),
        Err(ContainsBoundary)
    );
}

#[test]
fn a_field_that_decides_must_be_one_text() {
    let read = |parts: &[(&str, &str)]| {
        let body = form(parts);
        Form::read(&body, "b0")
            .unwrap()
            .unique("model")
            .map(|text| text.map(str::to_owned))
    };
    assert_eq!(read(&[FILE]), Ok(None));
    assert_eq!(read(&[MODEL, FILE, MODEL]), Err("is in the body twice"));
    assert_eq!(
        read(&[("name=\"model\"; filename=\"m\"", "group")]),
        Err("must be text, not a file")
    );
    assert_eq!(
        read(&[("name=\"Model\"", "group")]),
        Ok(None),
        "names have a case"
    );
}

#[test]
fn forms_that_are_not_whole_or_not_clear_are_refused() {
    let head = "--b0\r\nContent-Disposition: form-data; name=model\r\n\r\ngroup";
    assert!(refused("").contains("last delimiter"));
    assert!(refused(head).contains("last delimiter"));
    assert!(refused(&format!("{head}\r\n--b")).contains("last delimiter"));
    for end in [
        "\r\n--b0-",
        "\r\n--b0--x",
        "\n--b0--\r\n",
        "\r--b0--\r\n",
        "\r\n--b0  \r\n",
        "\r\n--b0x\r\n--b0--",
    ] {
        assert!(
            refused(&format!("{head}{end}")).contains("only a delimiter"),
            "{end:?}"
        );
    }
    assert!(refused(&format!("{head}\r\n--b0--\r\n{head}\r\n--b0--")).contains("goes on"));
    assert!(refused("--b0\r\n--b0--").contains("head"));
    assert!(refused("--b0\r\nx\r\n--b0--").contains("head"));
    let many = "--b0\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n".repeat(1_001);
    assert!(refused(&(many + "--b0--")).contains("too many"));
}
