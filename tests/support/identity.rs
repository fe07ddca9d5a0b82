//! Identity providers: a real one, which is a program of its own, and one that says whatever a test wants.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener as Reserved};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use url::form_urlencoded;

use super::client::Client;
use super::env;
use super::wait::{SOON, until};

/// The client that the service is at both of them.
pub const CLIENT_ID: &str = "understudy-tests";
/// Its secret there.
pub const CLIENT_SECRET: &str = "canary-of-the-client-secret";

/// `oidc-provider-mock` from PyPI: it shows a form, signs with RSA, and takes a code once.
#[derive(Debug)]
pub struct RealProvider {
    address: String,
    _process: Child,
}

impl RealProvider {
    /// With these people, each an object with a `sub`.
    pub async fn start(people: &[Value]) -> Self {
        let reserved = Reserved::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = reserved.local_addr().expect("an address").port();
        drop(reserved);
        let mut command = Command::new(env::oidc_provider());
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        for person in people {
            command.args(["--user-claims", &person.to_string()]);
        }
        let process = command
            .env_clear()
            .env("PATH", env::path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the provider starts");
        let address = format!("127.0.0.1:{port}");
        let client = Client::new(&address);
        until(SOON, "the provider answers", async || {
            client.get("/jwks").try_send().await
        })
        .await;
        Self {
            address,
            _process: process,
        }
    }

    /// What it calls itself.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What somebody does there who was sent to this page of it: says who they are. Gives where they are sent back to.
    pub async fn authorize(&self, location: &str, subject: &str) -> String {
        let page = location
            .strip_prefix(&self.issuer())
            .expect("its own address");
        let form: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("sub", subject)
            .finish();
        let answer = Client::new(&self.address)
            .call("POST", page)
            .body("application/x-www-form-urlencoded", form)
            .await
            .expect(302);
        answer.header("location").expect("a way back").to_owned()
    }
}

/// A provider that says what a test tells it to.
#[derive(Debug)]
pub struct ScriptedProvider {
    address: String,
    script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

/// What it says, and what it was asked.
#[derive(Debug)]
struct Script {
    key: KeyPair,
    /// The name of its key, and whether another one signs under it.
    kid: String,
    forger: Option<KeyPair>,
    id_token: Value,
    userinfo: Value,
    token_status: u16,
    /// Put in place of members of the document that describes it.
    document: Value,
    questions: Vec<(String, HashMap<String, String>)>,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key")
}

impl ScriptedProvider {
    /// One that says nothing yet.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let script = Arc::new(Mutex::new(Script {
            key: key(),
            kid: "one".to_owned(),
            forger: None,
            id_token: json!({}),
            userinfo: json!({}),
            token_status: 200,
            document: json!({}),
            questions: Vec::new(),
        }));
        let (shared, issuer) = (Arc::clone(&script), format!("http://{address}"));
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Answers are short and asked for one after the other.
                let _ = answer(stream, &shared, &issuer).await;
            }
        });
        Self {
            address,
            script,
            server,
        }
    }

    /// What it calls itself.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The claims of the next token. `iss`, `aud`, `iat` and `exp` are right unless they are among them; null leaves one out.
    pub fn says(&self, claims: Value) {
        let now = chrono::Utc::now().timestamp();
        let mut token = json!({
            "iss": self.issuer(), "aud": CLIENT_ID, "iat": now, "exp": now + 60, "updated_at": 1_700_000_000, "email_verified": "true",
        });
        super::app::merge(&mut token, claims);
        let token = token.as_object_mut().expect("an object");
        token.retain(|_, value| !value.is_null());
        self.script.lock().unwrap().id_token = json!(token);
    }

    /// What it says of the person apart from the token.
    pub fn says_of_the_person(&self, claims: Value) {
        self.script.lock().unwrap().userinfo = claims;
    }

    /// Answers the question for a token with this status.
    pub fn refuses_tokens(&self, status: u16) {
        self.script.lock().unwrap().token_status = status;
    }

    /// Signs with a key that it does not publish, under the name of the one that it does.
    pub fn is_forged(&self, forged: bool) {
        self.script.lock().unwrap().forger = forged.then(key);
    }

    /// Takes another key, of another name.
    pub fn exchanges_its_key(&self) {
        let mut script = self.script.lock().unwrap();
        script.key = key();
        script.kid = "two".to_owned();
    }

    /// Describes itself with these members in place of the right ones.
    pub fn describes_itself(&self, document: Value) {
        self.script.lock().unwrap().document = document;
    }

    /// The forms of the questions for a token until now, each with the `Authorization` header as `authorization`.
    pub fn token_questions(&self) -> Vec<HashMap<String, String>> {
        self.questions("/token")
    }

    /// The questions to a path until now.
    pub fn questions(&self, path: &str) -> Vec<HashMap<String, String>> {
        let script = self.script.lock().unwrap();
        let asked = script.questions.iter();
        let asked = asked.filter(|(known, _)| known == path);
        asked.map(|(_, form)| form.clone()).collect()
    }

    /// Stops answering, as a provider that is down.
    pub async fn goes_down(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }
}

impl Drop for ScriptedProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Script {
    fn token(&self) -> String {
        let key = self.forger.as_ref().unwrap_or(&self.key);
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::ES256)
        };
        let key = EncodingKey::from_ec_der(&key.serialize_der());
        encode(&header, &self.id_token, &key).expect("a token")
    }

    fn keys(&self) -> Value {
        // 0x04, then both coordinates.
        let point = self.key.der_bytes();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": part(1..33), "y": part(33..65),
        }]})
    }

    fn document(&self, issuer: &str) -> Value {
        let mut document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        super::app::merge(&mut document, self.document.clone());
        document
    }

    fn answer(&mut self, path: &str, issuer: &str) -> (u16, Value) {
        match path {
            "/.well-known/openid-configuration" => (200, self.document(issuer)),
            "/keys" => (200, self.keys()),
            "/userinfo" => (200, self.userinfo.clone()),
            "/token" if self.token_status == 200 => {
                let id_token = self.token();
                let answer = json!({"access_token": "an access token", "token_type": "Bearer", "expires_in": 60, "id_token": id_token});
                (200, answer)
            }
            "/token" => (self.token_status, json!({"error": "invalid_grant"})),
            _ => (404, json!({})),
        }
    }
}

async fn answer(stream: TcpStream, script: &Mutex<Script>, issuer: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let (mut length, mut form) = (0, HashMap::new());
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        let Some((name, value)) = header.trim().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => {
                form.insert("authorization".to_owned(), value.trim().to_owned());
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    form.extend(form_urlencoded::parse(&body).into_owned());
    let (status, said) = {
        let mut script = script.lock().unwrap();
        script.questions.push((path.clone(), form));
        script.answer(&path, issuer)
    };
    let said = said.to_string();
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        said.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(said.as_bytes()).await?;
    stream.shutdown().await
}
