//! Access tokens: what they say, the one algorithm that is accepted, and keys that can be exchanged without signing anybody out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::cookie;
use crate::support::App;
use crate::support::client::{Answer, Client};
use crate::support::database::Database;
use crate::support::server::{ADMIN_PASSWORD, ADMIN_USERNAME, Server, base_environment};

const ME: &str = "/api/v1/auth/me";

fn read(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A token with any header and claims, signed with the key that the tests give the service.
fn forged(header: &Value, claims: &Value, algorithm: Algorithm) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(&[2; 32]);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn only_tokens_of_the_one_algorithm_with_every_claim_are_accepted() {
    let app = App::start().await;
    let token = app.admin().await.bearer().to_owned();
    let (header, claims) = (read(&token, 0), read(&token, 1));
    assert_eq!(
        header,
        json!({"typ": "JWT", "alg": "HS256", "kid": "test-jwt"})
    );
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "sid", "sub", "typ"]);
    let seconds = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!((899..=900).contains(&seconds), "{claims}");
    let ask = async |token: &str| app.anonymous().with_bearer(token).get(ME).await;
    ask(&forged(&header, &claims, Algorithm::HS256))
        .await
        .expect(200);

    let mut refused = Vec::new();
    for (name, algorithm) in [
        ("HS384", Algorithm::HS384),
        ("HS512", Algorithm::HS512),
        ("RS256", Algorithm::HS256),
        ("ES256", Algorithm::HS256),
    ] {
        let header = json!({"alg": name, "kid": "test-jwt"});
        refused.push(forged(&header, &claims, algorithm));
    }
    for name in ["none", "None"] {
        let header = json!({"alg": name, "kid": "test-jwt"});
        let unsigned = forged(&header, &claims, Algorithm::HS256);
        let (message, _) = unsigned.rsplit_once('.').unwrap();
        refused.extend([unsigned.clone(), format!("{message}.")]);
    }
    for header in [
        json!({"alg": "HS256"}),
        json!({"alg": "HS256", "kid": "another"}),
    ] {
        refused.push(forged(&header, &claims, Algorithm::HS256));
    }
    for name in names {
        let mut less = claims.clone();
        less.as_object_mut().unwrap().remove(name);
        refused.push(forged(&header, &less, Algorithm::HS256));
    }
    for (name, value) in [
        ("aud", json!("elsewhere")),
        ("iss", json!("somebody")),
        ("typ", json!("refresh")),
        ("exp", json!(claims["iat"].as_i64().unwrap() - 1)),
        ("sub", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
        ("sid", json!("01890a5d-ac96-774b-bcce-b302099a8057")),
    ] {
        let mut other = claims.clone();
        other[name] = value;
        refused.push(forged(&header, &other, Algorithm::HS256));
    }
    for token in refused {
        let answer = ask(&token).await;
        assert_eq!(
            answer.status,
            401,
            "{}.{}",
            read(&token, 0),
            read(&token, 1)
        );
        answer.problem(401, "unauthenticated");
    }
}

async fn start(database: &Database, keys: &[&str]) -> Server {
    let key = |id: &&str| format!("{id}:{}", STANDARD.encode([id.len() as u8; 32]));
    let keys: Vec<String> = keys.iter().map(key).collect();
    let mut environment = base_environment();
    environment.insert("DATABASE_URL".to_owned(), database.url());
    environment.insert("UNDERSTUDY_JWT_KEYS".to_owned(), keys.join(","));
    Server::start(&environment).await
}

async fn sign_in(server: &Server) -> Answer {
    let body = json!({"username": ADMIN_USERNAME, "password": ADMIN_PASSWORD});
    let anonymous = Client::new(server.address());
    let answer = anonymous.post("/api/v1/auth/login", &body).await;
    answer.expect(200)
}

fn token(session: &Answer) -> String {
    session.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_are_exchanged_step_by_step_and_nobody_is_signed_out() {
    let database = Database::create().await;
    let server = start(&database, &["older"]).await;
    let first = sign_in(&server).await;
    assert_eq!(read(&token(&first), 0)["kid"], "older");
    drop(server);

    let server = start(&database, &["new", "older"]).await;
    let ask = async |server: &Server, token: &str| {
        let client = Client::new(server.address()).with_bearer(token);
        client.get(ME).await
    };
    ask(&server, &token(&first)).await.expect(200);
    let second = sign_in(&server).await;
    assert_eq!(read(&token(&second), 0)["kid"], "new");
    drop(server);

    let server = start(&database, &["new"]).await;
    ask(&server, &token(&second)).await.expect(200);
    ask(&server, &token(&first))
        .await
        .problem(401, "unauthenticated");
    // The session itself goes on, with a token of the new key.
    let renew = Client::new(server.address()).call("POST", "/api/v1/auth/refresh");
    let origin = format!("http://{}", server.address());
    let renewed = renew
        .header("cookie", &cookie(&first))
        .header("origin", &origin)
        .await
        .expect(200);
    assert_eq!(read(&token(&renewed), 0)["kid"], "new");
    ask(&server, &token(&renewed)).await.expect(200);
    // Its service ends before the database does.
    drop(server);
}
