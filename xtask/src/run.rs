//! `cargo xtask run`: from a clone to a page in the browser.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::Child;
use std::time::Duration;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::service;
use crate::setup;
use crate::step::say;
use crate::web;
use crate::workspace::{Profile, Workspace, variable};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// What the user may say on the command line.
#[derive(Debug)]
pub struct Options {
    /// Which build.
    pub profile: Profile,
    /// In place of `UNDERSTUDY_LISTEN`.
    pub listen: Option<String>,
    /// In place of `UNDERSTUDY_DATA_DIR`.
    pub data_dir: Option<OsString>,
}

/// Builds everything, starts the service and stays until it ends; gives back its exit code.
pub fn run(workspace: &Workspace, options: Options) -> Result<u8> {
    let listen = match (options.listen, variable("UNDERSTUDY_LISTEN")) {
        (Some(listen), _) => listen,
        (None, Some(listen)) => listen.to_string_lossy().into_owned(),
        (None, None) => DEFAULT_LISTEN.to_owned(),
    };
    let data_dir = options
        .data_dir
        .or_else(|| variable("UNDERSTUDY_DATA_DIR"))
        .unwrap_or_else(|| workspace.root.join(".understudy").into_os_string());

    let mut extra: Vec<(&str, OsString)> = Vec::new();
    if variable("DATABASE_URL").is_none() {
        extra.push((
            "UNDERSTUDY_POSTGRES_BIN",
            setup::postgres::ensure()?.into_os_string(),
        ));
    }
    if variable("UNDERSTUDY_WEB_ROOT").is_none() {
        extra.push((
            "UNDERSTUDY_WEB_ROOT",
            web::build(workspace, options.profile)?.into_os_string(),
        ));
    }
    let binary = service::build(workspace, options.profile)?;

    say(format_args!(
        "» start the service on {listen}, data in {}",
        data_dir.display()
    ));
    let mut service = process::spawn(
        workspace
            .program(binary)
            .arg("serve")
            .env("UNDERSTUDY_LISTEN", &listen)
            .env("UNDERSTUDY_DATA_DIR", &data_dir)
            // These are ours; the service would warn of names that it does not know.
            .env_remove("UNDERSTUDY_TOOLS_DIR")
            .env_remove("UNDERSTUDY_WASM_TOOLCHAIN")
            .envs(extra),
    )?;
    watch(&mut service, &listen)
}

/// Tells when the service is ready, passes signals on, and returns the exit code when it ends.
fn watch(service: &mut Child, listen: &str) -> Result<u8> {
    let mut ready = false;
    loop {
        if let Some(status) = service
            .try_wait()
            .context(|| "wait for the service".to_owned())?
        {
            let code = process::exit_code(status);
            if status.success() {
                return Ok(code);
            }
            return Err(Failure::with_code(
                format!("the service ended ({status})"),
                code,
            ));
        }
        if let Some(signal) = process::take_signal() {
            say("» stop the service and its database");
            let status = process::stop(service, signal, process::STOP_LIMIT)?;
            return Ok(process::exit_code(status));
        }
        if !ready && is_ready(listen) {
            ready = true;
            let page = page(listen);
            say(format_args!(
                "\n  Understudy is ready: {page}\n  Sign in there. While there is no user yet, open the one-time set-up link that the service \
                 printed above\n  ({page}setup?token=…). Ctrl-C stops everything; the data stays.\n"
            ));
        }
        process::pause();
    }
}

/// An address to connect to, which a wildcard to listen on is not.
fn reachable(listen: &str) -> String {
    for (wildcard, here) in [("0.0.0.0:", "127.0.0.1:"), ("[::]:", "[::1]:")] {
        if let Some(port) = listen.strip_prefix(wildcard) {
            return format!("{here}{port}");
        }
    }
    listen.to_owned()
}

fn page(listen: &str) -> String {
    format!("http://{}/", reachable(listen))
}

/// Whether `/healthz/ready` answers 200.
fn is_ready(listen: &str) -> bool {
    probe(&reachable(listen)).is_ok_and(|answer| answer.starts_with(b"HTTP/1.1 200"))
}

fn probe(address: &str) -> std::io::Result<[u8; 12]> {
    let address_to_try = address
        .to_socket_addrs()?
        .next()
        .ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address_to_try, PROBE_LIMIT)?;
    stream.set_read_timeout(Some(PROBE_LIMIT))?;
    // One write: a server that answers early and closes would reset a request that comes in pieces.
    let request =
        format!("GET /healthz/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_address_is_shown_as_one_that_can_be_opened() {
        assert_eq!(page("0.0.0.0:8080"), "http://127.0.0.1:8080/");
        assert_eq!(page("[::]:80"), "http://[::1]:80/");
        assert_eq!(page("10.0.0.0:80"), "http://10.0.0.0:80/");
    }

    #[test]
    fn only_a_200_counts_as_ready() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 503 No\r\n\r\n", false),
            ("", false),
        ] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 256];
                let _ = stream.read(&mut request).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(is_ready(&address), expected, "{answer:?}");
            server.join().unwrap();
        }
    }
}
