//! The product as its users get it: the release binary with its embedded PostgreSQL, one worker, the log as it is by default.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use super::management::Management;
use super::{CHAT_PATH, Contender, Kind, MODEL, Programs, ask, chat, folder};
use crate::arguments::variable;
use crate::failure::{Failure, Result};
use crate::mock::{FAILING_PATH, LISTENING};
use crate::places::{Place, Places};
use crate::service::Service;

const USERNAME: &str = "bench";
const PASSWORD: &str = "a password for one benchmark";
/// Instances of the largest group.
const HUNDRED: usize = 100;
/// How long a new group and key may take to reach the gateway, should the notification get lost.
const EFFECTIVE: Duration = Duration::from_secs(15);

/// Starts the service on a database of its own, and sets up a group whose one instance is `mock`.
pub async fn start(programs: &Programs, places: &Places, mock: SocketAddr) -> Result<Contender> {
    let folder = folder()?;
    let mut command = Command::new(&programs.understudy);
    // Nothing that happens to be set in this shell decides what is measured.
    command
        .arg("serve")
        .env_clear()
        .env("PATH", variable("PATH").unwrap_or_default())
        .env("UNDERSTUDY_LISTEN", "127.0.0.1:0")
        .env("UNDERSTUDY_WORKERS", "1")
        .env("UNDERSTUDY_DATA_DIR", folder.path().join("data"))
        .env("UNDERSTUDY_ADMIN_USERNAME", USERNAME)
        .env("UNDERSTUDY_ADMIN_PASSWORD", PASSWORD);
    if let Some(postgres) = &programs.postgres {
        command.env("UNDERSTUDY_POSTGRES_BIN", postgres);
    }
    // SIGINT drains and ends; SIGTERM would first go on accepting for some seconds.
    let mut service = Service::start(
        Kind::Understudy.name(),
        &mut command,
        Signal::INT,
        places,
        Place::Measured,
    )?;
    let address = service.address(LISTENING).await?;
    service
        .wait_for("get ready", async |_| {
            let answer = ask(address, "GET", "/healthz/ready", None, None).await;
            matches!(answer, Ok((200, _))).then_some(())
        })
        .await?;
    let management = Management::sign_in(address, USERNAME, PASSWORD).await?;
    set_up(&management, mock).await?;
    let key = management.create_gateway_key().await?;
    wait_until_effective(address, &key).await?;
    Ok(Contender {
        kind: Kind::Understudy,
        address,
        key,
        model: MODEL,
        process: Some(service.process()),
        _service: Some(service),
        _folder: Some(folder),
    })
}

/// Groups for every workload.
async fn set_up(management: &Management, mock: SocketAddr) -> Result<()> {
    let mut instances = Vec::new();
    for number in 0..HUNDRED {
        let name = format!("mock {number}");
        instances.push(management.create_instance(&name, mock, "/v1").await?);
    }
    let instances: Vec<&str> = instances.iter().map(String::as_str).collect();
    let failing = management
        .create_instance("failing", mock, FAILING_PATH)
        .await?;
    let group = |name: &str| format!("{MODEL}-{name}");
    let create = async |name: &str, members: &[&str]| management.create_group(name, members).await;
    create(&group("two"), &instances[..2]).await?;
    create(&group("hundred"), &instances).await?;
    create(&group("failing"), &[&failing, instances[0]]).await?;
    create(MODEL, &instances[..1]).await
}

async fn wait_until_effective(address: SocketAddr, key: &str) -> Result<()> {
    let body = chat(MODEL, false);
    let start = tokio::time::Instant::now();
    loop {
        let answer = ask(address, "POST", CHAT_PATH, Some(key), Some(&body)).await;
        match answer {
            Ok((200, _)) => return Ok(()),
            Ok((status, text)) if start.elapsed() > EFFECTIVE => {
                return Err(Failure::new(format!("understudy answers {status}: {text}")));
            }
            Err(error) if start.elapsed() > EFFECTIVE => {
                return Err(Failure::new(format!("understudy does not answer: {error}")));
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
