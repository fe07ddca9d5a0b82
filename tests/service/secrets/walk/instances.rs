//! Instances and their checks, and bodies that no operation takes.

use serde_json::{Value, json};

use super::gateway::echoes;
use super::{INSTANCES, Walk};
use crate::gateway::GROUP;
use crate::support::app::instance;
use crate::support::upstream::Upstream;

impl Walk<'_> {
    fn secrets(&self) -> Value {
        json!({
            "auth": {"type": "bearer"},
            "tokens": [{"label": "team A", "value": self.of("TokenInput.value")}],
            "headers": [{"name": "x-org", "value": self.of("SecretHeaderInput.value")}],
        })
    }

    fn through(&self, port: u16) -> Value {
        let url = format!("http://127.0.0.1:{port}");
        json!([{"url": url, "username": "us", "password": self.of("ProxyInput.password")}])
    }

    /// Instances: made, changed, copied and checked, well and against everything that may be wrong.
    pub async fn instances(&mut self) {
        let port = self.upstream.port();
        let direct = self.app.instance_with("direct", port, self.secrets()).await;
        let mut fields = self.secrets();
        fields["proxies"] = self.through(self.proxy.port());
        let through = self.app.instance_with("through", port, fields).await;
        self.app.group(GROUP, [&direct, &through]).await;
        for made in [&direct, &through] {
            let check = format!("{}/check", made.path);
            for reply in echoes(
                &self.canaries.of("TokenInput.value"),
                &self.canaries.of("ProxyInput.password"),
            ) {
                self.upstream.models(reply.clone());
                self.proxy.models(reply);
                self.admin.post(&check, &json!({})).await.expect(200);
            }
            self.upstream.recover();
            self.proxy.recover();
            self.admin.post(&check, &json!({})).await.expect(200);
            self.admin
                .patch(&made.path, &json!({"description": "seen"}))
                .await
                .expect(200);
            let copy = self
                .admin
                .call("POST", &format!("{}/duplicate", made.path))
                .await;
            let copy = copy.expect(201).header("location").unwrap().to_owned();
            self.admin.delete(&copy).await.expect(204);
        }
        // Drafts with secrets of their own, and with stored ones, in all kinds of trouble.
        let shown = self.admin.get(&direct.path).await.expect(200).json();
        let closed = Upstream::refusing("closed");
        for (scheme, port) in [
            ("http", port),
            ("https", port),
            ("http", closed.port()),
            ("https", closed.port()),
        ] {
            let mut draft = instance("draft", port);
            draft["endpoint"]["scheme"] = json!(scheme);
            for (name, value) in self.secrets().as_object().unwrap() {
                draft[name] = value.clone();
            }
            let check = format!("{INSTANCES}/check");
            self.admin.post(&check, &draft).await.expect(200);
            draft["proxies"] = self.through(self.proxy.port());
            self.admin.post(&check, &draft).await.expect(200);
            draft["proxies"] = self.through(closed.port());
            self.admin.post(&check, &draft).await.expect(200);
            draft["proxies"][0]["url"] =
                json!(format!("socks5h://127.0.0.1:{}", self.proxy.port()));
            self.admin.post(&check, &draft).await.expect(200);
        }
        let mut kept = instance("kept", port);
        kept["auth"] = json!({"type": "bearer"});
        kept["from_instance_id"] = json!(direct.id);
        kept["tokens"] = json!([{"id": shown["tokens"][0]["id"]}]);
        self.admin
            .post(&format!("{INSTANCES}/check"), &kept)
            .await
            .expect(200);
        kept["endpoint"]["port"] = json!(1);
        self.refused(&self.admin, "POST", &format!("{INSTANCES}/check"), &kept)
            .await;

        // In the wrong place, where an answer might repeat it.
        let misplaced = self.of("a secret in the wrong place");
        let in_a_url = self.of("a password in the address of a proxy");
        for wrong in [
            json!({"tokens": misplaced}),
            json!({"tokens": [misplaced]}),
            json!({"tokens": [{"id": misplaced}]}),
            json!({"tokens": {"value": misplaced}}),
            json!({"tokens": [{"value": format!("{misplaced}\n")}]}),
            json!({"tokens": [{"value": misplaced.repeat(200)}]}),
            json!({"headers": [{"name": misplaced, "value": misplaced}]}),
            json!({"headers": [{"name": "x-a", "value": format!("{misplaced}\u{7}")}]}),
            json!({"auth": {"type": misplaced}}),
            json!({"endpoint": {"host": format!("user:{misplaced}@api.example")}}),
            json!({"endpoint": {"port": misplaced}}),
            json!({"endpoint": {"base_path": format!("v1?key={misplaced}")}}),
            json!({"proxies": [{"url": format!("http://us:{in_a_url}@proxy.example:1")}]}),
            json!({"proxies": [{"url": format!("http://{in_a_url}@proxy.example:1")}]}),
            json!({"proxies": [{"url": format!("socks9://us:{in_a_url}@proxy.example:1")}]}),
            json!({"proxies": [{"url": "http://proxy.example:1", "username": "us", "password": [misplaced]}]}),
            json!({"enabled": misplaced}),
            json!({"kind": misplaced}),
            json!({"tls": {"ca_pem": misplaced}}),
            json!({"timeouts": {"connect_ms": misplaced}}),
            json!({"name": [misplaced]}),
            json!({"token": misplaced}),
        ] {
            self.refused(&self.admin, "PATCH", &direct.path, &wrong)
                .await;
        }
    }

    /// Bodies that no operation takes, to every operation that takes one.
    pub async fn wrong_bodies(&mut self) {
        let canary = self.of("a secret in a wrong body");
        let described = self
            .admin
            .get("/api/v1/openapi.json")
            .await
            .expect(200)
            .json();
        let nobody = "01890a5d-ac96-774b-bcce-b302099a8057";
        let mut driven = 0;
        for (path, methods) in described["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                if operation.get("requestBody").is_none() {
                    continue;
                }
                driven += 1;
                let path = path.replace("{id}", nobody).replace("{message_id}", nobody);
                let method = method.to_uppercase();
                for (kind, body) in [
                    ("application/json", format!(r#"{{"password":"{canary}"#)),
                    ("application/json", format!(r#"{{"token":"{canary}"}}"#)),
                    ("application/json", format!(r#"["{canary}"]"#)),
                    ("application/json", format!(r#""{canary}""#)),
                    (
                        "application/json",
                        format!(r#"{{"name":"a","name":"{canary}"}}"#),
                    ),
                    ("text/plain", canary.clone()),
                    ("application/yaml", format!("a: [{canary}")),
                    (
                        "multipart/form-data; boundary=b",
                        format!("--b\r\n\r\n{canary}"),
                    ),
                ] {
                    let call = self
                        .admin
                        .call(&method, &path)
                        .body(kind, body)
                        .if_match("*");
                    let answer = call.await;
                    assert!((400..500).contains(&answer.status), "{answer:?}");
                }
            }
        }
        assert!(driven >= 20, "{driven} operations");
    }
}
