//! Proxies and tokens of a check, in their order, as requests go through them: the next proxy when one is down, the next token when one is
//! refused.

use std::time::Duration;

use reqwest::StatusCode;
use understudy_shared::ReasonCode;

use crate::domain::model_instance::Connection;
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::classify::Failure;
use crate::gateway::upstream::{Cause, Client, Response};

/// How a check went through the pools.
#[derive(Debug, Default)]
pub struct Walked {
    /// The token and the proxy that were used in the end.
    pub lane: Lane,
    /// Tokens that were refused.
    pub refused: Vec<usize>,
    /// Proxies through which there was no connection.
    pub dead: Vec<usize>,
}

/// Why a walk came to no answer.
pub(super) enum NoAnswer {
    /// There is no connection, or it broke.
    Failed(Failure, Cause),
    /// It took too long.
    TimedOut,
}

/// Asks for the list of models over one proxy and token after the other, each for so long, until one of them gets through.
pub(super) async fn walk(
    client: &Client,
    connection: &Connection,
    limit: Duration,
    walked: &mut Walked,
) -> Result<Response, NoAnswer> {
    walked.lane.proxy = (!connection.proxies.is_empty()).then_some(0);
    loop {
        let asked = client.get_or_cause(walked.lane, "/models");
        let answer = match tokio::time::timeout(limit, asked).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err((failure, cause))) => Err(NoAnswer::Failed(failure, cause)),
            Err(_) => Err(NoAnswer::TimedOut),
        };
        match &answer {
            Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                walked.refused.push(walked.lane.token);
                if walked.lane.token + 1 < connection.tokens.len() {
                    walked.lane.token += 1;
                    continue;
                }
            }
            _ if is_the_proxys(&answer) => {
                if let Some(proxy) = walked.lane.proxy {
                    walked.dead.push(proxy);
                    if proxy + 1 < connection.proxies.len() {
                        walked.lane.proxy = Some(proxy + 1);
                        continue;
                    }
                }
            }
            _ => {}
        }
        return answer;
    }
}

/// Whether it is the proxy that failed, or refuses its credential.
fn is_the_proxys(answer: &Result<Response, NoAnswer>) -> bool {
    match answer {
        Ok(response) => response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        Err(NoAnswer::Failed(failure, _)) => failure.code == ReasonCode::ProxyFailed,
        Err(NoAnswer::TimedOut) => false,
    }
}

impl Walked {
    /// Which of several proxies was used.
    pub(super) fn through(&self, connection: &Connection) -> Option<String> {
        let count = connection.proxies.len();
        let place = self.lane.proxy? + 1;
        Some(if count == 1 {
            "through the proxy".to_owned()
        } else {
            format!("through proxy {place} of {count}")
        })
    }

    /// Which of several tokens was accepted.
    pub(super) fn accepted(&self, connection: &Connection) -> String {
        let count = connection.tokens.len();
        if count == 1 {
            "the token is accepted".to_owned()
        } else {
            format!("token {} of {count} is accepted", self.lane.token + 1)
        }
    }

    /// Which of several tokens were refused.
    pub(super) fn refused(&self, connection: &Connection) -> &'static str {
        if connection.tokens.len() > 1 && self.refused.len() == connection.tokens.len() {
            "the backend refuses every token"
        } else {
            "the backend refuses the token"
        }
    }
}
