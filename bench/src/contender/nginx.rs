//! nginx as a plain reverse proxy: one worker, kept-alive connections to the mock, no access log.
//!
//! It runs in the foreground on a configuration and a folder of its own; the machine's own nginx, if any, is not touched.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{Contender, Kind, MODEL, NO_KEY, Programs, folder, free_address, is_open};
use crate::failure::{Context, Failure, Result};
use crate::machine;
use crate::places::{Place, Places};
use crate::service::Service;

/// Starts nginx in front of `mock`.
pub async fn start(programs: &Programs, places: &Places, mock: SocketAddr) -> Result<Contender> {
    let program = programs.nginx.as_ref().ok_or_else(|| {
        Failure::new("no nginx was found: run `cargo xtask bench`, which installs it, or leave it out with `--contenders direct,understudy`")
    })?;
    let folder = folder()?;
    let address = free_address()?;
    let path = folder.path().join("nginx.conf");
    std::fs::write(&path, configuration(folder.path(), address, mock))
        .context(|| format!("write {}", path.display()))?;
    let mut command = Command::new(program);
    command.arg("-p").arg(folder.path()).arg("-c").arg(&path);
    let mut service = Service::start(
        Kind::Nginx.name(),
        &mut command,
        Signal::TERM,
        places,
        Place::Measured,
    )?;
    let master = service.process();
    let worker = service
        .wait_for("start its worker", async |_| {
            is_open(address).await?;
            machine::children(master).first().copied()
        })
        .await?;
    Ok(Contender {
        kind: Kind::Nginx,
        address,
        key: NO_KEY.to_owned(),
        model: MODEL,
        process: Some(worker),
        _service: Some(service),
        _folder: Some(folder),
    })
}

fn configuration(folder: &Path, listen: SocketAddr, mock: SocketAddr) -> String {
    let folder = folder.display();
    let mut temporary = String::new();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        // Without these it would use, and as root create, folders of the machine's own nginx.
        let _ = writeln!(temporary, "  {kind}_temp_path {folder}/{kind};");
    }
    format!(
        "daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
{temporary}  upstream mock {{
    server {mock};
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_time 1h;
  }}
  server {{
    listen {listen};
    keepalive_requests 1000000000;
    keepalive_time 1h;
    location / {{
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
    }}
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_both_ends_and_stays_in_its_folder() {
        let (listen, mock) = ("127.0.0.1:1111", "127.0.0.1:2222");
        let text = configuration(
            Path::new("/tmp/x"),
            listen.parse().unwrap(),
            mock.parse().unwrap(),
        );
        assert!(text.contains("listen 127.0.0.1:1111;"), "{text}");
        assert!(text.contains("server 127.0.0.1:2222;"), "{text}");
        assert!(text.contains("pid /tmp/x/nginx.pid;"), "{text}");
        assert!(text.contains("proxy_temp_path /tmp/x/proxy;"), "{text}");
    }
}
