//! Users, sessions, keys, and credentials that open nothing.

use serde_json::json;

use super::{INSTANCES, KEYS, LOGIN, Walk};
use crate::gateway::{CHAT, GROUP, chat};
use crate::service::secrets::canary::found;
use crate::support::client::Answer;

const USERS: &str = "/api/v1/users";
const PASSWORD: &str = "/api/v1/auth/password";
const REFRESH: &str = "/api/v1/auth/refresh";

impl Walk<'_> {
    /// Users, sessions and passwords, right and wrong.
    pub async fn people(&mut self) {
        let password = self.of("CreateUser.password");
        let ada = json!({"username": "ada", "role": "operator", "password": password});
        let made = self.admin.post(USERS, &ada).await.expect(201);
        let path = made.header("location").unwrap().to_owned();
        for wrong in [
            ada.clone(),
            json!({"username": "bob", "role": "operator", "password": [password]}),
            json!({"username": "bob", "role": password, "password": password}),
            json!({"username": format!("{password}\n"), "role": "user", "password": password}),
        ] {
            self.refused(&self.admin, "POST", USERS, &wrong).await;
        }
        let anonymous = self.app.anonymous();
        let guess = self.of("LoginRequest.password");
        for (username, password) in [
            ("ada", &guess),
            (&guess, &password),
            ("ada", &guess.repeat(20)),
        ] {
            let body = json!({"username": username, "password": password});
            self.refused(&anonymous, "POST", LOGIN, &body).await;
        }
        let body = json!({"username": "ada", "password": password});
        let session = anonymous.post(LOGIN, &body).await.expect(200);
        let access = session.json()["access_token"].as_str().unwrap().to_owned();
        let cookie = cookie_of(&session);
        self.hand_out("an access token", &access);
        self.hand_out("a refresh token", &cookie);
        let origin = format!("http://{}", self.app.address());
        let refresh = |cookie: &str| {
            let call = anonymous.call("POST", REFRESH).header("origin", &origin);
            call.header("cookie", &format!("understudy_refresh={cookie}"))
        };
        refresh(&self.of("a refresh token that nobody made"))
            .await
            .expect(401);
        let renewed = refresh(&cookie).await.expect(200);
        let token = renewed.json()["access_token"].as_str().unwrap().to_owned();
        let next = cookie_of(&renewed);
        self.hand_out("an access token", &token);
        self.hand_out("a refresh token", &next);

        let ada = anonymous.with_bearer(&token);
        let (current, new) = (
            "ChangePasswordRequest.current_password",
            "ChangePasswordRequest.new_password",
        );
        let body = json!({"current_password": self.of(current), "new_password": self.of(new)});
        self.refused(&ada, "POST", PASSWORD, &body).await;
        let body = json!({"current_password": password, "new_password": self.of(new)});
        ada.post(PASSWORD, &body).await.expect(204);
        let another = json!({"password": self.of("UpdateUser.password")});
        self.admin.patch(&path, &another).await.expect(200);
        // What was used up ends the session, which is recorded.
        let session = json!({"username": "ada", "password": self.of("UpdateUser.password")});
        let session = anonymous.post(LOGIN, &session).await.expect(200);
        let access = session.json()["access_token"].as_str().unwrap().to_owned();
        let used = cookie_of(&session);
        self.hand_out("an access token", &access);
        self.hand_out("a refresh token", &used);
    }

    /// API keys, used on both surfaces.
    pub async fn keys(&mut self) {
        let body = json!({"name": "reader", "scopes": ["manage:read"]});
        let made = self.admin.post(KEYS, &body).await.expect(201);
        let key = made.json()["key"].as_str().unwrap().to_owned();
        self.hand_out("an API key", &key);
        let reader = self.app.anonymous().with_bearer(&key);
        reader.get(INSTANCES).await.expect(200);
        reader.get("/v1/models").await.expect(403);
        self.refused(&reader, "POST", KEYS, &body).await;
        let path = made.header("location").unwrap();
        self.admin
            .patch(path, &json!({"name": "renamed"}))
            .await
            .expect(200);
        let metrics = self
            .app
            .anonymous()
            .with_bearer(&self.of("UNDERSTUDY_METRICS_TOKEN"));
        metrics.get("/metrics").await.expect(200);
    }

    /// Credentials that open nothing, in every place where somebody might put one.
    pub async fn wrong_credentials(&mut self) {
        let canary = self.of("a credential that opens nothing");
        for bearer in [
            canary.clone(),
            format!("us-{canary}"),
            format!("eyJhbGciOiJIUzI1NiJ9.{canary}.x"),
        ] {
            let client = self.app.anonymous().with_bearer(&bearer);
            for path in ["/v1/models", INSTANCES, "/metrics", "/api/v1/events"] {
                client.get(path).await.expect(401);
            }
            client.post(CHAT, &chat(GROUP)).await.expect(401);
        }
        let anonymous = self.app.anonymous();
        for (name, value) in [
            ("authorization", format!("Basic {canary}")),
            ("x-api-key", canary.clone()),
            ("cookie", format!("understudy_refresh={canary}")),
        ] {
            anonymous
                .get(INSTANCES)
                .header(name, &value)
                .await
                .expect(401);
        }
        for parameter in ["limit", "sort", "state", "token"] {
            let spelt = canary.replace('+', "%2B");
            let answer = self
                .admin
                .get(&format!("{INSTANCES}?{parameter}={spelt}"))
                .await;
            let found = found(&canary, answer.expect(400).text());
            assert_eq!(found, None, "{parameter}");
        }
    }
}

fn cookie_of(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    let pair = set.split(';').next().unwrap();
    pair.split_once('=').unwrap().1.to_owned()
}
