//! A file on its way up, with a count of what was taken, so that a slow upload is not mistaken for silence.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::stream;
use tokio::io::AsyncReadExt as _;

use super::NetError;

const STEP: usize = 64 * 1024;

/// A file to send.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Field of the form.
    pub field: String,
    /// Name for the site.
    pub name: String,
    /// MIME type.
    pub media_type: String,
    /// Size in bytes.
    pub size: u64,
    /// Where it lies.
    pub path: PathBuf,
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
    /// The form, and the count that goes with it. `BadAddress` when the file cannot be opened.
    pub(super) async fn into_form(
        self,
        fields: &[(&str, &str)],
    ) -> Result<(reqwest::multipart::Form, Progress), NetError> {
        let file = tokio::fs::File::open(&self.path).await.map_err(|_| NetError::BadAddress)?;
        let progress = Progress::default();
        let counted = progress.clone();
        let body = stream::try_unfold(file, move |mut file| {
            let counted = counted.clone();
            async move {
                let mut buffer = vec![0_u8; STEP];
                let got = file.read(&mut buffer).await?;
                if got == 0 {
                    return Ok::<_, std::io::Error>(None);
                }
                buffer.truncate(got);
                counted.0.fetch_add(got as u64, Ordering::Relaxed);
                Ok(Some((Bytes::from(buffer), file)))
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
