//! Kept connections, against a backend of a few lines that counts what comes.

use std::net::SocketAddr;

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

fn question() -> Request<Pieces> {
    let mut request = Request::post("/v1/x").header("host", "backend");
    request = request.header("content-type", "application/json");
    request.body(Bytes::from_static(b"{}").into()).unwrap()
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

async fn whole(answered: Result<(Response<()>, Body), NoAnswer>) -> Bytes {
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
    let ask = || async { whole(way.send(question()).await).await };
    let answers = futures_util::future::join3(ask(), ask(), ask()).await;
    assert_eq!(answers.0, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 3);
    drop(connections.recv().await);
    // The backend's side has closed; this side is told by the system.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask().await, "{}");
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
    assert_eq!(whole(way.send(question()).await).await, "{}");
    assert_eq!(way.pool.idle.borrow().len(), 1);
    drop(way.send(question()).await.unwrap());
    assert_eq!(way.pool.idle.borrow().len(), 1, "nothing more was to come");
    let (_, mut body) = way.send(question()).await.unwrap();
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
    assert_eq!(whole(way.send(question()).await).await, "{}");
    let closed = tokio::time::timeout(POOL_IDLE * 3, backend);
    closed.await.unwrap().unwrap();
    assert_eq!(way.pool.idle.borrow().len(), 0);
}

#[actix_web::test]
async fn small_packets_go_out_at_once() {
    let (listener, address) = listener().await;
    let connector = Connector::new(&instance(address), &Arc::default()).unwrap();
    let Connected::Plain(io) = connector.connect().await.unwrap() else {
        panic!("plain http is plain");
    };
    assert!(io.inner().nodelay().unwrap());
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
        let Err(NoAnswer::Connect(fault)) = way.send(question()).await else {
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
