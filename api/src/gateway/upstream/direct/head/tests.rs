use super::*;

mod compare;

use compare::{hypers, ours};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// Answers as they come, and as they should not.
fn answers() -> Vec<String> {
    let heads = [
        "content-length: 2\r\n\r\n{}",
        "content-length: 2\r\n\r\n{",
        "content-length: 2\r\n\r\n{}more",
        "content-length: 0\r\n\r\n",
        "content-length: 2, 2\r\n\r\n{}",
        "content-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        "content-length: +2\r\n\r\n{}",
        "content-length: -2\r\n\r\n{}",
        "content-length: 0x2\r\n\r\n{}",
        "content-length: 99999999999999999999\r\n\r\n{}",
        "\r\n{}",
        "connection: close\r\n\r\n{}",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "transfer-encoding: chunked\r\n\r\n2\r\n{",
        "transfer-encoding: chunked\r\n\r\n2\r\n{}x",
        "transfer-encoding: chunked\r\n\r\nx\r\n{}",
        "transfer-encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1 ;c\r\n}\r\n0\r\ntrailer: x\r\n\r\n",
        "transfer-encoding: gzip, Chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: gzip\r\n\r\n{}",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "x: \r\ncontent-length: 2\r\n\r\n{}",
        "x:\u{e9}\r\ncontent-length: 2\r\n\r\n{}",
        "x y: z\r\ncontent-length: 2\r\n\r\n{}",
        "x : z\r\ncontent-length: 2\r\n\r\n{}",
        "x: y\r\n z\r\ncontent-length: 2\r\n\r\n{}",
        "x: y\ncontent-length: 2\n\n{}",
        "content-length: 2\r\n",
        "content-length: 2\r\n\r",
    ];
    let whole = [
        "",
        "\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ];
    let heads = heads.iter().map(|rest| format!("{OK}{rest}"));
    heads.chain(whole.map(str::to_owned)).collect()
}

#[actix_web::test]
async fn answers_are_read_as_hyper_reads_them_however_they_are_cut() {
    for method in [Method::POST, Method::HEAD] {
        for answer in answers() {
            let bytes = answer.as_bytes();
            let expected = hypers(&method, bytes).await;
            let whole = ours(&method, &[bytes]);
            assert_eq!(whole, expected, "{method} {answer:?}");
            for cut in 0..=bytes.len() {
                let parts = [&bytes[..cut], &bytes[cut..]];
                assert_eq!(ours(&method, &parts), whole, "{answer:?} cut at {cut}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(ours(&method, &single), whole, "{answer:?} byte by byte");
        }
    }
}

fn read(text: &str) -> Head {
    let read = Reader::new(&Method::POST).take(text.as_bytes());
    read.unwrap().unwrap().0
}

#[test]
fn connection_is_kept_when_both_sides_want_it_and_the_end_of_the_answer_is_certain() {
    let kept = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.0 200 OK\r\nconnection: x, Keep-Alive\r\ncontent-length: 2\r\n\r\n",
    ];
    let closed = [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: x, Close\r\n\r\n",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n",
    ];
    for text in kept {
        assert!(read(text).keeps, "{text}");
    }
    for text in closed {
        assert!(!read(text).keeps, "{text}");
    }
}

#[test]
fn headers_come_in_order_with_every_value() {
    let head = read("HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nx-a: 1\r\nX-A:2  \r\nempty:\r\n\r\n");
    assert_eq!(head.status, 429);
    assert_eq!(head.headers["retry-after"], "3");
    assert_eq!(head.headers["empty"], "");
    let all: Vec<_> = head.headers.get_all("x-a").iter().collect();
    assert_eq!(all, ["1", "2"]);
}

#[test]
fn endless_heads_are_given_up() {
    let line = "x: 0123456789\r\n";
    let one_by_one = |piece: &str, begin: &str| {
        let mut reader = Reader::new(&Method::POST);
        let mut taken = 0;
        let mut next = begin;
        while reader.take(next.as_bytes()).is_ok() {
            taken += next.len();
            assert!(taken <= MAX_HEAD, "it is still being read");
            next = piece;
        }
    };
    one_by_one(line, OK);
    one_by_one("x", OK);
    one_by_one("HTTP/1.1 100 Continue\r\n\r\n", "");
    let many = format!("{OK}{}\r\n", line.repeat(MAX_HEADERS + 1));
    assert!(Reader::new(&Method::POST).take(many.as_bytes()).is_err());
    let long = format!("{OK}x: {}\r\n\r\n", "y".repeat(MAX_HEAD));
    assert!(Reader::new(&Method::POST).take(long.as_bytes()).is_err());
}

#[test]
fn other_protocols_are_told_at_once() {
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail ESMTP\r\n",
        "\x16\x03\x01",
        "{}",
    ] {
        let read = Reader::new(&Method::POST).take(text.as_bytes());
        assert_eq!(read.unwrap_err(), NOT_HTTP, "{text:?}");
    }
    let switched = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n";
    assert!(
        Reader::new(&Method::POST)
            .take(switched.as_bytes())
            .is_err()
    );
}

#[test]
fn request_says_how_long_its_body_is() {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("backend:8000"));
    headers.append("x-a", HeaderValue::from_static("1"));
    headers.append("x-a", HeaderValue::from_static("2"));
    let text = |method, length| {
        let head = write(&method, "/v1/x", &headers, length);
        String::from_utf8(head.to_vec()).unwrap()
    };
    let common = "/v1/x HTTP/1.1\r\nhost: backend:8000\r\nx-a: 1\r\nx-a: 2\r\n";
    assert_eq!(text(Method::GET, 0), format!("GET {common}\r\n"));
    assert_eq!(
        text(Method::POST, 12),
        format!("POST {common}content-length: 12\r\n\r\n")
    );
    assert_eq!(
        text(Method::POST, 0),
        format!("POST {common}content-length: 0\r\n\r\n")
    );
}
