//! An answer means the same however its bytes are cut, and the same as hyper takes it for.
#![no_main]

use hyper::Method;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use understudy_api::gateway::upstream::direct::framing::Framing;
use understudy_api::gateway::upstream::direct::head::Reader;

#[path = "../../api/src/gateway/upstream/direct/head/tests/compare.rs"]
mod compare;

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (head, cut, bytes) = input;
    let method = if head { Method::HEAD } else { Method::POST };
    let whole = compare::ours(&method, &[bytes]);
    let cut = usize::from(cut).min(bytes.len());
    assert_eq!(compare::ours(&method, &[&bytes[..cut], &bytes[cut..]]), whole);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(compare::ours(&method, &single), whole);
    let runtime = Builder::new_current_thread().build().unwrap();
    let expected = LocalSet::new().block_on(&runtime, compare::hypers(&method, bytes));
    assert_eq!(whole, expected);
});
