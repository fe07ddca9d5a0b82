//! What is asked in a check: the cheapest question whose answer says something. Nothing here costs money but [`HealthCheckMode::Chat`].
//!
//! Every question goes the way of a request: the same client, with its proxies, TLS, headers and egress policy.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{Instant, timeout};
use understudy_shared::{Capability, HealthCheckMode, InstanceKind, ReasonCode, Scheme};

use super::finding::{Answer, Finding, Verdict};
use crate::gateway::body::Object;
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::checks::{Walked, reach};
use crate::gateway::classify::{self, Effect, Failure};
use crate::gateway::egress::EgressPolicy;
use crate::gateway::question::Outgoing;
use crate::gateway::snapshot::Instance;
use crate::gateway::upstream::{Client, Response, read_models};

/// Where most servers of models say whether they are well.
const HEALTH: &str = "/health";
/// Most that is read of the answer to a check that asks for a token.
const MAX_CHAT: usize = 64 * 1024;

/// What is remembered of an instance from one check to the next.
#[derive(Debug, Default)]
pub struct Memo {
    /// There is no `/health`.
    no_health: Cell<bool>,
}

/// One check on its way.
struct Check<'a> {
    instance: &'a Instance,
    client: &'a Client,
    limit: Duration,
    walked: Walked,
}

/// Why no answer came through any proxy.
enum NoAnswer {
    Failed(Failure),
    TimedOut,
}

impl From<NoAnswer> for Answer {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::Failed(failure) => failure.into(),
            NoAnswer::TimedOut => Self::late(),
        }
    }
}

/// Checks an instance.
pub async fn check(
    instance: &Instance,
    client: Result<Rc<Client>, Failure>,
    egress: &Arc<EgressPolicy>,
    memo: &Memo,
) -> Finding {
    let started = Instant::now();
    let (answer, walked) = match client {
        Ok(client) => {
            let settings = &instance.connection.health_check;
            let mut check = Check {
                instance,
                client: &client,
                limit: Duration::from_secs(settings.timeout_s.into()),
                walked: Walked::default(),
            };
            let answer = check.ask(egress, memo).await;
            (answer, check.walked)
        }
        Err(failure) => (failure.into(), Walked::default()),
    };
    if answer.verdict == Verdict::Failed {
        // Whatever comes back may be something else.
        memo.no_health.set(false);
    }
    Finding {
        verdict: answer.verdict,
        code: answer.code,
        reason: answer.reason,
        took: started.elapsed(),
        with_token: answer.with_token,
        walked,
    }
}

impl Check<'_> {
    async fn ask(&mut self, egress: &Arc<EgressPolicy>, memo: &Memo) -> Answer {
        let connection = &self.instance.connection;
        let settings = &connection.health_check;
        match settings.mode {
            HealthCheckMode::Auto => {
                let near = connection.kind != InstanceKind::Cloud;
                if near && connection.tokens.is_empty() && !memo.no_health.get() {
                    match self.health().await {
                        Some(answer) => return answer,
                        None => memo.no_health.set(true),
                    }
                }
                self.models().await
            }
            HealthCheckMode::Models => self.models().await,
            HealthCheckMode::Http => {
                let path = settings.path.as_deref().unwrap_or(HEALTH);
                self.path(path).await
            }
            HealthCheckMode::Tcp => self.connect(egress).await,
            HealthCheckMode::Chat => {
                let endpoints = &connection.capabilities.endpoints;
                if endpoints.is_empty() || endpoints.contains(&Capability::Chat) {
                    self.chat().await
                } else {
                    // It says that it does not chat.
                    self.models().await
                }
            }
            // Nobody asks for that.
            HealthCheckMode::Off => Answer::unverified(),
        }
    }

    /// `GET /health` at the root of the host. None if there is no such thing.
    async fn health(&mut self) -> Option<Answer> {
        let client = self.client;
        let asked = async |lane| client.at_root(Method::GET, lane, HEALTH).await;
        let response = match self.walk(asked).await {
            Ok(response) => response,
            Err(none) => return Some(none.into()),
        };
        let status = response.status();
        match status.as_u16() {
            200..=299 => Some(Answer::passed(false)),
            408 | 500 | 502..=599 => Some(Answer::status(status.as_u16())),
            // A page for people, a login, or nothing at all.
            _ => None,
        }
    }

    /// `GET {base}/models`, with the token.
    async fn models(&mut self) -> Answer {
        let client = self.client;
        let asked = async |lane| client.get(lane, "/models").await;
        let response = match self.walk(asked).await {
            Ok(response) => response,
            Err(none) => return none.into(),
        };
        let status = response.status();
        match status.as_u16() {
            200..=299 => match timeout(self.limit, read_models(response)).await {
                Ok(Ok(_)) => Answer::passed(!self.instance.connection.tokens.is_empty()),
                Ok(Err(failure)) => failure.into(),
                Err(_) => Answer::late(),
            },
            401 => Answer::refused(),
            // No list, none for this token, or not so often: it is there all the same.
            400..=407 | 409..=499 => Answer::unverified(),
            status => Answer::status(status),
        }
    }

    /// `GET` of a path that somebody chose.
    async fn path(&mut self, path: &str) -> Answer {
        let client = self.client;
        let asked = async |lane| client.at_root(Method::GET, lane, path).await;
        match self.walk(asked).await {
            Ok(response) if response.status().is_success() => Answer::passed(false),
            Ok(response) if response.status() == StatusCode::UNAUTHORIZED => Answer::refused(),
            Ok(response) => Answer::status(response.status().as_u16()),
            Err(none) => none.into(),
        }
    }

    /// A connection. Through a proxy or TLS the client has to make it, which needs a question: any answer will do.
    async fn connect(&mut self, egress: &Arc<EgressPolicy>) -> Answer {
        let connection = &self.instance.connection;
        let plain = connection.endpoint.scheme == Scheme::Http;
        if plain && connection.proxies.is_empty() {
            return match timeout(self.limit, reach(connection, egress)).await {
                Ok(Ok(())) => Answer::unverified(),
                Ok(Err(failure)) => failure.into(),
                Err(_) => Answer::late(),
            };
        }
        let client = self.client;
        let asked = async |lane| client.at_root(Method::HEAD, lane, "/").await;
        match self.walk(asked).await {
            // Of plain HTTP a proxy may be speaking for a backend that it did not reach.
            Ok(response) if plain && matches!(response.status().as_u16(), 502..=504) => {
                Answer::status(response.status().as_u16())
            }
            Ok(_) => Answer::unverified(),
            Err(none) => none.into(),
        }
    }

    /// One token of an answer.
    async fn chat(&mut self) -> Answer {
        let client = self.client;
        let connection = &self.instance.connection;
        let limit = self.limit;
        let asked = async |lane| {
            let listed;
            let model = match &connection.model {
                Some(model) => model.as_str(),
                None => {
                    listed = client.only_model(lane, limit).await?;
                    listed.as_deref().unwrap_or_default()
                }
            };
            let body = json!({
                "model": model,
                "messages": [{"role": "user", "content": "Hi"}],
                "max_tokens": 1,
            })
            .to_string();
            let object = Object::scan(body.as_bytes())
                .map_err(|_| Failure::unsent(ReasonCode::Misconfigured, "it cannot be asked"))?;
            let body = object.for_instance(model, &connection.parameters);
            let id = uuid::Uuid::now_v7().to_string();
            let body = Outgoing::Json(body);
            client.post(lane, "/chat/completions", body, &id, &[]).await
        };
        let response = match self.walk(asked).await {
            Ok(response) => response,
            Err(none) => return none.into(),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let Ok(body) = timeout(self.limit, read(response)).await else {
            return Answer::late();
        };
        if status.is_success() {
            return match Object::scan(&body) {
                Ok(object) if object.get("error").is_some_and(|error| error != "null") => {
                    classify::classify_error_object(&body).into()
                }
                Ok(_) => Answer::passed(!connection.tokens.is_empty()),
                Err(_) => Answer::failed(
                    ReasonCode::BadAnswer,
                    "its answer to the check is not a JSON object",
                ),
            };
        }
        match classify::classify(status, &headers, &body) {
            classify::Verdict::Next(failure) => match failure.effect {
                Effect::TokenInvalid => Answer::refused(),
                Effect::Failure => failure.into(),
                _ => Answer::unverified(),
            },
            _ => Answer::unverified(),
        }
    }

    /// Asks over one proxy and token after the other until one of them gets through.
    async fn walk(
        &mut self,
        ask: impl AsyncFn(Lane) -> Result<Response, Failure>,
    ) -> Result<Response, NoAnswer> {
        let connection = &self.instance.connection;
        let walked = &mut self.walked;
        walked.lane = Lane {
            token: 0,
            proxy: (!connection.proxies.is_empty()).then_some(0),
        };
        loop {
            let answer = match timeout(self.limit, ask(walked.lane)).await {
                Ok(answer) => answer.map_err(NoAnswer::Failed),
                Err(_) => Err(NoAnswer::TimedOut),
            };
            // Who is late may be the proxy or the backend: the next proxy tells, and nobody is blamed.
            let (through, dead) = match &answer {
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                    if !walked.refused.contains(&walked.lane.token) {
                        walked.refused.push(walked.lane.token);
                    }
                    if walked.lane.token + 1 < connection.tokens.len() {
                        walked.lane.token += 1;
                        continue;
                    }
                    (true, false)
                }
                Ok(response) => {
                    let refused = response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED;
                    (!refused, refused)
                }
                Err(NoAnswer::Failed(failure)) => {
                    let dead = failure.code == ReasonCode::ProxyFailed;
                    (!dead, dead)
                }
                Err(NoAnswer::TimedOut) => (false, false),
            };
            if through {
                return answer;
            }
            if let Some(proxy) = walked.lane.proxy {
                if dead {
                    walked.dead.push(proxy);
                }
                if proxy + 1 < connection.proxies.len() {
                    walked.lane.proxy = Some(proxy + 1);
                    continue;
                }
            }
            return match answer {
                Ok(_) if dead => Err(NoAnswer::Failed(Failure::unsent(
                    ReasonCode::ProxyFailed,
                    "its proxy refuses the credential",
                ))),
                answer => answer,
            };
        }
    }
}

/// What there is of an answer, up to a bound.
async fn read(mut response: Response) -> Bytes {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_CHAT {
            break;
        }
    }
    body.into()
}
