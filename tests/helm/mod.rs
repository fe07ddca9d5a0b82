//! The Helm chart: sets of values are rendered by Helm's own library and held against the schemas of Kubernetes, and what comes out
//! means what it should.
//!
//! What only a cluster can say, whether an operator does what its resource asks for, is not tested.

mod meaning;
mod refused;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::app::{file, merge};
use crate::support::env;

const CHART: &str = "../deploy/helm/understudy";
/// Kinds that operators bring, which Kubernetes has no schema for.
const FOREIGN: [&str; 4] = ["Cluster", "HTTPRoute", "PrometheusRule", "ServiceMonitor"];

/// The least that the chart wants to be told.
fn least() -> Value {
    json!({
        "secrets": {"keys": {"name": "understudy-keys"}},
        "database": {"secret": {"name": "understudy-database"}},
    })
}

/// The least, and more.
fn with(more: Value) -> Value {
    let mut values = least();
    merge(&mut values, more);
    values
}

/// Everything that can be switched on, with an operator's database.
fn everything() -> Value {
    with(json!({
        "secrets": {"admin": {"name": "understudy-admin"}},
        "database": {"secret": {"name": ""}, "cnpg": {"enabled": true, "imageName": "registry.example/postgresql:17"}},
        "image": {"repository": "registry.example/understudy-api", "tag": "1.2.3"},
        "imagePullSecrets": [{"name": "registry"}],
        "autoscaling": {"enabled": true, "maxReplicas": 12},
        "drainSeconds": 3600,
        "preStopSeconds": 30,
        "trustedProxies": ["10.0.0.0/8", "fd00::/8"],
        "settings": {"UNDERSTUDY_PUBLIC_URL": "https://models.example", "RUST_LOG": "info"},
        "secretSettings": {"UNDERSTUDY_OIDC_CLIENT_SECRET": {"name": "understudy-oidc", "key": "secret"}},
        "ingress": {"enabled": true, "hosts": ["models.example"], "tls": [{"secretName": "tls", "hosts": ["models.example"]}]},
        "httpRoute": {"enabled": true, "parentRefs": [{"name": "public"}], "hostnames": ["models.example"]},
        "metrics": {
            "serviceMonitor": {"enabled": true, "labels": {"release": "monitoring"}},
            "prometheusRule": {"enabled": true},
            "dashboard": {"enabled": true},
        },
        "networkPolicy": {
            "clients": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "egress": {"restricted": true, "rules": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
        },
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "models", "operator": "Exists"}],
        "podAnnotations": {"example.org/owner": "models"},
        "podLabels": {"example.org/tier": "models"},
        "priorityClassName": "high",
    }))
}

/// What is switched off by itself, and an external database with an authority of its own.
fn headless() -> Value {
    with(json!({
        "database": {"ca": {"kind": "ConfigMap", "name": "authority"}},
        "fullnameOverride": "models",
        "listenAddress": "[::]",
        "web": {"enabled": false},
        "metrics": {"enabled": false},
        "networkPolicy": {"enabled": false},
        "serviceAccount": {"create": false},
        "preStopSeconds": 0,
        "replicas": 1,
        "ingress": {"enabled": true, "hosts": ["models.example"]},
        "image": {"digest": "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    }))
}

/// What came of a set of values.
#[derive(Debug)]
struct Rendered(Value);

impl Rendered {
    /// Why Helm refuses the values.
    #[track_caller]
    fn error(&self) -> &str {
        self.0["error"]
            .as_str()
            .expect("values that should have been refused")
    }

    fn objects(&self) -> &[Value] {
        let objects = self.0["objects"].as_array();
        objects.unwrap_or_else(|| panic!("refused: {}", self.0["error"]))
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects()
            .iter()
            .filter(move |object| object["kind"] == kind)
    }

    #[track_caller]
    fn named(&self, kind: &str, name: &str) -> &Value {
        self.objects()
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
            .unwrap_or_else(|| panic!("no {kind} {name}"))
    }

    fn faults(&self) -> &Vec<Value> {
        self.0["faults"].as_array().expect("a list")
    }
}

/// Renders sets of values. Under the empty name the chart's own description is.
fn render(sets: &Value) -> BTreeMap<String, Rendered> {
    let mut python = Command::new(env::helm())
        .arg(file("helm/render.py"))
        .arg(file(CHART))
        .env_clear()
        .env("PATH", env::path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python starts");
    let mut stdin = python.stdin.take().expect("a pipe");
    stdin.write_all(sets.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let answers: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).expect(&errors);
    answers
        .into_iter()
        .map(|(name, answer)| (name, Rendered(answer)))
        .collect()
}

/// The sets that must work, rendered once for all tests.
static SETS: LazyLock<BTreeMap<String, Rendered>> = LazyLock::new(|| {
    render(&json!({
        "least": least(),
        "everything": everything(),
        "headless": headless(),
        "a fault": with(json!({"tolerations": [{"operator": ["Exists"]}]})),
    }))
});

/// The sets that must work, without the description and without the one that is there to be found faulty.
fn good() -> impl Iterator<Item = (&'static str, &'static Rendered)> {
    SETS.iter()
        .map(|(name, rendered)| (&**name, rendered))
        .filter(|(name, _)| !["", "a fault"].contains(name))
}

#[test]
fn chart_renders_what_kubernetes_accepts() {
    for (name, rendered) in good() {
        assert!(rendered.objects().len() >= 4, "{name}");
        assert!(
            rendered.faults().is_empty(),
            "{name}: {:?}",
            rendered.faults()
        );
        for unknown in rendered.0["unknown"].as_array().unwrap() {
            assert!(FOREIGN.contains(&unknown.as_str().unwrap()), "{unknown}");
        }
        assert!(
            rendered.0["notes"]
                .as_str()
                .unwrap()
                .contains("rollout status")
        );
    }
    let foreign = SETS["everything"].0["unknown"].as_array().unwrap().len();
    assert_eq!(foreign, FOREIGN.len());
    // Whoever finds nothing above would find this.
    let faults = SETS["a fault"].faults();
    assert!(!faults.is_empty(), "a wrong toleration was not found");
}

#[test]
fn versions_of_the_chart_are_those_of_the_product() {
    let metadata = &SETS[""].0["metadata"];
    for field in ["version", "appVersion"] {
        assert_eq!(metadata[field], env!("CARGO_PKG_VERSION"), "{field}");
    }
}
