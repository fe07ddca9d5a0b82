//! One connection: reads requests, keeps them, plays replies, and notices when the client leaves in between.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::sleep;

use super::Shared;
use super::healthy;
use super::record::Recorded;
use super::reply::{End, Framing, Reply, Step};

/// Serves a connection until either side ends it.
pub async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // A test looks at what was recorded, not at how a connection broke that should break.
    let _ = converse(stream, &shared).await;
}

async fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    let mut received = Vec::new();
    while let Some(request) = read_request(&mut reader, &mut received, &mut writer).await? {
        let reply = shared.reply_to(&request);
        let index = shared.keep(request);
        let end = reply.end;
        tokio::select! {
            // A reply whose last byte is out is complete, even when the client leaves in the same moment.
            biased;
            played = play(&mut writer, reply) => {
                if played.is_err() {
                    shared.client_left(index);
                }
                played?;
            }
            () = departure(&mut reader, &mut received) => {
                shared.client_left(index);
                return Ok(());
            }
        }
        match end {
            End::Complete => {}
            End::Close => return Ok(()),
            End::Reset => {
                let stream = reader.reunite(writer).map_err(io::Error::other)?;
                return stream.set_zero_linger();
            }
            End::Hang => unreachable!("a hanging reply ends with its client"),
        }
    }
    Ok(())
}

impl Shared {
    fn reply_to(&self, request: &Recorded) -> Reply {
        let mut script = self.script.lock().unwrap();
        let told = if request.method == "GET" {
            let page = script
                .pages
                .iter()
                .find(|(path, _)| *path == request.target);
            let told = match request.target.rsplit_once('/') {
                _ if page.is_some() => page.map(|(_, reply)| reply),
                Some((_, "models")) => script.models.as_ref(),
                Some((_, "health")) => script.health.as_ref(),
                _ => None,
            };
            told.cloned()
        } else {
            script.next.pop_front().or_else(|| script.always.clone())
        };
        told.unwrap_or_else(|| healthy::reply(&self.name, request))
    }

    fn keep(&self, request: Recorded) -> usize {
        let mut index = 0;
        self.record.send_modify(|record| {
            index = record.len();
            record.push(request);
        });
        index
    }

    fn client_left(&self, index: usize) {
        self.record
            .send_modify(|record| record[index].left_at = Some(Instant::now()));
    }
}

/// Returns when the client has closed its side. What it sends meanwhile is kept for the next request.
async fn departure(reader: &mut OwnedReadHalf, received: &mut Vec<u8>) {
    while reader.read_buf(received).await.is_ok_and(|read| read > 0) {}
}

async fn play(writer: &mut OwnedWriteHalf, reply: Reply) -> io::Result<()> {
    for step in &reply.before_head {
        take(writer, step, false).await?;
    }
    let chunked = matches!(reply.framing, Framing::Chunked);
    writer.write_all(head(&reply).as_bytes()).await?;
    for step in &reply.body {
        take(writer, step, chunked).await?;
    }
    match reply.end {
        End::Complete if chunked => writer.write_all(b"0\r\n\r\n").await,
        End::Hang => std::future::pending().await,
        End::Complete | End::Close | End::Reset => Ok(()),
    }
}

async fn take(writer: &mut OwnedWriteHalf, step: &Step, chunked: bool) -> io::Result<()> {
    match step {
        Step::Send(bytes) if bytes.is_empty() => {}
        Step::Send(bytes) if chunked => {
            let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
            chunk.extend_from_slice(bytes);
            chunk.extend_from_slice(b"\r\n");
            writer.write_all(&chunk).await?;
        }
        Step::Send(bytes) => writer.write_all(bytes).await?,
        Step::Pause(time) => sleep(*time).await,
        Step::Hold(gate) => gate.passed().await,
    }
    Ok(())
}

fn head(reply: &Reply) -> String {
    let framing = match reply.framing {
        Framing::Raw => return String::new(),
        Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
        Framing::Length(length) => {
            let length = length.unwrap_or_else(|| {
                let sent = |step: &Step| match step {
                    Step::Send(bytes) => bytes.len(),
                    Step::Pause(_) | Step::Hold(_) => 0,
                };
                reply.body.iter().map(sent).sum()
            });
            format!("content-length: {length}\r\n")
        }
    };
    let headers: String = reply
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!(
        "HTTP/1.1 {} Scripted\r\n{headers}{framing}\r\n",
        reply.status
    )
}

async fn read_request(
    reader: &mut OwnedReadHalf,
    received: &mut Vec<u8>,
    writer: &mut OwnedWriteHalf,
) -> io::Result<Option<Recorded>> {
    let head = loop {
        if let Some(end) = find(received, b"\r\n\r\n") {
            let head: Vec<u8> = received.drain(..end + 4).collect();
            break String::from_utf8_lossy(&head).into_owned();
        }
        if reader.read_buf(received).await? == 0 {
            return Ok(None);
        }
    };
    let mut words = head.split_whitespace();
    let mut request = Recorded {
        method: words.next().unwrap_or_default().to_owned(),
        target: words.next().unwrap_or_default().to_owned(),
        head: head.clone(),
        body: Vec::new(),
        left_at: None,
    };
    if request.header("expect").is_some() {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    request.body = if request.header("transfer-encoding").is_some() {
        read_chunks(reader, received).await?
    } else {
        let length = request.header("content-length").map_or(Ok(0), str::parse);
        take_bytes(reader, received, length.map_err(io::Error::other)?).await?
    };
    Ok(Some(request))
}

async fn read_chunks(reader: &mut OwnedReadHalf, received: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            match find(received, b"\r\n") {
                Some(end) => break received.drain(..end + 2).collect::<Vec<u8>>(),
                None if reader.read_buf(received).await? == 0 => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                None => {}
            }
        };
        let size = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        let chunk = take_bytes(reader, received, size + 2).await?;
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(&chunk[..size]);
    }
}

async fn take_bytes(
    reader: &mut OwnedReadHalf,
    received: &mut Vec<u8>,
    count: usize,
) -> io::Result<Vec<u8>> {
    while received.len() < count {
        if reader.read_buf(received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(received.drain(..count).collect())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|w| w == needle)
}
