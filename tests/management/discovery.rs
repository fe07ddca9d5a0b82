//! Servers of models on this machine, found when somebody asks; and what the machine has.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{INSTANCES, instance, person};
use crate::support::App;
use crate::support::upstream::{MODEL, Reply, Upstream};

const DISCOVER: &str = "/api/v1/model-instances/discover";

fn owned_by(owner: &str) -> Reply {
    let model = |id: &str| json!({"id": id, "object": "model", "owned_by": owner});
    Reply::json(
        200,
        &json!({"object": "list", "data": [model("a"), model("b/c:d")]}),
    )
}

/// Servers that give themselves away in different ways, and what else may listen.
fn servers() -> Vec<(&'static str, Upstream)> {
    let server = |name: &'static str, change: fn(&Upstream)| {
        let upstream = Upstream::start(name);
        change(&upstream);
        (name, upstream)
    };
    vec![
        server("llama_cpp", |it| it.models(owned_by("llamacpp"))),
        server("vllm", |it| it.models(owned_by("vllm"))),
        server("ollama", |it| {
            it.models(owned_by("library"));
            it.page("/api/version", Reply::json(200, &json!({"version": "0.9"})));
        }),
        server("lm_studio", |it| {
            it.page(
                "/api/v0/models",
                Reply::json(
                    200,
                    &json!({"data": [{"id": "a", "compatibility_type": "gguf"}]}),
                ),
            );
        }),
        server("text_generation_webui", |it| {
            let info = json!({"model_name": "a", "lora_names": []});
            it.page("/v1/internal/model/info", Reply::json(200, &info));
        }),
        server("local_ai", |it| {
            it.page("/system", Reply::json(200, &json!({"backends": []})));
        }),
        server("sglang", |it| it.models(owned_by("sglang"))),
        // Holds back what would tell its name.
        server("unknown", |it| it.page("/props", Reply::hang())),
        server("locked", |it| {
            it.models(Reply::error(
                401,
                "invalid_request_error",
                "invalid_api_key",
                "who?",
            ));
            let page = Reply::json(200, &json!({"default_generation_settings": {}}));
            it.page("/props", page.header("server", "llama.cpp"));
        }),
        server("other", |it| {
            it.models(Reply::body(200, "text/html", "<h1>hello</h1>"))
        }),
        server("closed", |it| {
            it.models(Reply::failure(401).header("content-type", "text/html"))
        }),
        server("silent", |it| it.models(Reply::hang())),
        ("nobody", Upstream::refusing("nobody")),
    ]
}

#[tokio::test]
async fn local_servers_are_found_and_told_apart() {
    let servers = servers();
    servers[10]
        .1
        .models(Reply::body(401, "text/html", "sign in"));
    let places: Vec<String> = servers
        .iter()
        .map(|(_, it)| it.port().to_string())
        .collect();
    let app = App::builder()
        .env(
            "UNDERSTUDY_DISCOVER",
            &format!("{},10.9.9.9:1", places.join(",")),
        )
        .env("UNDERSTUDY_EGRESS_DENY", "10.9.9.9")
        .start()
        .await;
    let made = app.instance("mine", &servers[7].1).await;
    let mut elsewhere = instance("elsewhere");
    elsewhere["endpoint"]["port"] = servers[0].1.port().into();
    app.admin()
        .await
        .post(INSTANCES, &elsewhere)
        .await
        .expect(201);

    let (_, operator) = person(&app, "operator").await;
    let asked = Instant::now();
    let found = operator.call("POST", DISCOVER).await.expect(200).json();
    assert!(asked.elapsed() < Duration::from_secs(6), "{found}");
    assert!(found["duration_ms"].as_u64().unwrap() < 3500, "{found}");

    let outcome = |port: u16| {
        let probes = found["probes"].as_array().unwrap();
        let probe = probes.iter().find(|probe| probe["port"] == port);
        probe.unwrap()["outcome"].clone()
    };
    let server = |port: u16| {
        let servers = found["servers"].as_array().unwrap();
        servers
            .iter()
            .find(|server| server["endpoint"]["port"] == port)
            .cloned()
    };
    for (name, upstream) in &servers {
        let port = upstream.port();
        match *name {
            "other" | "closed" => assert_eq!(outcome(port), "other", "{name}"),
            "silent" | "nobody" => assert_eq!(outcome(port), *name),
            _ => {
                assert_eq!(outcome(port), "found", "{name}: {found}");
                let server = server(port).unwrap();
                let engine = if *name == "locked" { "llama_cpp" } else { name };
                assert_eq!(server["engine"], engine, "{server}");
                assert_eq!(server["requires_token"], *name == "locked");
                let base_url = format!("http://127.0.0.1:{port}/v1");
                assert_eq!(server["base_url"], base_url);
            }
        }
        // Nobody is shown a credential, and nothing costs anything.
        for request in upstream.all_requests() {
            assert_eq!(
                (request.method.as_str(), request.header("authorization")),
                ("GET", None)
            );
        }
    }
    assert_eq!(outcome(1), "denied");
    assert_eq!(
        server(servers[0].1.port()).unwrap()["models"],
        json!(["a", "b/c:d"])
    );
    assert_eq!(
        server(servers[0].1.port()).unwrap()["instances"],
        json!([]),
        "it is another host"
    );
    let mine = server(servers[7].1.port()).unwrap();
    assert_eq!(mine["models"], json!([MODEL]));
    assert_eq!(mine["instances"], json!([{"id": made.id, "name": "mine"}]));
    assert!(app.log().contains("looked for local servers of models"));

    // What was found makes an instance as it stands, and one search does not keep the next one away.
    let draft = json!({"name": "new", "kind": "local", "endpoint": mine["endpoint"], "auth": {"type": "none"}});
    let check = operator.post("/api/v1/model-instances/check", &draft).await;
    assert_eq!(check.expect(200).json()["ok"], true);
    let searches = tokio::join!(
        operator.call("POST", DISCOVER),
        operator.call("POST", DISCOVER),
        operator.call("POST", DISCOVER),
    );
    let mut statuses = [searches.0.status, searches.1.status, searches.2.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn machine_says_what_it_has() {
    let app = App::start().await;
    let (_, operator) = person(&app, "operator").await;
    let host: Value = operator.get("/api/v1/host").await.expect(200).json();
    let memory = &host["memory"];
    let (total, available) = (
        memory["total_bytes"].as_u64(),
        memory["available_bytes"].as_u64(),
    );
    assert!(available > Some(0) && available <= total, "{host}");
    assert!(host["processors"]["count"].as_u64() >= Some(1), "{host}");
    // The machines that run this have no such driver, or they have graphics processors with memory.
    match host["gpu_source"].as_str().unwrap() {
        "nvml" => assert!(
            host["gpus"]
                .as_array()
                .unwrap()
                .iter()
                .all(|gpu| gpu["memory_total_bytes"].as_u64() > Some(0))
        ),
        source => {
            assert!(["no_driver", "failed"].contains(&source), "{host}");
            assert_eq!(host["gpus"], json!([]));
        }
    }
}
