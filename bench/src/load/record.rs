//! What one connection notes down.

use std::time::Duration;

use tokio::time::Instant;

use super::Window;

/// The end of a complete stream.
const DONE: &[u8] = b"data: [DONE]\n\n";

/// What happened within the window. Every single time is kept: a run is short, and percentiles of buckets are not percentiles.
#[derive(Debug, Default)]
pub struct Record {
    /// Questions that were answered.
    pub answered: u64,
    /// Questions that were not.
    pub errors: u64,
    /// Why the first of these was not.
    pub failure: Option<String>,
    /// Times to the end of the answer.
    pub latencies: Vec<Duration>,
    /// Events of streams.
    pub events: u64,
    /// Times to the first event of a stream.
    pub first_events: Vec<Duration>,
    /// Times between the events of a stream.
    pub gaps: Vec<Duration>,
}

impl Record {
    /// Notes an answer.
    pub fn answer(&mut self, latency: Duration) {
        self.answered += 1;
        self.latencies.push(latency);
    }

    /// Notes that there was none.
    pub fn fail(&mut self, why: String) {
        self.errors += 1;
        self.failure.get_or_insert(why);
    }

    /// Takes in what another connection noted.
    pub fn add(&mut self, mut other: Self) {
        self.answered += other.answered;
        self.errors += other.errors;
        self.failure = self.failure.take().or(other.failure);
        self.latencies.append(&mut other.latencies);
        self.events += other.events;
        self.first_events.append(&mut other.first_events);
        self.gaps.append(&mut other.gaps);
    }
}

/// The events of one stream.
#[derive(Debug)]
pub struct Events {
    window: Window,
    start: Instant,
    last: Option<Instant>,
    first: Option<Duration>,
    gaps: Vec<Duration>,
    counted: u64,
    tail: Vec<u8>,
}

impl Events {
    /// A stream that was asked for at `start`.
    pub fn new(start: Instant, window: Window) -> Self {
        Self {
            window,
            start,
            last: None,
            first: None,
            gaps: Vec::new(),
            counted: 0,
            tail: Vec::with_capacity(DONE.len()),
        }
    }

    /// Looks at a piece of the body; events may be cut anywhere.
    pub fn see(&mut self, piece: &[u8]) {
        let mut before = self.tail.last().copied();
        let mut ended = 0;
        for byte in piece {
            ended += u64::from(*byte == b'\n' && before == Some(b'\n'));
            before = Some(*byte);
        }
        self.keep_tail(piece);
        if ended == 0 {
            return;
        }
        let now = Instant::now();
        if self.window.contains(now) {
            self.counted += ended;
            match self.last {
                Some(last) => self.gaps.push(now - last),
                None => self.first = Some(now - self.start),
            }
        }
        self.last = Some(now);
    }

    /// Notes the stream down; one that did not end with `[DONE]` is an error.
    pub fn finish(self, record: &mut Record) -> Result<(), String> {
        record.events += self.counted;
        record.first_events.extend(self.first);
        record.gaps.extend(self.gaps);
        if self.tail == DONE {
            Ok(())
        } else {
            Err("a stream ended without [DONE]".to_owned())
        }
    }

    fn keep_tail(&mut self, piece: &[u8]) {
        let kept = &piece[piece.len().saturating_sub(DONE.len())..];
        let excess = (self.tail.len() + kept.len()).saturating_sub(DONE.len());
        self.tail.drain(..excess);
        self.tail.extend_from_slice(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(body: &[u8], cut: usize) -> (Record, Result<(), String>) {
        let start = Instant::now();
        let end = start + Duration::from_secs(60);
        let mut events = Events::new(start, Window { start, end });
        for piece in body.chunks(cut) {
            events.see(piece);
        }
        let mut record = Record::default();
        let result = events.finish(&mut record);
        (record, result)
    }

    #[test]
    fn events_are_counted_however_they_are_cut() {
        for cut in 1..40 {
            let (record, result) = watch(b"data: a\n\ndata: {\"b\": 1}\n\ndata: [DONE]\n\n", cut);
            assert_eq!((record.events, result), (3, Ok(())), "cut at {cut}");
            assert_eq!(record.first_events.len(), 1);
        }
    }

    #[test]
    fn a_torn_stream_is_an_error() {
        let (record, result) = watch(b"data: a\n\ndata: b\n\n", 5);
        assert_eq!(record.events, 2);
        assert!(result.is_err());
    }
}
