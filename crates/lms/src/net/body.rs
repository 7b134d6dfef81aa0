//! A file on its way up, with a count of what was taken, so that a slow upload is not mistaken for silence.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream;

use super::NetError;

const STEP: usize = 64 * 1024;

/// The bytes of a file, from its beginning. Each read may block for a moment.
pub type FileBytes = Box<dyn Read + Send>;

/// A file to send.
pub struct Upload {
    /// Field of the form.
    pub field: String,
    /// Name for the site.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Size in bytes.
    pub size: u64,
    /// Its bytes.
    pub bytes: FileBytes,
}

/// How many bytes of an upload were taken so far.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Bytes taken so far.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Upload {
    /// The form, and the count that goes with it. `BadAddress` when the media type is none.
    pub(super) fn into_form(
        self,
        fields: &[(&str, &str)],
    ) -> Result<(reqwest::multipart::Form, Progress), NetError> {
        let progress = Progress::default();
        let counted = progress.clone();
        let body = stream::try_unfold(self.bytes, move |bytes| {
            let counted = counted.clone();
            async move {
                let read = tokio::task::spawn_blocking(move || step(bytes));
                let Some((step, bytes)) = read.await.map_err(std::io::Error::other)?? else {
                    return Ok::<_, std::io::Error>(None);
                };
                counted.0.fetch_add(step.len() as u64, Ordering::Relaxed);
                Ok(Some((step, bytes)))
            }
        });
        let part = reqwest::multipart::Part::stream_with_length(reqwest::Body::wrap_stream(body), self.size)
            .file_name(self.name)
            .mime_str(&self.media_type)
            .map_err(|_| NetError::BadAddress)?;
        let mut form = reqwest::multipart::Form::new();
        for (name, value) in fields {
            form = form.text((*name).to_owned(), (*value).to_owned());
        }
        Ok((form.part(self.field, part), progress))
    }
}

/// The next bytes and what is left; `None` at the end.
fn step(mut bytes: FileBytes) -> std::io::Result<Option<(Bytes, FileBytes)>> {
    let mut buffer = vec![0_u8; STEP];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(got) => {
                buffer.truncate(got);
                return Ok(Some((Bytes::from(buffer), bytes)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
