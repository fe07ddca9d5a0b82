//! Answers without an end, of every kind that HTTP knows: each is given up on in time, the next instance answers, and the service
//! stays small.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::{Pair, assert_answered};
use crate::support::upstream::Reply;
use crate::support::upstream::healthy::content_event;

const MIB: usize = 1024 * 1024;
/// Memory that a hostile answer may cost beyond what the service has anyway.
const ROOM: u64 = 64 * 1024 * 1024;

fn ok(kind: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n")
}

/// A reply whose bytes are repeated until the reader has enough of them.
fn endless(begin: impl Into<Vec<u8>>, piece: &[u8], times: usize) -> Reply {
    let block = piece.repeat((64 * 1024 / piece.len()).max(1));
    let blocks = (piece.len() * times).div_ceil(block.len());
    let begun = Reply::raw(begin);
    (0..blocks).fold(begun, |reply, _| reply.then_send(block.clone()))
}

/// Asks both ways; the first instance is hostile each time.
async fn assert_second_answers(pair: &Pair, reply: &Reply) {
    let before = pair.app.resident();
    let asked = Instant::now();
    pair.first.next(reply.clone());
    assert_answered(&pair.ask().await, "second", 2);
    pair.first.next(reply.clone());
    assert_answered(&pair.ask_streamed().await, "second", 2);
    assert!(
        asked.elapsed() < Duration::from_secs(18),
        "{:?}",
        asked.elapsed()
    );
    let grown = pair.app.resident().saturating_sub(before);
    assert!(grown < ROOM, "{} MiB more", grown / 1024 / 1024);
    // A good answer in between, so that the failures are not in a row.
    assert_answered(&pair.ask().await, "first", 1);
}

async fn pair() -> Pair {
    let limits = json!({"timeouts": {"first_byte_ms": 4000, "idle_ms": 4000, "total_ms": 5000}});
    Pair::with(limits, json!({})).await
}

#[tokio::test]
async fn second_instance_answers_when_firsts_head_has_no_end_in_any_way() {
    let pair = pair().await;
    let line = format!("x-filler: {}\r\n", "x".repeat(1000));
    for reply in [
        endless(ok("application/json"), line.as_bytes(), 20_000),
        // One that is never complete, many that are small, and a line that is none.
        endless(
            format!("{}x-long: ", ok("application/json")),
            &[b'x'; 1024],
            20_000,
        ),
        Reply::raw(format!(
            "{}{}\r\n{{}}",
            ok("application/json"),
            "a: b\r\n".repeat(10_000)
        )),
        endless("HTTP/1.1 200 ", &[b'x'; 1024], 20_000),
    ] {
        assert_second_answers(&pair, &reply).await;
    }
}

#[tokio::test]
async fn second_instance_answers_when_first_never_comes_to_its_final_head() {
    let pair = pair().await;
    let mut slow = Reply::raw("");
    for _ in 0..400 {
        slow = slow
            .then_send("HTTP/1.1 102 Processing\r\n\r\n")
            .then_pause(Duration::from_millis(50));
    }
    assert_second_answers(&pair, &slow).await;
    let fast = endless(
        "",
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n",
        500_000,
    );
    assert_second_answers(&pair, &fast.then_hang()).await;
}

#[tokio::test]
async fn second_instance_answers_when_firsts_trailers_or_chunk_sizes_have_no_end() {
    let pair = pair().await;
    let chunked = format!(
        "{}transfer-encoding: chunked\r\n\r\n",
        ok("application/json")
    );
    let body = json!({"choices": [{"message": {"content": "hello from first"}}]}).to_string();
    let begun = format!("{chunked}{:x}\r\n{body}\r\n0\r\n", body.len());
    for reply in [
        endless(
            begun,
            format!("x-filler: {}\r\n", "x".repeat(1000)).as_bytes(),
            20_000,
        ),
        endless(format!("{chunked}5;x="), &[b'x'; 1024], 20_000),
        endless(chunked, &[b'0'; 1024], 20_000),
    ] {
        pair.first.next(reply);
        assert_answered(&pair.ask().await, "second", 2);
        assert_answered(&pair.ask().await, "first", 1);
    }
}

#[tokio::test]
async fn line_of_a_hundred_mib_is_given_up_on() {
    let pair = pair().await;
    let before = pair.app.resident();
    let head = format!("{}connection: close\r\n\r\n", ok("text/event-stream"));
    for begin in [
        "data: ",
        ": ",
        "data: {\"choices\":[{\"delta\":{\"content\":\"",
        "\u{feff}",
    ] {
        pair.first
            .next(endless(format!("{head}{begin}"), &[b'x'; 1024], 100 * 1024));
        assert_answered(&pair.ask_streamed().await, "second", 2);
        assert_answered(&pair.ask_streamed().await, "first", 1);
    }
    // After the commit a line is bounded, too: the caller hears that the answer broke off.
    let begun = format!("{head}data: {}\n\ndata: ", content_event("half an "));
    pair.first.next(endless(begun, &[b'x'; 1024], 100 * 1024));
    let answer = pair.ask_streamed().await.expect(200);
    assert!(answer.body.len() < MIB, "{} bytes", answer.body.len());
    let last = answer.events().pop().unwrap();
    assert_eq!(last.error_code().as_deref(), Some("stream_interrupted"));
    let grown = pair.app.resident().saturating_sub(before);
    assert!(grown < ROOM, "{} MiB more", grown / 1024 / 1024);
}

#[tokio::test]
async fn compressed_answer_is_neither_asked_for_nor_unpacked() {
    let pair = pair().await;
    let before = pair.app.resident();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let zeroes = vec![b' '; MIB];
    for _ in 0..512 {
        packed.write_all(&zeroes).unwrap();
    }
    let bomb = packed.finish().unwrap();
    assert!(bomb.len() < MIB, "half a gibibyte in {} bytes", bomb.len());
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        for kind in ["application/json", "text/event-stream"] {
            let reply = Reply::body(200, kind, bomb.clone()).header("content-encoding", encoding);
            pair.first.next(reply.clone());
            assert_answered(&pair.ask().await, "second", 2);
            pair.first.next(reply);
            assert_answered(&pair.ask_streamed().await, "second", 2);
            assert_answered(&pair.ask().await, "first", 1);
        }
    }
    let error = Reply::body(500, "application/json", bomb).header("content-encoding", "gzip");
    pair.first.next(error);
    assert_answered(&pair.ask().await, "second", 2);
    for request in pair.first.requests() {
        let wanted = request.header("accept-encoding");
        assert!(matches!(wanted, None | Some("identity")), "{request:?}");
    }
    let grown = pair.app.resident().saturating_sub(before);
    assert!(grown < ROOM, "{} MiB more", grown / 1024 / 1024);
}
