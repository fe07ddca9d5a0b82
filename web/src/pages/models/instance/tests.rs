//! The form and the wire: what is sent for what was typed.

use serde_json::{Value, json};
use understudy_shared::{InstanceKind, ModelInstance};

use super::draft::{Draft, TokenDraft};
use super::patch::difference;
use crate::components::form::errors::Fault;
use crate::components::form::pairs::{PairFault, Typed};

/// A stored cloud instance with a token, a header and two proxies, one of them with a password.
pub fn instance() -> ModelInstance {
    serde_json::from_value(json!({
        "id": "01890a5d-ac96-774b-bcce-b302099a8001", "name": "GPT", "description": "d", "labels": {"site": "ams"}, "enabled": true,
        "kind": "cloud", "protocol": "openai",
        "endpoint": {"scheme": "https", "host": "api.example", "port": 443, "base_path": "/v1"}, "base_url": "https://api.example/v1",
        "model": "gpt-4.1", "auth": {"type": "bearer", "header": null},
        "tokens": [{"id": "01890a5d-ac96-774b-bcce-b302099a8002", "label": "main", "hint": "…9f2c", "state": "unknown"}],
        "headers": [{"id": "01890a5d-ac96-774b-bcce-b302099a8003", "name": "x-org", "hint": ""}],
        "proxies": [
            {"id": "01890a5d-ac96-774b-bcce-b302099a8004", "url": "http://proxy-a.example:3128", "username": "u", "password_set": true, "state": "unknown"},
            {"id": "01890a5d-ac96-774b-bcce-b302099a8005", "url": "socks5h://10.0.4.17:1080", "username": null, "password_set": false, "state": "unknown"},
        ],
        "tls": {"ca_pem": null, "insecure_skip_verify": false},
        "parameters": {"defaults": {"temperature": 0.2}, "overrides": {}, "strip": ["user"]},
        "limits": {"max_concurrency": 8, "requests_per_minute": null},
        "timeouts": {"connect_ms": 2500, "first_byte_ms": 60000, "idle_ms": 300000, "total_ms": 600000},
        "health_check": {"mode": "auto", "path": null, "interval_s": null, "timeout_s": 3, "fall": 3, "rise": 2},
        "capabilities": {"endpoints": ["chat"], "context_length": null, "vision": true, "tools": null, "embedding_dimensions": null},
        "status": {"state": "unknown", "since": "2027-01-01T00:00:00Z", "checked_at": null, "latency_ms": null, "in_flight": 0, "last_error": null, "reason": "", "code": "not_asked", "retry_at": null},
        "version": 3, "created_at": "2027-01-01T00:00:00Z", "updated_at": "2027-01-01T00:00:00Z",
    }))
    .unwrap()
}

fn patch(change: impl FnOnce(&mut Draft)) -> Value {
    let draft = Draft::of(&instance());
    let before = draft.json().unwrap();
    let mut changed = draft;
    change(&mut changed);
    let after = changed.json().unwrap();
    Value::Object(difference(
        before.as_object().unwrap(),
        after.as_object().unwrap(),
    ))
}

fn fault_ids(draft: &Draft) -> Vec<String> {
    let (_, faults) = draft.read();
    faults.into_iter().filter_map(|place| place.id).collect()
}

#[test]
fn a_new_local_instance_needs_a_name_and_has_the_usual_rest() {
    let mut draft = Draft::new(InstanceKind::Local);
    assert_eq!(fault_ids(&draft), ["name"]);
    draft.name = " GPU ".to_owned();
    assert_eq!(
        draft.json().unwrap(),
        json!({
            "name": "GPU", "description": "", "labels": {}, "enabled": true, "kind": "local", "protocol": "openai",
            "endpoint": {"scheme": "http", "host": "127.0.0.1", "port": 8000, "base_path": "/v1"}, "model": null,
            "auth": {"type": "bearer", "header": null}, "tokens": [], "headers": [], "proxies": [],
            "tls": {"ca_pem": null, "insecure_skip_verify": false},
            "parameters": {"defaults": {}, "overrides": {}, "strip": []},
            "limits": {"max_concurrency": null, "requests_per_minute": null},
            "timeouts": {"connect_ms": 5000, "first_byte_ms": 60000, "idle_ms": 300000, "total_ms": 600000},
            "health_check": {"mode": "auto", "path": null, "interval_s": null, "timeout_s": 3, "fall": 3, "rise": 2},
            "capabilities": {"endpoints": [], "context_length": null, "vision": null, "tools": null, "embedding_dimensions": null},
        })
    );
}

#[test]
fn a_new_cloud_instance_sends_its_address_in_parts_and_its_secrets() {
    let mut draft = Draft::new(InstanceKind::Cloud);
    draft.name = "C".to_owned();
    draft.url = "api.openai.com/v1/chat/completions".to_owned();
    draft.tokens = vec![TokenDraft {
        key: 5,
        label: "main".to_owned(),
        value: Some(" sk-1 ".to_owned()),
        ..TokenDraft::default()
    }];
    let json = draft.json().unwrap();
    assert_eq!(
        json["endpoint"],
        json!({"scheme": "https", "host": "api.openai.com", "port": 443, "base_path": "/v1"})
    );
    assert_eq!(json["tokens"], json!([{"label": "main", "value": "sk-1"}]));
    draft.tokens[0].value = Some(String::new());
    assert_eq!(fault_ids(&draft), ["tokens-5-value"]);
}

#[test]
fn changing_the_kind_forth_and_back_loses_nothing() {
    let mut draft = Draft::of(&instance());
    let before = draft.json().unwrap();
    draft.kind = InstanceKind::Network;
    let between = draft.json().unwrap();
    assert_eq!(between["endpoint"], before["endpoint"]);
    assert_eq!(between["tokens"], before["tokens"]);
    draft.kind = InstanceKind::Cloud;
    assert_eq!(draft.json().unwrap(), before);
}

#[test]
fn an_unchanged_form_changes_nothing() {
    assert_eq!(patch(|_| {}), json!({}));
    let same = patch(|draft| {
        draft.tokens[0].value = Some(String::new());
        draft.url = "https://api.example:443/v1/".to_owned();
        draft.connect = "2,5".to_owned();
        draft.defaults = Typed::Raw(r#"{ "temperature": 0.2 }"#.to_owned());
    });
    assert_eq!(same, json!({}));
}

#[test]
fn a_patch_has_only_what_changed() {
    for (change, expected) in [
        (
            Box::new(|draft: &mut Draft| draft.name = "B".to_owned())
                as Box<dyn FnOnce(&mut Draft)>,
            json!({"name": "B"}),
        ),
        (
            Box::new(|draft| draft.url = "https://api.example/v2".to_owned()),
            json!({"endpoint": {"base_path": "/v2"}}),
        ),
        (
            Box::new(|draft| draft.model.clear()),
            json!({"model": null}),
        ),
        (
            Box::new(|draft| draft.connect.clear()),
            json!({"timeouts": {"connect_ms": 5000}}),
        ),
        (
            Box::new(|draft| draft.max_concurrency.clear()),
            json!({"limits": {"max_concurrency": null}}),
        ),
        (
            Box::new(|draft| draft.labels = Typed::default()),
            json!({"labels": {"site": null}}),
        ),
        (
            Box::new(|draft| draft.defaults = Typed::Raw(r#"{"top_p": 1}"#.to_owned())),
            json!({"parameters": {"defaults": {"temperature": null, "top_p": 1}}}),
        ),
        (
            Box::new(|draft| draft.strip = "user logit_bias".to_owned()),
            json!({"parameters": {"strip": ["user", "logit_bias"]}}),
        ),
        (
            Box::new(|draft| draft.vision.clear()),
            json!({"capabilities": {"vision": null}}),
        ),
        (
            Box::new(|draft| draft.enabled = false),
            json!({"enabled": false}),
        ),
    ] {
        assert_eq!(patch(change), expected);
    }
}

#[test]
fn a_kept_token_is_sent_by_its_id_and_a_replaced_one_with_its_value() {
    let id = "01890a5d-ac96-774b-bcce-b302099a8002";
    let changed = patch(|draft| draft.tokens[0].label = "other".to_owned());
    assert_eq!(changed, json!({"tokens": [{"id": id, "label": "other"}]}));
    let changed = patch(|draft| draft.tokens[0].value = Some("new".to_owned()));
    assert_eq!(
        changed,
        json!({"tokens": [{"id": id, "label": "main", "value": "new"}]})
    );
}

#[test]
fn what_means_nothing_is_a_fault_at_its_field() {
    let mut draft = Draft::new(InstanceKind::Network);
    draft.name = "N".to_owned();
    draft.port = "x".to_owned();
    draft.connect = "soon".to_owned();
    draft.total = "9999".to_owned();
    draft.auth = "header".to_owned();
    draft.defaults = Typed::Rows(vec![
        (3, "a".to_owned(), "text".to_owned()),
        (4, "model".to_owned(), "1".to_owned()),
    ]);
    draft.strip = "stream".to_owned();
    let mut ids = fault_ids(&draft);
    ids.sort();
    assert_eq!(
        ids,
        [
            "auth-header",
            "endpoint-host",
            "endpoint-port",
            "parameters-defaults-3-value",
            "parameters-strip",
            "timeouts-connect-ms",
            "timeouts-total-ms",
        ]
    );
    draft.defaults = Typed::Rows(vec![(4, "model".to_owned(), "1".to_owned())]);
    assert!(fault_ids(&draft).contains(&"parameters-defaults-4-value".to_owned()));
    draft.defaults = Typed::Raw("{".to_owned());
    let (_, faults) = draft.read();
    let raw = faults
        .iter()
        .find(|place| place.id.as_deref() == Some("parameters-defaults-raw"));
    assert_eq!(
        raw.map(|place| &place.fault),
        Some(&Fault::Pair(PairFault::NotJson))
    );
}

#[test]
fn pointers_of_the_service_lead_to_the_fields_of_this_form() {
    let cloud = Draft::of(&instance());
    assert_eq!(cloud.field_id("/endpoint/host"), "endpoint-url");
    assert_eq!(cloud.field_id("/tokens/0/value"), "tokens-0-value");
    assert_eq!(cloud.field_id("/proxies/1/url"), "proxies-1-url");
    assert_eq!(
        cloud.field_id("/parameters/defaults/temperature"),
        "parameters-defaults-0-value"
    );
    assert_eq!(cloud.field_id("/parameters/strip/0"), "parameters-strip");
    let mut local = cloud;
    local.kind = InstanceKind::Local;
    assert_eq!(local.field_id("/endpoint/host"), "endpoint-host");
    assert_eq!(
        local.field_id("/health_check/interval_s"),
        "health-check-interval-s"
    );
}
