//! Questions, and backends that repeat what they were sent.

use serde_json::json;

use super::{INSTANCES, KEYS, Walk};
use crate::gateway::{CHAT, GROUP, chat, streamed_chat};
use crate::support::upstream::Reply;

impl Walk<'_> {
    /// Questions that are answered, and questions to backends that repeat what they were sent.
    pub async fn gateway(&mut self) {
        let body = json!({"name": "caller", "scopes": ["gateway"]});
        let made = self.admin.post(KEYS, &body).await.expect(201).json();
        let key = made["key"].as_str().unwrap().to_owned();
        self.hand_out("an API key", &key);
        let caller = self.app.anonymous().with_bearer(&key);
        caller.post(CHAT, &chat(GROUP)).await.expect(200);
        caller.post(CHAT, &streamed_chat(GROUP)).await.expect(200);
        let group = self
            .admin
            .get("/api/v1/model-groups")
            .await
            .expect(200)
            .json();
        let group = format!(
            "/api/v1/model-groups/{}",
            group["items"][0]["id"].as_str().unwrap()
        );
        let (token, header) = (
            self.of("TokenInput.value"),
            self.of("SecretHeaderInput.value"),
        );
        // The proxy sees everything, the backend what is meant for it.
        let proxies = echoes(
            &format!("{token} {header}"),
            &self.of("ProxyInput.password"),
        );
        for (reply, by_proxy) in echoes(&token, &header).into_iter().zip(proxies) {
            self.upstream.always(reply);
            self.proxy.always(by_proxy);
            for body in [chat(GROUP), streamed_chat(GROUP)] {
                caller.post(CHAT, &body).await;
            }
            let question = json!({"question": "What is 2 + 2?"});
            self.admin.post(&format!("{group}/try"), &question).await;
            self.admin
                .get(&format!("{group}/preview"))
                .await
                .expect(200);
            self.admin.get(INSTANCES).await.expect(200);
            // Each of them is asked again, whatever the last answer did to it.
            for path in self.paths().await {
                let seconds = self
                    .admin
                    .patch(&path, &json!({"timeouts": {"connect_ms": 4_000}}));
                seconds.await.expect(200);
                let seconds = self
                    .admin
                    .patch(&path, &json!({"timeouts": {"connect_ms": 5_000}}));
                seconds.await.expect(200);
            }
        }
        self.upstream.recover();
        self.proxy.recover();
    }
}

/// Answers of a backend, or a proxy, that repeats what it was sent in every form of an error.
pub fn echoes(secret: &str, other: &str) -> Vec<Reply> {
    let said = format!("you sent {secret}, {other}");
    let mut all: Vec<Reply> = [
        400, 401, 402, 403, 404, 407, 408, 409, 413, 422, 429, 500, 503,
    ]
    .map(|status| Reply::error(status, secret, other, &said))
    .into();
    let location = format!("http://127.0.0.1:1/?key={}", secret.replace(' ', ""));
    all.push(Reply::failure(302).header("location", &location));
    all.push(Reply::error(200, secret, other, &said));
    all.push(Reply::body(400, "text/html", format!("<p>{said}")));
    all.push(Reply::json(400, &json!({"detail": said, "param": secret})));
    all.push(Reply::json(422, &json!({"error": said})));
    all.push(Reply::raw(format!("{said}\r\n\r\n")));
    all.push(Reply::events([
        json!({"error": {"message": said, "code": secret}}),
    ]));
    all.push(Reply::failure(401).header("www-authenticate", &format!("Bearer error=\"{secret}\"")));
    all
}
