//! What the rendered objects mean: that they fit each other and the service.

use std::collections::BTreeSet;

use serde_json::Value;

use super::refused::documented;
use super::{CHART, Rendered, SETS, good};
use crate::support::app::file;

/// Labels of the pods of a Deployment.
fn pod_labels(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["metadata"]["labels"]
}

/// Whether pods with these labels are selected.
fn selects(selector: &Value, labels: &Value) -> bool {
    let selector = selector.as_object().expect("a selector");
    assert!(!selector.is_empty(), "it selects everything");
    selector.iter().all(|(name, value)| labels[name] == *value)
}

/// The Deployment whose pods, and nobody else's, are selected.
#[track_caller]
fn selected<'a>(rendered: &'a Rendered, selector: &Value) -> &'a Value {
    let mut found = rendered
        .of_kind("Deployment")
        .filter(|deployment| selects(selector, pod_labels(deployment)));
    let first = found.next().unwrap_or_else(|| panic!("nobody: {selector}"));
    assert!(found.next().is_none(), "more than one: {selector}");
    first
}

fn container(deployment: &Value) -> &Value {
    &deployment["spec"]["template"]["spec"]["containers"][0]
}

fn port(deployment: &Value, name: &Value) -> u64 {
    let ports = container(deployment)["ports"].as_array().unwrap();
    let port = ports.iter().find(|port| port["name"] == *name);
    port.unwrap_or_else(|| panic!("no port {name}"))["containerPort"]
        .as_u64()
        .unwrap()
}

/// The variables of the service: name, and the whole entry.
fn variables(rendered: &Rendered) -> Vec<(&str, &Value)> {
    let api = rendered
        .of_kind("Deployment")
        .find(|deployment| pod_labels(deployment)["app.kubernetes.io/component"] == "api");
    let list = container(api.expect("the service"))["env"].as_array();
    list.expect("variables")
        .iter()
        .map(|entry| (entry["name"].as_str().unwrap(), entry))
        .collect()
}

fn variable<'a>(rendered: &'a Rendered, name: &str) -> &'a Value {
    let variables = variables(rendered);
    let found = variables.into_iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("{name} is not set")).1
}

#[test]
fn pod_has_time_for_the_whole_drain() {
    for (set, name, drain, before) in [
        ("least", "release-understudy-api", 120, 5),
        ("everything", "release-understudy-api", 3600, 30),
        ("headless", "models-api", 120, 0),
    ] {
        let rendered = &SETS[set];
        let told = &variable(rendered, "UNDERSTUDY_DRAIN_SECONDS")["value"];
        assert_eq!(*told, drain.to_string(), "{set}");
        let pod = &rendered.named("Deployment", name)["spec"]["template"]["spec"];
        let waits = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64();
        assert_eq!(waits.unwrap_or(0), before, "{set}");
        // 5 s of accepting, 5 for last words, 5 for usage, 3 for traces.
        let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        assert!(grace >= before + drain + 18, "{set}: {grace}");
        assert!(grace <= before + drain + 30, "{set}: {grace}");
    }
}

#[test]
fn update_takes_no_replica_away_before_another_is_there() {
    for (_, rendered) in good() {
        for deployment in rendered.of_kind("Deployment") {
            let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
            assert_eq!(rolling["maxUnavailable"], 0);
            assert_eq!(rolling["maxSurge"], 1);
            assert!(container(deployment)["readinessProbe"].is_object());
        }
    }
    let api = container(SETS["least"].named("Deployment", "release-understudy-api"));
    for (probe, path) in [
        ("startupProbe", "/healthz/ready"),
        ("readinessProbe", "/healthz/ready"),
        ("livenessProbe", "/healthz/live"),
    ] {
        assert_eq!(api[probe]["httpGet"]["path"], path);
    }
}

#[test]
fn names_and_labels_lead_to_each_other() {
    for (set, rendered) in good() {
        let mut budgets = 0;
        for object in rendered.objects() {
            let spec = &object["spec"];
            match object["kind"].as_str().unwrap() {
                "Deployment" => {
                    let selector = &spec["selector"]["matchLabels"];
                    assert!(selects(selector, pod_labels(object)), "{object}");
                    assert_eq!(selected(rendered, selector), object);
                    for spread in spec["template"]["spec"]["topologySpreadConstraints"]
                        .as_array()
                        .unwrap()
                    {
                        let spread = &spread["labelSelector"]["matchLabels"];
                        assert_eq!(selected(rendered, spread), object);
                    }
                }
                "Service" => {
                    let deployment = selected(rendered, &spec["selector"]);
                    port(deployment, &spec["ports"][0]["targetPort"]);
                }
                "PodDisruptionBudget" => {
                    selected(rendered, &spec["selector"]["matchLabels"]);
                    budgets += 1;
                }
                "NetworkPolicy" => {
                    let deployment = selected(rendered, &spec["podSelector"]["matchLabels"]);
                    for rule in spec["ingress"].as_array().unwrap() {
                        port(deployment, &rule["ports"][0]["port"]);
                    }
                }
                "HorizontalPodAutoscaler" => {
                    let target = spec["scaleTargetRef"]["name"].as_str().unwrap();
                    let target = rendered.named("Deployment", target);
                    assert!(target["spec"]["replicas"].is_null(), "two masters");
                }
                "ServiceMonitor" => {
                    let selector = &spec["selector"]["matchLabels"];
                    let mut services = rendered
                        .of_kind("Service")
                        .filter(|service| selects(selector, &service["metadata"]["labels"]));
                    let service = services.next().expect("a service");
                    assert!(services.next().is_none());
                    assert_eq!(
                        service["spec"]["ports"][0]["name"],
                        spec["endpoints"][0]["port"]
                    );
                }
                "Ingress" => {
                    let paths = spec["rules"][0]["http"]["paths"].as_array().unwrap();
                    for path in paths {
                        let service = &path["backend"]["service"];
                        let known = rendered.named("Service", service["name"].as_str().unwrap());
                        assert_eq!(known["spec"]["ports"][0]["name"], service["port"]["name"]);
                    }
                    let to = |path: &str| {
                        let found = paths.iter().find(|entry| entry["path"] == path);
                        found.map(|entry| &entry["backend"]["service"]["name"])
                    };
                    assert!(to("/v1").is_some() && to("/v1") == to("/api"));
                    assert_eq!(to("/").is_some(), set != "headless");
                    assert!(to("/metrics").is_none());
                }
                "HTTPRoute" => {
                    for rule in spec["rules"].as_array().unwrap() {
                        let backend = &rule["backendRefs"][0];
                        let known = rendered.named("Service", backend["name"].as_str().unwrap());
                        assert_eq!(known["spec"]["ports"][0]["port"], backend["port"]);
                    }
                }
                _ => {}
            }
        }
        assert_eq!(budgets, rendered.of_kind("Deployment").count(), "{set}");
    }
}

#[test]
fn nginx_finds_the_service_by_its_whole_name() {
    let rendered = &SETS["least"];
    let web = container(rendered.named("Deployment", "release-understudy-web"));
    assert_eq!(web["env"][0]["name"], "UNDERSTUDY_API");
    let service = rendered.named("Service", "release-understudy-api");
    let port = &service["spec"]["ports"][0]["port"];
    let whole = format!("release-understudy-api.models.svc.cluster.local:{port}");
    assert_eq!(web["env"][0]["value"], whole);
    // deploy/web wants these two, and its configuration the port.
    let image = std::fs::read_to_string(file("../deploy/web/Dockerfile")).unwrap();
    for name in ["UNDERSTUDY_API", "UNDERSTUDY_FRONT_PROXY"] {
        assert!(image.contains(name), "{name}");
    }
}

#[test]
fn variables_are_those_that_the_service_reads() {
    let documented = documented();
    for (set, rendered) in good() {
        let mut seen = BTreeSet::new();
        for (name, _) in variables(rendered) {
            assert!(seen.insert(name), "{set}: {name} twice");
            let known = documented.contains(name) || name == "CNPG_URI";
            assert!(known, "{set}: {name} is not in the README's table");
        }
        for name in [
            "DATABASE_URL",
            "UNDERSTUDY_SECRET_KEYS",
            "UNDERSTUDY_JWT_KEYS",
        ] {
            assert!(seen.contains(name), "{set}: {name}");
        }
    }
    let rendered = &SETS["everything"];
    assert_eq!(
        variable(rendered, "UNDERSTUDY_TRUSTED_PROXIES")["value"],
        "10.0.0.0/8,fd00::/8"
    );
    assert_eq!(
        variable(&SETS["headless"], "UNDERSTUDY_LISTEN")["value"],
        "[::]:8080"
    );
}

#[test]
fn secrets_come_from_secrets_that_exist() {
    for (set, rendered) in good() {
        assert_eq!(rendered.of_kind("Secret").count(), 0, "{set}");
        for (name, entry) in variables(rendered) {
            let secret = ["KEYS", "PASSWORD", "SECRET", "TOKEN", "HEADERS", "URI"]
                .iter()
                .any(|word| name.ends_with(word));
            let reference = &entry["valueFrom"]["secretKeyRef"];
            assert!(!secret || reference["name"].is_string(), "{set}: {entry}");
        }
        // From a Secret, or made of one that the operator makes.
        let url = variable(rendered, "DATABASE_URL");
        let value = url["value"].as_str().unwrap_or("$(CNPG_URI)?");
        assert!(value.starts_with("$(CNPG_URI)?"), "{url}");
    }
}

#[test]
fn pods_may_nothing_that_they_do_not_need() {
    for (set, rendered) in good() {
        for deployment in rendered.of_kind("Deployment") {
            let pod = &deployment["spec"]["template"]["spec"];
            let of_pod = &pod["securityContext"];
            assert_eq!(of_pod["runAsNonRoot"], true, "{set}");
            assert!(of_pod["runAsUser"].as_u64().unwrap() > 0, "{set}");
            assert_eq!(of_pod["seccompProfile"]["type"], "RuntimeDefault");
            assert_eq!(pod["automountServiceAccountToken"], false);
            // UNDERSTUDY_…_SERVICE_HOST would be a variable that the service warns of.
            assert_eq!(pod["enableServiceLinks"], false);
            for container in pod["containers"].as_array().unwrap() {
                let own = &container["securityContext"];
                assert_eq!(own["allowPrivilegeEscalation"], false);
                assert_eq!(own["readOnlyRootFilesystem"], true);
                assert_eq!(own["capabilities"]["drop"][0], "ALL");
                assert!(container["resources"]["limits"]["memory"].is_string());
                assert!(container["resources"]["requests"]["cpu"].is_string());
            }
        }
        for account in rendered.of_kind("ServiceAccount") {
            assert_eq!(account["automountServiceAccountToken"], false);
        }
    }
    let api = SETS["least"].named("Deployment", "release-understudy-api");
    let user = &api["spec"]["template"]["spec"]["securityContext"]["runAsUser"];
    let image = std::fs::read_to_string(file("../deploy/api/Dockerfile")).unwrap();
    assert!(image.contains(&format!("USER {user}")), "the image's user");
}

#[test]
fn alerts_and_dashboard_are_those_of_the_repository() {
    for name in ["alerts.yml", "dashboard.json"] {
        let path = file(CHART).join("files").join(name);
        let link = std::fs::symlink_metadata(path).unwrap();
        assert!(link.is_symlink(), "{name} is a copy, which grows old");
    }
    let rendered = &SETS["everything"];
    let rule = rendered.named("PrometheusRule", "release-understudy");
    let rules = rule["spec"]["groups"][0]["rules"].as_array().unwrap();
    let alerts: Vec<&str> = rules
        .iter()
        .map(|rule| rule["alert"].as_str().unwrap())
        .collect();
    let source = std::fs::read_to_string(file("../deploy/prometheus/alerts.yml")).unwrap();
    let named: Vec<&str> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(named.len() > 5);
    assert_eq!(alerts, named);
    // Prometheus fills these in, Helm must not.
    let summary = rules[0]["annotations"]["summary"].as_str().unwrap();
    assert!(summary.contains("{{ $labels.model_group }}"), "{summary}");
    let dashboard = rendered.named("ConfigMap", "release-understudy-dashboard");
    let text = dashboard["data"]["understudy.json"].as_str().unwrap();
    let source = std::fs::read_to_string(file("../deploy/grafana/understudy.json")).unwrap();
    let [text, source]: [Value; 2] =
        [text, &source].map(|text| serde_json::from_str(text).unwrap());
    assert_eq!(text, source);
}

#[test]
fn autoscaler_goes_by_a_metric_that_exists() {
    let rendered = &SETS["everything"];
    let scaler = rendered.named("HorizontalPodAutoscaler", "release-understudy-api");
    let metric = scaler["spec"]["metrics"][0]["pods"]["metric"]["name"].as_str();
    let metric = metric.expect("a metric of pods");
    let read = |path: &str| std::fs::read_to_string(file(path)).unwrap();
    assert!(read("../docs/OBSERVABILITY.md").contains(&format!("| `{metric}` | gauge |")));
    let rule = format!("{metric}{{namespace!=\"\",pod!=\"\"}}");
    assert!(
        read("../deploy/helm/understudy/README.md").contains(&rule),
        "{rule}"
    );
}

#[test]
fn database_has_room_for_all_replicas() {
    let cluster = SETS["everything"].named("Cluster", "release-understudy-db");
    let most = &cluster["spec"]["postgresql"]["parameters"]["max_connections"];
    let most: u64 = most.as_str().unwrap().parse().unwrap();
    // 12 replicas and one more in the middle of an update, of 18 connections and 2 for migrating.
    assert!(most >= 13 * 20, "{most}");
    assert_eq!(
        cluster["metadata"]["annotations"]["helm.sh/resource-policy"],
        "keep"
    );
}
