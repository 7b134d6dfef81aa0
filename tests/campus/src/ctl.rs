//! `campus ctl`: one POST to the control port, the answer on stdout.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::campus::CampusError;

/// Sends a command; answers what the campus said.
pub async fn send(control: &str, command: &str, arguments: &[String]) -> Result<String, CampusError> {
    let bad = || CampusError::Command(format!("{control:?} is not a control address of a campus"));
    let rest = control.trim_end_matches('/').strip_prefix("http://").ok_or_else(bad)?;
    let (host, word) = rest.split_once('/').ok_or_else(bad)?;
    let body = serde_json::to_string(arguments)?;
    let mut stream =
        TcpStream::connect(host).await.map_err(CampusError::io(format!("cannot reach {host}")))?;
    let request = format!(
        "POST /{word}/{command} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\nContent-Length: \
         {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut answer = Vec::new();
    let talk = async {
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_end(&mut answer).await
    };
    talk.await.map_err(CampusError::io("the control port broke off"))?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(bad)?;
    if head.starts_with("HTTP/1.1 200") {
        return Ok(body.to_owned());
    }
    Err(CampusError::Command(body.to_owned()))
}
