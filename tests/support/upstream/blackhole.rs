//! A host that does not answer at all: connecting to it hangs.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// A listener whose queue is full, so that the kernel drops every further attempt to connect.
#[derive(Debug)]
pub struct Blackhole {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Blackhole {
    /// Fills the queue of a listener that never accepts.
    pub async fn start() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind((Ipv4Addr::LOCALHOST, 0).into())
            .expect("a free port");
        let listener = socket.listen(0).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let mut queue = Vec::new();
        for _ in 0..10 {
            let attempt = timeout(Duration::from_millis(300), TcpStream::connect(address));
            match attempt.await {
                Ok(connected) => queue.push(connected.expect("the queue has room")),
                Err(_) => {
                    return Self {
                        address,
                        _listener: listener,
                        _queue: queue,
                    };
                }
            }
        }
        panic!("the listener's queue does not fill up");
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }
}
