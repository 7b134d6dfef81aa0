//! A haul over lines that exist only in memory: mirrors that lie, addresses that expire, a program that stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use daypack_app::haul::{Errand, HaulError, Hauled, Place, Progress, ProofOf, haul};
use daypack_app::transfer::{Fault, Limits};
use daypack_course::Digest;
use daypack_course::package::{Chunk, ChunkList};
use daypack_lms::connector::Answering;
use daypack_lms::{Ask, Line, Transport};
use daypack_store::SparseFile;
use tokio_util::sync::CancellationToken;

type Head = daypack_engine::transfer::Head;
type Broke = daypack_engine::transfer::Broke;
/// Answers a question: the head and the body.
type Answer = dyn Fn(&Ask) -> (Head, Vec<u8>) + Send + Sync;

#[derive(Clone)]
struct Memory {
    answer: Arc<Answer>,
    asked: Arc<Mutex<Vec<(String, u64)>>>,
}

struct MemoryLine {
    of: Memory,
    body: std::vec::IntoIter<Bytes>,
    headers: reqwest_headers::HeaderMap,
}

use hyper::header as reqwest_headers;

impl Transport for Memory {
    fn line(&self) -> Box<dyn Line> {
        Box::new(MemoryLine { of: self.clone(), body: Vec::new().into_iter(), headers: Default::default() })
    }
}

impl Line for MemoryLine {
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if ask.anew {
                connected(1);
            }
            self.of.asked.lock().unwrap().push((ask.url.to_string(), ask.from));
            let (head, body) = (self.of.answer)(ask);
            self.body = body.chunks(10_000).map(Bytes::copy_from_slice).collect::<Vec<_>>().into_iter();
            Ok(head)
        })
    }

    fn headers(&self) -> &reqwest_headers::HeaderMap {
        &self.headers
    }

    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.body.next().map(Ok)
        })
    }
}

fn content() -> Vec<u8> {
    (0..700_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn part(bytes: &[u8], ask: &Ask) -> (Head, Vec<u8>) {
    let (from, to) = (ask.from as usize, (ask.to.unwrap() as usize).min(bytes.len()));
    let head = Head {
        status: 206,
        range: Some((from as u64, to as u64)),
        total: Some(bytes.len() as u64),
        validator: Some("\"v\"".into()),
        is_framed: true,
        reply: 1,
        ..Head::default()
    };
    (head, bytes[from..to].to_vec())
}

fn list(bytes: &[u8]) -> ChunkList {
    let chunks =
        bytes.chunks(70_000).map(|b| Chunk { digest: Digest::of(b), length: b.len() as u32 }).collect();
    ChunkList { object: Digest::of(bytes), size: bytes.len() as u64, chunks }
}

fn errand(hosts: &[&str], proof: ProofOf) -> Errand {
    let at = |host: &&str| Place::at(format!("https://{host}.example/f").parse().unwrap());
    Errand {
        limits: Limits { block: 64 << 10, ..Limits::default() },
        seed: 1,
        ..Errand::new(hosts.iter().map(at).collect(), proof)
    }
}

async fn run(
    dir: &std::path::Path,
    memory: &Memory,
    errand: Errand,
    stop: CancellationToken,
    tell: impl FnMut(&Progress) + Send,
) -> Result<Hauled, HaulError> {
    let (file, held) = SparseFile::open(&dir.join("f"), &errand.proof.name()).unwrap();
    haul(Arc::new(memory.clone()), errand, file, held, stop, tell).await
}

fn memory(answer: impl Fn(&Ask) -> (Head, Vec<u8>) + Send + Sync + 'static) -> Memory {
    Memory { answer: Arc::new(answer), asked: Arc::default() }
}

#[tokio::test]
async fn a_mirror_with_wrong_bytes_costs_its_chunks_and_the_file_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let right = content();
    let (good, mut bad) = (right.clone(), right.clone());
    bad.iter_mut().step_by(150_000).for_each(|byte| *byte ^= 1);
    let memory =
        memory(move |ask| part(if ask.url.host_str() == Some("a.example") { &bad } else { &good }, ask));
    let proof = ProofOf::Chunks(Arc::new(list(&right)));
    let done = run(dir.path(), &memory, errand(&["a", "b"], proof), CancellationToken::new(), |_| {}).await;
    // Both were asked; the right bytes won.
    match done {
        Ok(done) => {
            assert_eq!(done.size, right.len() as u64);
            assert!(std::fs::read(dir.path().join("f")).unwrap() == right);
        }
        Err(error) => panic!("{error:?}"),
    }
    let asked = memory.asked.lock().unwrap();
    assert!(
        asked.iter().any(|(url, _)| url.contains("a.ex"))
            && asked.iter().any(|(url, _)| url.contains("b.ex"))
    );
}

#[tokio::test]
async fn an_address_that_expires_in_the_middle_is_asked_for_anew() {
    let dir = tempfile::tempdir().unwrap();
    let right = content();
    let (bytes, times) = (right.clone(), AtomicU32::new(0));
    let memory = memory(move |ask| {
        let is_old = ask.url.query() != Some("sig=2");
        if is_old && times.fetch_add(1, Ordering::Relaxed) >= 3 {
            return (Head { status: 403, reply: 1, ..Head::default() }, Vec::new());
        }
        part(&bytes, ask)
    });
    let mut errand = errand(&["a"], ProofOf::Whole(Digest::of(&right)));
    let refreshed = Arc::new(AtomicU32::new(0));
    let count = refreshed.clone();
    errand.refresh = Some(Arc::new(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        let place = Place::at("https://a.example/f?sig=2".parse().unwrap());
        Box::pin(async move { Some(place) })
    }));
    let done = run(dir.path(), &memory, errand, CancellationToken::new(), |_| {}).await.unwrap();
    assert!(std::fs::read(dir.path().join("f")).unwrap() == right);
    assert_eq!((done.size, refreshed.load(Ordering::Relaxed)), (right.len() as u64, 1));
}

#[tokio::test]
async fn without_a_fresh_address_it_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let memory = memory(|_| (Head { status: 403, reply: 1, ..Head::default() }, Vec::new()));
    let done =
        run(dir.path(), &memory, errand(&["a"], ProofOf::Length), CancellationToken::new(), |_| {}).await;
    assert!(matches!(done, Err(HaulError::Fault(Fault::Refused))), "{done:?}");
}

#[tokio::test]
async fn what_is_stopped_goes_on_from_what_was_noted() {
    let dir = tempfile::tempdir().unwrap();
    let right = content();
    let bytes = right.clone();
    let memory = memory(move |ask| part(&bytes, ask));
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    let count = Mutex::new(0_u64);
    let asked = memory.asked.clone();
    let proof = ProofOf::Whole(Digest::of(&right));
    let slow = Memory {
        answer: Arc::new({
            let answer = memory.answer.clone();
            move |ask| {
                if asked.lock().unwrap().len() >= 4 {
                    stopper.cancel();
                }
                answer(ask)
            }
        }),
        asked: memory.asked.clone(),
    };
    let done =
        run(dir.path(), &slow, errand(&["a"], proof.clone()), stop, |p| *count.lock().unwrap() = p.have)
            .await;
    assert!(matches!(done, Err(HaulError::Stopped)), "{done:?}");
    let have = SparseFile::peek(&dir.path().join("f"), &proof.name()).unwrap();
    assert!(have > 0 && have < right.len() as u64, "{have}");
    let done =
        run(dir.path(), &memory, errand(&["a"], proof), CancellationToken::new(), |_| {}).await.unwrap();
    let of_use = done.progress.received - done.progress.wasted;
    assert_eq!(of_use, right.len() as u64 - have, "nothing is written twice");
    assert!(done.progress.wasted < 64 << 10, "{:?}", done.progress);
    assert!(std::fs::read(dir.path().join("f")).unwrap() == right);
}
