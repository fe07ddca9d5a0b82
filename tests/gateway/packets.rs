//! Small packets go out at once. A kernel that may gather them (Nagle's algorithm) holds each back until the one before is acknowledged,
//! which a client's kernel does only after 40 ms (delayed acknowledgement): a stream would stutter.
//!
//! That this is so at the backend's side too is asserted beside the connector, `gateway/upstream/direct/tests.rs`.

use std::time::{Duration, Instant};

use rustix::net::sockopt::set_tcp_quickack;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{CHAT, GROUP, Pair, streamed_chat};
use crate::support::upstream::healthy::{content_event, role_event};
use crate::support::upstream::{Gate, Reply};
use crate::support::wait::soon;

const ROUNDS: usize = 15;
/// Between two events of a pair, so that they are not sent together.
const APART: Duration = Duration::from_millis(5);
/// Well below the time that a kernel takes to acknowledge.
const STUTTER: Duration = Duration::from_millis(25);

/// Reads until this has come.
async fn read_until(stream: &mut TcpStream, received: &mut String, what: &str) {
    // A kernel falls back to acknowledging at once now and then.
    set_tcp_quickack(&*stream, false).unwrap();
    let mut buffer = [0; 4096];
    while !received.contains(what) {
        let read = soon(what, stream.read(&mut buffer)).await.unwrap();
        assert!(read > 0, "{what} never came: {received}");
        received.push_str(&String::from_utf8_lossy(&buffer[..read]));
        set_tcp_quickack(&*stream, false).unwrap();
    }
}

#[tokio::test]
async fn events_are_not_held_back_until_the_ones_before_are_acknowledged() {
    let pair = Pair::start().await;
    let gates: Vec<Gate> = (0..ROUNDS).map(|_| Gate::closed()).collect();
    let mut reply = Reply::events([role_event(), content_event("begin")]);
    for (round, gate) in gates.iter().enumerate() {
        reply = reply
            .then_hold(gate)
            .then_events([content_event(&format!("{round} first"))])
            .then_pause(APART)
            .then_events([content_event(&format!("{round} second"))]);
    }
    pair.first.next(reply.then_hang());
    let mut stream = TcpStream::connect(pair.app.address()).await.unwrap();
    let body = streamed_chat(GROUP).to_string();
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        pair.app.address(),
        pair.caller.bearer(),
        body.len(),
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = String::new();
    read_until(&mut stream, &mut received, "begin").await;
    let mut gaps = Vec::new();
    for (round, gate) in gates.iter().enumerate() {
        gate.open();
        read_until(&mut stream, &mut received, &format!("{round} first")).await;
        let first = Instant::now();
        read_until(&mut stream, &mut received, &format!("{round} second")).await;
        gaps.push(first.elapsed());
    }
    gaps.sort();
    // A busy machine may hold some back, but not most.
    let usual = gaps[ROUNDS / 2];
    assert!(usual < STUTTER, "{gaps:?}");
}
