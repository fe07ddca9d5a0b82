//! HAProxy as a plain reverse proxy: one thread, kept-alive connections to the mock, no log.

use std::net::SocketAddr;
use std::process::Command;

use rustix::process::Signal;

use super::{Contender, Kind, MODEL, NO_KEY, Programs, folder, free_address, is_open};
use crate::failure::{Context, Failure, Result};
use crate::places::{Place, Places};
use crate::service::Service;

/// Starts HAProxy in front of `mock`.
pub async fn start(programs: &Programs, places: &Places, mock: SocketAddr) -> Result<Contender> {
    let program = programs.haproxy.as_ref().ok_or_else(|| {
        Failure::new("no HAProxy was found: run `cargo xtask bench`, which installs it, or leave it out with `--contenders`")
    })?;
    let folder = folder()?;
    let address = free_address()?;
    let path = folder.path().join("haproxy.cfg");
    std::fs::write(&path, configuration(address, mock))
        .context(|| format!("write {}", path.display()))?;
    let mut service = Service::start(
        Kind::Haproxy.name(),
        Command::new(program).arg("-db").arg("-f").arg(&path),
        Signal::TERM,
        places,
        Place::Measured,
    )?;
    service
        .wait_for("listen", async |_| is_open(address).await)
        .await?;
    Ok(Contender {
        kind: Kind::Haproxy,
        address,
        key: NO_KEY.to_owned(),
        model: MODEL,
        process: Some(service.process()),
        _service: Some(service),
        _folder: Some(folder),
    })
}

fn configuration(listen: SocketAddr, mock: SocketAddr) -> String {
    format!(
        "global
  nbthread 1
  maxconn 8192
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 10m
  timeout server 10m
frontend bench
  bind {listen}
  default_backend mock
backend mock
  server mock {mock} pool-max-conn 4096
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_both_ends() {
        let (listen, mock) = ("127.0.0.1:1111", "127.0.0.1:2222");
        let text = configuration(listen.parse().unwrap(), mock.parse().unwrap());
        assert!(text.contains("bind 127.0.0.1:1111\n"), "{text}");
        assert!(text.contains("server mock 127.0.0.1:2222 "), "{text}");
    }
}
