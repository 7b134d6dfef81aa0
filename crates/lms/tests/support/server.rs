//! A small web server that answers as told and remembers every byte it was sent.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What came in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// E.g. `GET /x?y HTTP/1.1` and all headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.head.split_whitespace().nth(1).unwrap_or_default()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.into_owned())
    }

    pub fn function(&self) -> String {
        self.field("wsfunction").unwrap_or_default()
    }
}

/// What goes out.
#[derive(Clone, Debug)]
pub enum Say {
    /// Status, headers, body.
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// As `Whole`, but only this much of the body, then the line is cut.
    Cut(u16, Vec<(String, String)>, Vec<u8>, usize),
    /// As `Cut`, but then silence.
    Silence(u16, Vec<(String, String)>, Vec<u8>, usize),
    /// The line is cut without an answer.
    Nothing,
}

pub fn json(value: &serde_json::Value) -> Say {
    Say::Whole(200, vec![("Content-Type".into(), "application/json".into())], value.to_string().into_bytes())
}

pub fn page(status: u16, body: &str) -> Say {
    Say::Whole(status, vec![("Content-Type".into(), "text/html".into())], body.as_bytes().to_vec())
}

pub fn to(status: u16, location: &str) -> Say {
    Say::Whole(status, vec![("Location".into(), location.into())], Vec::new())
}

pub fn file(etag: Option<&str>, status: u16, more: &[(&str, &str)], body: &[u8]) -> Say {
    let mut headers = vec![("Content-Type".to_owned(), "application/pdf".to_owned())];
    headers.extend(etag.map(|e| ("ETag".to_owned(), format!("\"{e}\""))));
    headers.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    Say::Whole(status, headers, body.to_vec())
}

pub struct Server {
    pub address: String,
    seen: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(answer: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1", answer).await
    }

    /// Another host on the same computer; an address, because a bare system need not know the name `localhost`.
    pub async fn start_elsewhere(answer: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.2", answer).await
    }

    pub async fn start_at(host: &str, answer: impl Fn(&Asked) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), seen.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                tokio::spawn(async move { serve(stream, &*answer, &log).await });
            }
        });
        Self { address, seen, task }
    }

    pub fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }

    /// How often a web-service function was called.
    pub fn calls(&self, function: &str) -> usize {
        self.seen().iter().filter(|a| a.function() == function).count()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Asked) -> Say + Send + Sync),
    log: &Mutex<Vec<Asked>>,
) {
    let mut raw = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    let asked = loop {
        let Ok(got) = stream.read(&mut buffer).await else { return };
        if got == 0 {
            return;
        }
        raw.extend_from_slice(&buffer[..got]);
        let text = String::from_utf8_lossy(&raw).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_lowercase();
        let length = lower
            .split("content-length: ")
            .nth(1)
            .and_then(|l| l.split("\r\n").next()?.parse().ok())
            .unwrap_or(0);
        let chunked = lower.contains("transfer-encoding: chunked");
        if body.len() >= length && (!chunked || body.ends_with("0\r\n\r\n")) {
            break Asked { head: head.to_owned(), body: body.to_owned() };
        }
    };
    log.lock().unwrap().push(asked.clone());
    let (status, headers, body, most, silent) = match answer(&asked) {
        Say::Whole(s, h, b) => {
            let most = b.len();
            (s, h, b, most, false)
        }
        Say::Cut(s, h, b, most) => (s, h, b, most, false),
        Say::Silence(s, h, b, most) => (s, h, b, most, true),
        Say::Nothing => return,
    };
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body[..most.min(body.len())]).await;
    let _ = stream.flush().await;
    if silent {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
}
