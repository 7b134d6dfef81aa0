//! One process owns a data folder; others ask it.
//!
//! The owner listens on a local socket inside the data folder (a named pipe on Windows), reachable only by the
//! same user. A line of JSON goes in, lines of JSON come out. A second window asks the owner to come to the front;
//! `daypack call` runs its command there.

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::{GenericFilePath, GenericNamespaced, ListenerOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::broadcast;

use crate::api::{Event, Failure, FailureCode};

/// A question to the owner.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
enum Ask {
    /// Run a command.
    Call { command: String, input: Value },
    /// Send all events until the line is cut.
    Watch,
    /// Come to the front; the arguments of the second start.
    Raise { arguments: Vec<String> },
}

/// Called when a second start asks the first to come to the front.
pub type OnRaise = Arc<dyn Fn(Vec<String>) + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Ok(Value),
    Error(Failure),
}

fn name(dir: &Path) -> std::io::Result<interprocess::local_socket::Name<'static>> {
    let dir = dir.canonicalize()?;
    if cfg!(windows) {
        let digest = daypack_course::Digest::of(dir.to_string_lossy().as_bytes()).to_string();
        format!("daypack-{digest}").to_ns_name::<GenericNamespaced>()
    } else {
        // Socket paths are short (108 bytes), data folders may not be: hash what does not fit.
        let plain = dir.join("owner.sock");
        let path = if plain.as_os_str().len() < 100 {
            plain
        } else {
            let digest = daypack_course::Digest::of(dir.to_string_lossy().as_bytes()).to_string();
            std::env::temp_dir().join(format!("daypack-{}.sock", digest.get(..16).unwrap_or_default()))
        };
        path.to_fs_name::<GenericFilePath>()
    }
}

/// Answers a command.
pub(crate) type Answering = dyn Fn(String, Value) -> BoxFuture<'static, Result<Value, Failure>> + Send + Sync;

/// Who listens for others.
#[derive(Clone)]
pub(crate) struct Owning {
    pub answer: Arc<Answering>,
    pub events: broadcast::Sender<Event>,
    /// Runs a task until the owner ends.
    pub spawn: Arc<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>,
    pub on_raise: Option<OnRaise>,
}

/// Listens as the owner of `dir` until the program ends.
pub(crate) fn listen(dir: &Path, owner: Owning) -> std::io::Result<()> {
    let options = ListenerOptions::new().name(name(dir)?).try_overwrite(true);
    #[cfg(unix)]
    let options = {
        use interprocess::os::unix::local_socket::ListenerOptionsExt as _;
        options.mode(0o600)
    };
    let listener = options.create_tokio()?;
    let spawn = Arc::clone(&owner.spawn);
    spawn(Box::pin(async move {
        loop {
            match listener.accept().await {
                Ok(stream) => (owner.spawn)(Box::pin(serve(owner.clone(), stream))),
                Err(error) => {
                    tracing::warn!(%error, "owner socket");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            }
        }
    }));
    Ok(())
}

async fn serve(owner: Owning, stream: LocalSocketStream) {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match serde_json::from_str::<Ask>(&line) {
            Ok(Ask::Call { command, input }) => match (owner.answer)(command, input).await {
                Ok(value) => Answer::Ok(value),
                Err(failure) => Answer::Error(failure),
            },
            Ok(Ask::Raise { arguments }) => {
                if let Some(hook) = &owner.on_raise {
                    hook(arguments);
                }
                Answer::Ok(Value::Bool(owner.on_raise.is_some()))
            }
            Ok(Ask::Watch) => {
                let mut events = owner.events.subscribe();
                while let Ok(event) = events.recv().await {
                    let Ok(value) = serde_json::to_value(&event) else { continue };
                    if write_line(&mut write, &Answer::Ok(value)).await.is_err() {
                        return;
                    }
                }
                return;
            }
            Err(error) => Answer::Error(Failure::new(FailureCode::InvalidInput).fact("why", error)),
        };
        if write_line(&mut write, &answer).await.is_err() {
            return;
        }
    }
}

async fn write_line(
    write: &mut (impl tokio::io::AsyncWrite + Unpin),
    answer: &Answer,
) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer).unwrap_or_default();
    line.push(b'\n');
    write.write_all(&line).await?;
    write.flush().await
}

/// A line to the owner of a data folder.
pub struct Owner {
    lines: tokio::io::Lines<BufReader<tokio::io::ReadHalf<LocalSocketStream>>>,
    write: tokio::io::WriteHalf<LocalSocketStream>,
}

impl Owner {
    /// Reaches the owner of `dir`; `InUse` when the folder is taken and its owner does not answer.
    pub async fn reach(dir: &Path) -> Result<Self, Failure> {
        let in_use = |e: std::io::Error| Failure::new(FailureCode::InUse).fact("why", e);
        let stream = LocalSocketStream::connect(name(dir).map_err(in_use)?).await.map_err(in_use)?;
        let (read, write) = tokio::io::split(stream);
        Ok(Self { lines: BufReader::new(read).lines(), write })
    }

    async fn ask(&mut self, ask: &Ask) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(ask).unwrap_or_default();
        line.push(b'\n');
        self.write.write_all(&line).await.map_err(|e| Failure::new(FailureCode::InUse).fact("why", e))
    }

    /// The next answer or event; `None` when the owner has gone.
    pub async fn next(&mut self) -> Option<Result<Value, Failure>> {
        let line = self.lines.next_line().await.ok()??;
        match serde_json::from_str(&line) {
            Ok(Answer::Ok(value)) => Some(Ok(value)),
            Ok(Answer::Error(failure)) => Some(Err(failure)),
            Err(error) => Some(Err(Failure::new(FailureCode::Internal).fact("why", error))),
        }
    }

    /// Runs a command at the owner.
    pub async fn call(&mut self, command: &str, input: Value) -> Result<Value, Failure> {
        self.ask(&Ask::Call { command: command.to_owned(), input }).await?;
        self.next().await.unwrap_or_else(|| Err(FailureCode::InUse.into()))
    }

    /// Asks for all events; then call [`Owner::next`].
    pub async fn watch(&mut self) -> Result<(), Failure> {
        self.ask(&Ask::Watch).await
    }

    /// Asks the owner to come to the front. False when it has no window.
    pub async fn raise(&mut self, arguments: Vec<String>) -> Result<bool, Failure> {
        self.ask(&Ask::Raise { arguments }).await?;
        match self.next().await {
            Some(Ok(Value::Bool(raised))) => Ok(raised),
            Some(Err(failure)) => Err(failure),
            _ => Ok(false),
        }
    }
}
