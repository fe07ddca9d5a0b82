//! vLLM's router, in Rust behind a Python program: one worker thread, its simplest policy, and no more of its log than it must.

use std::net::SocketAddr;
use std::process::Command;

use rustix::process::Signal;

use super::{CHAT_PATH, Contender, Kind, MODEL, NO_KEY, Programs, ask, chat, folder, free_address};
use crate::failure::{Failure, Result};
use crate::places::{Place, Places};
use crate::service::Service;

/// Starts the router in front of `mock`.
pub async fn start(programs: &Programs, places: &Places, mock: SocketAddr) -> Result<Contender> {
    let program = programs.vllm_router.as_ref().ok_or_else(|| {
        Failure::new("no vllm-router was found: run `cargo xtask bench`, which installs it, or leave it out with `--contenders`")
    })?;
    let folder = folder()?;
    let (address, metrics) = (free_address()?, free_address()?);
    let mut command = Command::new(program);
    command
        .args(["--host", &address.ip().to_string()])
        .args(["--port", &address.port().to_string()])
        .args(["--worker-urls", &format!("http://{mock}")])
        .args(["--policy", "round_robin"])
        .args(["--log-level", "error"])
        .args(["--prometheus-host", &metrics.ip().to_string()])
        .args(["--prometheus-port", &metrics.port().to_string()])
        .env("TOKIO_WORKER_THREADS", "1")
        .current_dir(folder.path());
    let mut service = Service::start(
        Kind::VllmRouter.name(),
        &mut command,
        Signal::TERM,
        places,
        Place::Measured,
    )?;
    let body = chat(MODEL, false);
    service
        .wait_for("answer", async |_| {
            let answer = ask(address, "POST", CHAT_PATH, Some(NO_KEY), Some(&body)).await;
            matches!(answer, Ok((200, _))).then_some(())
        })
        .await?;
    Ok(Contender {
        kind: Kind::VllmRouter,
        address,
        key: NO_KEY.to_owned(),
        model: MODEL,
        process: Some(service.process()),
        _service: Some(service),
        _folder: Some(folder),
    })
}
