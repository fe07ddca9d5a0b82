//! What the product and hyper make of the same answer. The fuzz target `answer` takes this file, too.

use bytes::BytesMut;
use hyper::Method;
use hyper::body::Body as _;

use super::{Framing, Reader};

/// What a reader makes of the bytes of one connection: status, body, and whether the body is whole.
pub type Said = Option<(u16, Vec<u8>, bool)>;

/// As the product reads it, when the bytes come in these parts and then the connection is closed.
pub fn ours(method: &Method, parts: &[&[u8]]) -> Said {
    let mut reader = Reader::new(method);
    let mut data = BytesMut::new();
    let mut found: Option<(u16, Framing)> = None;
    for part in parts {
        let rest = match &found {
            Some(_) => *part,
            None => match reader.take(part).ok()? {
                None => continue,
                Some((head, length)) => {
                    found = Some((head.status.as_u16(), head.framing));
                    &part[length..]
                }
            },
        };
        let (status, framing) = found.as_mut()?;
        if framing.take(rest, &mut data).is_err() {
            return Some((*status, data.to_vec(), false));
        }
    }
    let (status, framing) = found?;
    let whole = framing.is_over() || framing == Framing::UntilClosed;
    Some((status, data.to_vec(), whole))
}

/// As hyper reads it.
pub async fn hypers(method: &Method, bytes: &[u8]) -> Said {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let io = hyper_util::rt::TokioIo::new(near);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::task::spawn_local(connection);
    let request = hyper::Request::builder().method(method).uri("/");
    let request = request.body(String::new()).unwrap();
    let bytes = bytes.to_vec();
    tokio::task::spawn_local(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let _ = far.read(&mut [0; 1024]).await;
        let _ = far.write_all(&bytes).await;
    });
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let mut data = Vec::new();
    loop {
        let next = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx));
        match next.await {
            None => return Some((status, data, true)),
            Some(Err(_)) => return Some((status, data, false)),
            Some(Ok(frame)) => data.extend(frame.into_data().unwrap_or_default()),
        }
    }
}
