//! Kept connections, against a backend of a few lines that counts what comes.

use std::net::SocketAddr;

use hyper::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use understudy_shared::ModelInstanceId;
use uuid::Uuid;

use super::*;
use crate::domain::model_instance::Connection;
use crate::gateway::egress::{EgressFault, EgressPolicy};
use crate::gateway::testing::connection;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n";

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn instance(address: SocketAddr) -> Connection {
    let mut connection = connection(ModelInstanceId(Uuid::now_v7()), "backend", 0);
    connection.endpoint.port = address.port();
    connection
}

fn way(connection: &Connection, egress: EgressPolicy) -> Direct {
    let connector = Connector::new(connection, &Arc::new(egress)).unwrap();
    Direct::new(connector, &Arc::default())
}

async fn ask(way: &Direct) -> Result<(Head, Body), NoAnswer> {
    let headers = [("host", "backend"), ("content-type", "application/json")];
    let headers = headers.map(|(name, value)| {
        let value = HeaderValue::from_static(value);
        (HeaderName::from_static(name), value)
    });
    let body = Bytes::from_static(b"{}").into();
    let headers = headers.into_iter().collect();
    let target = Uri::from_static("/v1/x");
    way.send(Method::POST, &target, &headers, body).await
}

/// Waits for a whole request; whether there was one.
async fn asked(stream: &mut TcpStream) -> bool {
    let mut text = Vec::new();
    while !text.ends_with(b"{}") {
        if stream.read_buf(&mut text).await.unwrap_or(0) == 0 {
            return false;
        }
    }
    true
}

async fn whole(answered: Result<(Head, Body), NoAnswer>) -> Bytes {
    let (_, mut body) = answered.unwrap();
    let mut whole = Vec::new();
    while let Some(piece) = body.chunk().await.unwrap() {
        whole.extend_from_slice(&piece);
    }
    whole.into()
}

#[actix_web::test]
async fn kept_connections_that_were_closed_meanwhile_are_passed_over_and_the_request_is_sent_once()
{
    let (listener, address) = listener().await;
    let (told, mut connections) = mpsc::unbounded_channel();
    let backend = actix_web::rt::spawn(async move {
        // Three connections, one request each, all closed at once; then one that answers.
        let mut open = Vec::new();
        for _ in 0..3 {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(asked(&mut stream).await);
            open.push(stream);
        }
        for stream in &mut open {
            stream.write_all(ANSWER).await.unwrap();
        }
        told.send(open).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(asked(&mut stream).await);
        stream.write_all(ANSWER).await.unwrap();
        assert!(!asked(&mut stream).await, "and no other request came");
    });
    let way = way(&instance(address), EgressPolicy::default());
    let asked = || async { whole(ask(&way).await).await };
    let answers = futures_util::future::join3(asked(), asked(), asked()).await;
    assert_eq!(answers.0, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 3);
    drop(connections.recv().await);
    // The backend's side has closed; this side is told by the system.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(asked().await, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 1, "the closed ones are gone");
    drop(way);
    backend.await.unwrap();
}

#[actix_web::test]
async fn connection_is_kept_only_when_its_answer_was_read_or_had_come() {
    let (listener, address) = listener().await;
    let backend = actix_web::rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in [ANSWER, ANSWER, ENDLESS] {
            assert!(asked(&mut stream).await);
            stream.write_all(answer).await.unwrap();
        }
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"");
    });
    let way = way(&instance(address), EgressPolicy::default());
    assert_eq!(whole(ask(&way).await).await, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 1);
    drop(ask(&way).await.unwrap());
    assert_eq!(way.pool.idle.borrow().len(), 1, "nothing more was to come");
    let (_, mut body) = ask(&way).await.unwrap();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "{}");
    drop(body);
    assert_eq!(way.pool.idle.borrow().len(), 0);
    // The backend sees the end of the connection while the way is still there.
    let closed = tokio::time::timeout(Duration::from_secs(10), backend);
    closed.await.unwrap().unwrap();
}

#[actix_web::test]
async fn connections_that_nobody_needs_are_closed() {
    let (listener, address) = listener().await;
    let backend = actix_web::rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(asked(&mut stream).await);
        stream.write_all(ANSWER).await.unwrap();
        assert!(!asked(&mut stream).await);
    });
    let way = way(&instance(address), EgressPolicy::default());
    assert_eq!(whole(ask(&way).await).await, "{}");
    let closed = tokio::time::timeout(POOL_IDLE * 3, backend);
    closed.await.unwrap().unwrap();
    assert_eq!(way.pool.idle.borrow().len(), 0);
}

#[actix_web::test]
async fn small_packets_go_out_at_once() {
    let (listener, address) = listener().await;
    let connector = Connector::new(&instance(address), &Arc::default()).unwrap();
    let Io::Plain(io) = connector.connect().await.unwrap() else {
        panic!("plain http is plain");
    };
    assert!(io.nodelay().unwrap());
    drop(listener);
}

#[actix_web::test]
async fn every_address_is_checked_when_the_connection_is_made() {
    let (_listener, address) = listener().await;
    for host in ["localhost", "127.0.0.1"] {
        let mut connection = instance(address);
        connection.endpoint.host = host.to_owned();
        let loopback = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let way = way(
            &connection,
            EgressPolicy::new(loopback, Vec::new(), Vec::new()),
        );
        let Err(NoAnswer::Connect(fault)) = ask(&way).await else {
            panic!("{host} was reached");
        };
        let mut causes =
            std::iter::successors(Some(&*fault as &(dyn std::error::Error + 'static)), |e| {
                e.source()
            });
        assert!(
            causes.any(|cause| cause.is::<EgressFault>()),
            "{host}: {fault:?}"
        );
    }
}

#[actix_web::test]
async fn answer_to_half_a_request_is_an_answer_and_the_connection_is_not_kept() {
    let (listener, address) = listener().await;
    let backend = actix_web::rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let refusal = b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(refusal).await.unwrap();
        // Not a byte of the request is read until it is over, so most of it is never sent.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map(|_| rest.len())
    });
    let way = way(&instance(address), EgressPolicy::default());
    let large = vec![Bytes::from(vec![b' '; 8 << 20]), Bytes::from_static(b"{}")];
    let (target, headers) = (Uri::from_static("/v1/x"), HeaderMap::new());
    let sent = way.send(Method::POST, &target, &headers, large.into());
    let (head, mut body) = sent.await.unwrap();
    assert_eq!(head.status, 413);
    assert_eq!(body.chunk().await.unwrap().unwrap(), "{}");
    assert_eq!(body.chunk().await.unwrap(), None);
    assert_eq!(way.pool.idle.borrow().len(), 0);
    let closed = tokio::time::timeout(Duration::from_secs(10), backend);
    let got = closed.await.unwrap().unwrap();
    assert!(got.is_err() || got.is_ok_and(|bytes| bytes < 8 << 20));
}

#[actix_web::test]
async fn large_request_in_pieces_arrives_whole() {
    let (listener, address) = listener().await;
    let pieces: Vec<Bytes> = (0..40_u8)
        .map(|n| vec![b'a' + n % 26; 100_000].into())
        .collect();
    let expected = pieces.concat();
    let backend = actix_web::rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut came = Vec::new();
        while !came.ends_with(&[b'n'; 100_000]) || came.len() < 4_000_000 {
            assert_ne!(stream.read_buf(&mut came).await.unwrap(), 0);
        }
        stream.write_all(ANSWER).await.unwrap();
        came
    });
    let way = way(&instance(address), EgressPolicy::default());
    let (target, headers) = (Uri::from_static("/v1/x?y=z"), HeaderMap::new());
    let sent = way.send(Method::POST, &target, &headers, pieces.into());
    assert_eq!(whole(sent.await).await, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 1);
    let came = backend.await.unwrap();
    let end = came
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let head = std::str::from_utf8(&came[..end]).unwrap();
    assert_eq!(
        head,
        "POST /v1/x?y=z HTTP/1.1\r\ncontent-length: 4000000\r\n\r\n"
    );
    assert!(came[end..] == expected, "the body came as it was sent");
}

#[actix_web::test]
async fn what_comes_behind_an_answer_is_nobodys_and_ends_the_connection() {
    let (listener, address) = listener().await;
    let backend = actix_web::rt::spawn(async move {
        for more in ["HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlies", ""] {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(asked(&mut stream).await);
            let answer = [ANSWER, more.as_bytes()].concat();
            stream.write_all(&answer).await.unwrap();
            assert!(!asked(&mut stream).await, "no other request comes over it");
            if more.is_empty() {
                return;
            }
        }
    });
    let way = way(&instance(address), EgressPolicy::default());
    assert_eq!(whole(ask(&way).await).await, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 0);
    assert_eq!(whole(ask(&way).await).await, "{}");
    drop(way);
    backend.await.unwrap();
}

#[actix_web::test]
async fn unasked_word_on_a_kept_connection_answers_nobody() {
    let (listener, address) = listener().await;
    let (told, mut spoken) = mpsc::unbounded_channel();
    let backend = actix_web::rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(asked(&mut stream).await);
        stream.write_all(ANSWER).await.unwrap();
        let (mut next, _) = {
            told.send(()).unwrap();
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlies")
                .await
                .unwrap();
            told.send(()).unwrap();
            listener.accept().await.unwrap()
        };
        assert!(asked(&mut next).await);
        next.write_all(ANSWER).await.unwrap();
        assert!(!asked(&mut next).await);
    });
    let way = way(&instance(address), EgressPolicy::default());
    assert_eq!(whole(ask(&way).await).await, "{}");
    spoken.recv().await;
    spoken.recv().await;
    // This side is told by the system.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(whole(ask(&way).await).await, "{}");
    drop(way);
    backend.await.unwrap();
}
