//! The list of models that a backend gives.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use understudy_shared::ReasonCode;

use super::{BrokenBody, Client, Response};
use crate::gateway::breaker::attempt::Lane;
use crate::gateway::classify::{self, Failure, Verdict};

/// Longest time for the body of the list.
const LIST: Duration = Duration::from_secs(15);
/// Largest list.
const MAX_LIST: usize = 4 * 1024 * 1024;

/// The ids of the models that a backend lists; none if it has no such list.
///
/// # Errors
/// If it does not answer, or with something else.
pub(super) async fn models(client: &Client, lane: Lane) -> Result<Option<Vec<String>>, Failure> {
    let response = client
        .get(lane, "/models")
        .await
        .map_err(|failure| Failure {
            sent: false,
            ..failure
        })?;
    let status = response.status();
    if matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    ) {
        return Ok(None);
    }
    if !status.is_success() {
        let failure = match classify::classify(status, response.headers(), &[]) {
            Verdict::Next(failure) => failure,
            _ => Failure::unsent(ReasonCode::Http(status.as_u16()), ""),
        };
        return Err(Failure {
            sent: false,
            reason: format!("it did not list its models (HTTP {})", status.as_u16()),
            ..failure
        });
    }
    read_models(response).await.map(Some)
}

/// Reads a list of models, in the form of the OpenAI API.
///
/// # Errors
/// If it is something else, too large, or does not arrive.
pub async fn read_models(mut response: Response) -> Result<Vec<String>, Failure> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Model>,
    }

    #[derive(Deserialize)]
    struct Model {
        id: String,
    }

    let mut body = Vec::new();
    let reading = async {
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_LIST {
                break;
            }
        }
        Ok::<_, BrokenBody>(())
    };
    match tokio::time::timeout(LIST, reading).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(Failure::unsent(ReasonCode::ConnectionLost, error.explain())),
        Err(_) => {
            return Err(Failure::unsent(
                ReasonCode::Timeout,
                "its list of models did not arrive in time",
            ));
        }
    }
    let list: List = serde_json::from_slice(&body).map_err(|_| {
        Failure::unsent(
            ReasonCode::BadAnswer,
            "its list of models is not in the form of the OpenAI API",
        )
    })?;
    Ok(list.data.into_iter().map(|model| model.id).collect())
}
