//! A proxy that tunnels, over HTTP `CONNECT` and SOCKS 5 on one port, and notes where it was asked to go.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

type Stream = BufReader<TcpStream>;

/// Ports for names that only this proxy knows.
type Names = Arc<Vec<(String, u16)>>;

/// A proxy.
#[derive(Debug)]
pub struct Tunnel {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Tunnel {
    /// A proxy that knows this name as this port of this machine, and every address as itself.
    pub fn start(name: &str, port: u16) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free port");
        let listener = socket.listen(64).expect("a listener");
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let names = Arc::new(vec![(name.to_owned(), port)]);
        Self {
            address: listener.local_addr().expect("an address"),
            asked: Arc::clone(&asked),
            server: tokio::spawn(serve(listener, asked, names)),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Each `credential@host:port` that it was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, asked: Arc<Mutex<Vec<String>>>, names: Names) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (asked, names) = (Arc::clone(&asked), Arc::clone(&names));
        // A test looks at what was asked for and at what came back.
        connections.spawn(async move { tunnel(stream, &asked, &names).await.unwrap_or_default() });
        while connections.try_join_next().is_some() {}
    }
}

async fn tunnel(stream: TcpStream, asked: &Mutex<Vec<String>>, names: &Names) -> io::Result<()> {
    let mut client = BufReader::new(stream);
    let socks = client.fill_buf().await?.first() == Some(&5);
    let (credential, host, port) = match socks {
        true => read_socks(&mut client).await?,
        false => read_connect(&mut client).await?,
    };
    asked
        .lock()
        .unwrap()
        .push(format!("{credential}@{host}:{port}"));
    let known = names.iter().find(|(name, _)| *name == host);
    let mut backend = match known {
        Some((_, port)) => TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await?,
        None => TcpStream::connect((host.as_str(), port)).await?,
    };
    let agreed: &[u8] = match socks {
        true => &[5, 0, 0, 1, 127, 0, 0, 1, 0, 0],
        false => b"HTTP/1.1 200 Connected\r\n\r\n",
    };
    client.write_all(agreed).await?;
    copy_bidirectional(&mut client, &mut backend).await?;
    Ok(())
}

async fn read_connect(client: &mut Stream) -> io::Result<(String, String, u16)> {
    let mut target = String::new();
    let mut credential = String::new();
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await?;
        let line = line.trim_end();
        if let Some(rest) = line.strip_prefix("CONNECT ") {
            target = rest.split(' ').next().unwrap_or_default().to_owned();
        } else if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("proxy-authorization")
        {
            credential = value.to_owned();
        } else if line.is_empty() {
            break;
        }
    }
    let (host, port) = target.rsplit_once(':').ok_or(io::ErrorKind::InvalidData)?;
    let port = port.parse().map_err(io::Error::other)?;
    Ok((credential, host.to_owned(), port))
}

async fn read_socks(client: &mut Stream) -> io::Result<(String, String, u16)> {
    let offer = [client.read_u8().await?, client.read_u8().await?];
    let methods = take(client, usize::from(offer[1])).await?;
    let mut credential = String::new();
    if methods.contains(&2) {
        client.write_all(&[5, 2]).await?;
        client.read_u8().await?;
        let name = take_text(client).await?;
        let password = take_text(client).await?;
        credential = format!("{name}:{password}");
        client.write_all(&[1, 0]).await?;
    } else {
        client.write_all(&[5, 0]).await?;
    }
    let request = take(client, 4).await?;
    let host = match request[3] {
        1 => Ipv4Addr::from(<[u8; 4]>::try_from(take(client, 4).await?).expect("four bytes"))
            .to_string(),
        3 => take_text(client).await?,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    };
    Ok((credential, host, client.read_u16().await?))
}

async fn take(client: &mut Stream, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn take_text(client: &mut Stream) -> io::Result<String> {
    let length = client.read_u8().await?;
    let bytes = take(client, usize::from(length)).await?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
