//! A site that refuses: it stands in front of a practice campus and answers chosen calls in the campus's place.
//!
//! What must stay true: every other call reaches the campus as it was sent; a chosen call reaches it too when the
//! refusal comes after the deed; every call is counted, so that a doubled one is seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How a chosen call is answered.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Function name, or `webservice/upload.php`.
    pub function: String,
    /// Stands in the call: `field=value`, or part of its body.
    pub needle: String,
    /// The answer as it goes over the wire; nothing cuts the line.
    pub answer: Vec<u8>,
    /// The campus does what was asked before the answer comes.
    pub deed_first: bool,
}

/// The refusing site; closed when dropped.
pub struct Refusing {
    /// Its address.
    pub address: String,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    campus: String,
    plans: Mutex<Vec<Planned>>,
    /// Days by which the site's clock is ahead.
    ahead: AtomicU32,
    /// Needle -> how often its call came.
    came: Mutex<BTreeMap<String, u32>>,
}

impl Drop for Refusing {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Refusing {
    /// Stands in front of the campus at `site`.
    pub async fn start(site: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let campus = site.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared {
            campus,
            plans: Mutex::default(),
            ahead: AtomicU32::new(0),
            came: Mutex::default(),
        });
        let inner = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&inner);
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        Self { address, shared, task }
    }

    /// Chooses a call.
    pub fn plan(&self, planned: Planned) {
        lock(&self.shared.plans).push(planned);
    }

    /// From now on the campus answers everything itself.
    pub fn lift(&self) {
        lock(&self.shared.plans).clear();
    }

    /// The `Date` of every answer of the campus is so many days ahead.
    pub fn ahead(&self, days: u32) {
        self.shared.ahead.store(days, Ordering::SeqCst);
    }

    /// This call is answered by the campus from now on.
    pub fn lift_one(&self, needle: &str) {
        lock(&self.shared.plans).retain(|p| p.needle != needle);
    }

    /// How often the chosen call came.
    pub fn came(&self, needle: &str) -> u32 {
        lock(&self.shared.came).get(needle).copied().unwrap_or(0)
    }
}

/// A whole request.
struct Asked {
    head: String,
    body: Vec<u8>,
}

impl Asked {
    fn function(&self) -> String {
        let path = self.head.split_whitespace().nth(1).unwrap_or_default();
        if path.ends_with("webservice/upload.php") {
            return "webservice/upload.php".to_owned();
        }
        self.fields().into_iter().find(|(k, _)| k == "wsfunction").map(|(_, v)| v).unwrap_or_default()
    }

    fn fields(&self) -> Vec<(String, String)> {
        let text = String::from_utf8_lossy(&self.body);
        text.split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect()
    }

    fn holds(&self, needle: &str) -> bool {
        match needle.split_once('=') {
            Some((name, value)) => self.fields().iter().any(|(k, v)| k == name && v == value),
            None => String::from_utf8_lossy(&self.body).contains(needle),
        }
    }
}

fn decoded(text: &str) -> String {
    let plain = text.replace('+', " ");
    let mut out = Vec::new();
    let mut bytes = plain.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let pair: Vec<u8> = bytes.by_ref().take(2).collect();
            let digits = String::from_utf8_lossy(&pair).into_owned();
            out.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
        } else {
            out.push(byte);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut raw = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        let got = stream.read(&mut buffer).await.ok()?;
        if got == 0 {
            return None;
        }
        raw.extend_from_slice(buffer.get(..got)?);
        let Some(end) = raw.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(raw.get(..end)?).into_owned();
        let lower = head.to_lowercase();
        let length = lower
            .split("content-length: ")
            .nth(1)
            .and_then(|l| l.split("\r\n").next()?.trim().parse::<usize>().ok())
            .unwrap_or(0);
        let body = raw.get(end + 4..)?;
        if body.len() >= length {
            return Some(Asked { head, body: body.to_vec() });
        }
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) {
    let Some(asked) = read(&mut stream).await else { return };
    let function = asked.function();
    let planned = {
        let plans = lock(&shared.plans);
        plans.iter().find(|p| p.function == function && asked.holds(&p.needle)).cloned()
    };
    let answer = match planned {
        Some(planned) => {
            *lock(&shared.came).entry(planned.needle.clone()).or_default() += 1;
            if planned.deed_first {
                let _ = forward(&asked, &shared.campus).await;
            }
            planned.answer
        }
        None => {
            let answer = forward(&asked, &shared.campus).await.unwrap_or_default();
            dated(answer, shared.ahead.load(Ordering::SeqCst))
        }
    };
    let _ = stream.write_all(&answer).await;
    let _ = stream.flush().await;
}

/// The answer with a clock that is `days` ahead.
fn dated(answer: Vec<u8>, days: u32) -> Vec<u8> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n");
    let Some((head, rest)) = end.filter(|_| days > 0).map(|end| answer.split_at(end)) else { return answer };
    let head = String::from_utf8_lossy(head).into_owned();
    let lines = head.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, date)) if name.eq_ignore_ascii_case("date") => {
            let then = httpdate::parse_http_date(date.trim()).unwrap();
            let then = then + std::time::Duration::from_secs(u64::from(days) * 86_400);
            format!("date: {}", httpdate::fmt_http_date(then))
        }
        _ => line.to_owned(),
    });
    [lines.collect::<Vec<_>>().join("\r\n").as_bytes(), rest].concat()
}

async fn forward(asked: &Asked, campus: &str) -> std::io::Result<Vec<u8>> {
    let mut lines: Vec<&str> = asked.head.split("\r\n").collect();
    lines.retain(|line| !line.to_lowercase().starts_with("connection:"));
    lines.push("Connection: close");
    let mut stream = TcpStream::connect(campus).await?;
    stream.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    stream.write_all(&asked.body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}
