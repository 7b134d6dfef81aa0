//! A plain static host on loopback: whole files and ranges, at a pace, counting what it sent; its line can be cut.
//!
//! Shares no code with the product. What it counts is what left it, buffers on the way included: never less than what
//! the learner's side got.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PIECE: usize = 32 << 10;

/// First byte, and the last when it is named.
type Range = (u64, Option<u64>);

/// What the host and its connections share.
struct Shelf {
    root: PathBuf,
    bytes_a_second: u64,
    sent: AtomicU64,
    requests: AtomicU64,
    is_down: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    /// When the line is free again.
    free: Mutex<Instant>,
}

/// The host; it ends with the test.
pub struct StaticHost {
    shelf: Arc<Shelf>,
    address: String,
}

impl StaticHost {
    /// Serves `root`, all connections together at `bytes_a_second`.
    pub fn start(root: &Path, bytes_a_second: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shelf = Arc::new(Shelf {
            root: root.to_owned(),
            bytes_a_second,
            sent: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            open: Mutex::default(),
            free: Mutex::new(Instant::now()),
        });
        let of_host = shelf.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if of_host.is_down.load(Ordering::Relaxed) {
                    let _ = stream.shutdown(Shutdown::Both);
                    continue;
                }
                let shelf = of_host.clone();
                std::thread::spawn(move || shelf.answer_all(&stream));
            }
        });
        Self { shelf, address }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Bytes of bodies that left so far.
    pub fn sent(&self) -> u64 {
        self.shelf.sent.load(Ordering::Relaxed)
    }

    /// Answers begun so far.
    pub fn requests(&self) -> u64 {
        self.shelf.requests.load(Ordering::Relaxed)
    }

    /// Takes the line away or gives it back; open connections end.
    pub fn set_down(&self, is_down: bool) {
        self.shelf.is_down.store(is_down, Ordering::Relaxed);
        for stream in self.shelf.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shelf {
    fn answer_all(&self, stream: &TcpStream) {
        // What waits in buffers when a line is cut was sent for nothing; a real line has little of it.
        let _ = stream.set_nodelay(true);
        self.open.lock().unwrap().push(stream.try_clone().unwrap());
        let mut reader = BufReader::new(stream);
        while let Some((path, range)) = request(&mut reader) {
            if self.answer(stream, &path, range).is_none() {
                break;
            }
        }
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn answer(&self, mut stream: &TcpStream, path: &str, range: Option<Range>) -> Option<()> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let relative = Path::new(path.trim_start_matches('/'));
        let is_plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        let file = File::open(self.root.join(relative))
            .ok()
            .filter(|file| is_plain && file.metadata().is_ok_and(|about| about.is_file()));
        let Some(mut file) = file else {
            return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").ok();
        };
        let size = file.metadata().unwrap().len();
        let (from, to) = match range {
            Some((from, to)) => (from.min(size), to.map_or(size, |to| size.min(to + 1))),
            None => (0, size),
        };
        let head = match range {
            Some(_) => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{size}", to.max(1) - 1),
            None => "200 OK".to_owned(),
        };
        let length = to.saturating_sub(from);
        write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nAccept-Ranges: bytes\r\n\r\n").ok()?;
        file.seek(SeekFrom::Start(from)).unwrap();
        let (mut left, mut piece) = (length, vec![0_u8; PIECE]);
        while left > 0 {
            let n = usize::try_from(left.min(PIECE as u64)).unwrap();
            file.read_exact(&mut piece[..n]).unwrap();
            self.wait_for_turn(n as u64);
            stream.write_all(&piece[..n]).ok()?;
            self.sent.fetch_add(n as u64, Ordering::Relaxed);
            left -= n as u64;
        }
        Some(())
    }

    fn wait_for_turn(&self, bytes: u64) {
        let wait = {
            let mut free = self.free.lock().unwrap();
            let now = Instant::now();
            let begin = (*free).max(now);
            *free = begin + Duration::from_secs_f64(bytes as f64 / self.bytes_a_second as f64);
            begin.saturating_duration_since(now)
        };
        std::thread::sleep(wait);
    }
}

/// Path and range of the next request; `None` at the end of the connection.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, Option<Range>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut range = None;
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Some((path, range)) };
        if name.eq_ignore_ascii_case("range") {
            let (from, to) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
            range = Some((from.parse().ok()?, to.parse().ok()));
        }
    }
}
