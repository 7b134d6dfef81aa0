//! A static host that counts, and can be slow or lack something; and courses made from a seed to lie on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use daypack_app::App;
use daypack_app::api::input::*;
use daypack_app::api::outline::JobState;
use daypack_course::TimeMs;
use daypack_formats::pack::{self, BuildOptions};
use serde_json::{Value, json};

/// How a host behaves.
#[derive(Clone, Default)]
pub struct Manners {
    /// Each answer waits so long: a round trip.
    pub latency: Duration,
    /// Bytes a second of all answers together; 0 for as fast as can be.
    pub rate: u64,
    /// Paths that begin so are not there.
    pub lacks: Vec<String>,
    /// In every answer below such a path each byte at a multiple of this has a bit wrong.
    pub lies: Option<(String, usize)>,
}

/// What a host was asked and sent.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests and bytes of bodies, by path.
    pub paths: BTreeMap<String, (u32, u64)>,
}

impl Tally {
    /// Requests in all.
    pub fn requests(&self) -> u32 {
        self.paths.values().map(|(n, _)| n).sum()
    }

    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.paths.values().map(|(_, bytes)| bytes).sum()
    }

    /// Requests and bytes below a path.
    pub fn below(&self, path: &str) -> (u32, u64) {
        let found = self.paths.iter().filter(|(name, _)| name.contains(path));
        found.fold((0, 0), |(n, sum), (_, (m, bytes))| (n + m, sum + bytes))
    }
}

/// A running host; it ends when this is dropped.
pub struct Host {
    /// Its address.
    pub address: String,
    tally: Arc<Mutex<Tally>>,
    manners: Arc<Mutex<Manners>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// When the line is free again.
type Line = Arc<Mutex<Instant>>;

impl Host {
    /// Serves the files below `root`.
    pub async fn start(root: &Path, manners: Manners) -> Self {
        Self::start_on("127.0.0.1:0", root, manners).await
    }

    /// The same at a port of this computer; 0 for any.
    pub async fn start_at(root: &Path, manners: Manners, port: u16) -> Self {
        Self::start_on(&format!("127.0.0.1:{port}"), root, manners).await
    }

    /// Serves the files below `root` at this address.
    pub async fn start_on(at: &str, root: &Path, manners: Manners) -> Self {
        let (tally, line) = (Arc::<Mutex<Tally>>::default(), Line::new(Mutex::new(Instant::now())));
        let manners = Arc::new(Mutex::new(manners));
        let (root, log, mind) = (root.to_owned(), tally.clone(), manners.clone());
        let app = axum::Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            let (root, log, line) = (root.clone(), log.clone(), line.clone());
            let manners = mind.lock().unwrap().clone();
            async move { answer(&root, uri.path(), &headers, &log, &line, &manners).await }
        });
        let listener = tokio::net::TcpListener::bind(at).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Self { address, tally, manners, task }
    }

    /// What it was asked since the last time; begins anew.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut self.tally.lock().unwrap())
    }

    /// What it was asked so far.
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap().clone()
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, manners: Manners) {
        *self.manners.lock().unwrap() = manners;
    }
}

async fn answer(
    root: &Path,
    path: &str,
    headers: &HeaderMap,
    log: &Arc<Mutex<Tally>>,
    line: &Line,
    manners: &Manners,
) -> Response<Body> {
    tokio::time::sleep(manners.latency).await;
    let name = path.trim_start_matches('/').to_owned();
    let lacks = manners.lacks.iter().any(|lack| name.contains(lack.as_str()));
    let found = std::fs::File::open(root.join(&name)).ok().filter(|_| !lacks && !name.contains(".."));
    let Some(mut file) = found else {
        log.lock().unwrap().paths.entry(name).or_default().0 += 1;
        return Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap();
    };
    let size = file.metadata().unwrap().len();
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).and_then(|v| {
        let (from, to) = v.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse::<u64>().ok()?, to.parse::<u64>().map_or(size, |to| size.min(to + 1))))
    });
    let (from, to) = range.unwrap_or((0, size));
    if std::env::var_os("DAYPACK_HOST_LOG").is_some() {
        eprintln!("{from:>11}..{to:<11} {name}");
    }
    {
        use std::io::{Seek as _, SeekFrom};
        file.seek(SeekFrom::Start(from)).unwrap();
        log.lock().unwrap().paths.entry(name.clone()).or_default().0 += 1;
    }
    let lie =
        manners.lies.as_ref().filter(|(of, _)| name.contains(of.as_str())).map(|(_, every)| *every as u64);
    let (rate, line) = (manners.rate, line.clone());
    // Counted as it goes out: what nobody takes is not sent.
    let log = (log.clone(), name);
    let body = futures_util::stream::unfold((file, from), move |(mut file, at)| {
        let (line, log) = (line.clone(), log.clone());
        async move {
            use std::io::Read as _;
            if at >= to {
                return None;
            }
            let mut part = vec![0; usize::try_from((to - at).min(32 << 10)).unwrap()];
            file.read_exact(&mut part).ok()?;
            if let Some(every) = lie {
                let first = at.next_multiple_of(every);
                (first..at + part.len() as u64)
                    .step_by(every as usize)
                    .for_each(|n| part[(n - at) as usize] ^= 1);
            }
            if rate > 0 {
                let turn = {
                    let mut free = line.lock().unwrap();
                    *free = (*free).max(Instant::now())
                        + Duration::from_secs_f64(part.len() as f64 / rate as f64);
                    *free
                };
                tokio::time::sleep_until(turn.into()).await;
            }
            let next = at + part.len() as u64;
            log.0.lock().unwrap().paths.entry(log.1).or_default().1 += part.len() as u64;
            Some((Ok::<_, std::io::Error>(Bytes::from(part)), (file, next)))
        }
    });
    let answer = Response::builder().header(header::CONTENT_LENGTH, to.saturating_sub(from));
    let answer = match range {
        Some(_) => answer
            .status(StatusCode::PARTIAL_CONTENT)
            .header(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1))),
        None => answer,
    };
    answer.body(Body::from_stream(body)).unwrap()
}

/// Writes a file of a course folder.
pub fn put(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A reading of a course folder.
pub fn reading(id: &str, path: &str, media_type: &str) -> Value {
    json!({"id": id, "title": id, "kind": "reading", "path": path, "media_type": media_type, "assets": []})
}

/// A lecture of a course folder.
pub fn lecture(id: &str, path: &str) -> Value {
    json!({"id": id, "title": id, "kind": "video", "duration_ms": 10_000,
           "renditions": [{"tier": "standard", "path": path, "media_type": "video/mp4"}]})
}

/// Writes `course.json` around `items` and builds the package into `out`; `mirrors` are signed with it.
pub fn publish(folder: &Path, out: &Path, version: u64, items: &[Value], mirrors: &[String]) {
    let sections: Vec<Value> = items
        .chunks(60)
        .enumerate()
        .map(|(n, items)| json!({"id": format!("s{n}"), "title": format!("Week {n}"), "items": items}))
        .collect();
    let course = json!({
        "format": "daypack-course-folder/1", "id": "made", "title": "Made", "language": "en", "summary": "",
        "licence": "CC0-1.0", "authors": [], "version": version, "sites": {}, "sections": sections,
    });
    put(folder, "course.json", &serde_json::to_vec(&course).unwrap());
    let key = out.with_extension("pem");
    if !key.exists() {
        pack::keygen(&key).unwrap();
    }
    let keys = [pack::load_key(&key).unwrap()];
    let options = BuildOptions {
        keys: &keys,
        sites: &BTreeMap::new(),
        muxer: None,
        mirrors,
        shareable: true,
        now: now(),
    };
    pack::build(folder, out, options).unwrap();
}

/// The computer's clock.
pub fn now() -> TimeMs {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    TimeMs(i64::try_from(since.as_millis()).unwrap())
}

/// Opens the program on a data folder.
pub async fn open(data: &Path) -> App {
    let options = daypack_app::OpenOptions { data_dir: data.to_owned(), ..Default::default() };
    App::open(options).await.unwrap()
}

/// Adds the package at `address` and takes all of it along; its course.
pub async fn take(app: &App, address: &str) -> daypack_course::CourseId {
    let course = app.package_add(address).await.unwrap().course;
    let all = TakeAlong { course: course.clone(), section: None, item: None, tier: None };
    app.take_along(all).await.unwrap();
    course
}

/// Waits until all that is taken along is here.
pub async fn all_here(app: &App, within: Duration) {
    let end = Instant::now() + within;
    loop {
        let jobs = app.jobs(Nothing {}).await.unwrap().jobs;
        if !jobs.is_empty() && jobs.iter().all(|job| job.state == JobState::Done) {
            return;
        }
        assert!(Instant::now() < end, "not here in time: {jobs:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An object's file in a data folder.
pub fn object(data: &Path, digest: &daypack_course::Digest) -> PathBuf {
    let name = digest.to_string();
    data.join("objects").join(&name[..2]).join(&name)
}
