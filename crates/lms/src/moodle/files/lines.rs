//! Lines to a Moodle: a body counts as the file only with the file's `ETag`, or with a `Content-Disposition` for pages
//! made on the fly. What else comes with status 200 is read, judged, and handed on as the status it should have had.

use bytes::Bytes;
use daypack_engine::transfer::{Broke, Head};
use reqwest::header::{CONTENT_DISPOSITION, HeaderMap};

use super::{MAX_ERROR, judge_complaint, media_type, strong_etag};
use crate::connector::{Answering, FetchError, Said};
use crate::net::bulk::{Ask, Bulk, Line, Transport};

pub(super) struct MoodleLines {
    pub bulk: Bulk,
    pub said: Said,
}

impl Transport for MoodleLines {
    fn line(&self) -> Box<dyn Line> {
        Box::new(MoodleLine { line: self.bulk.line(), said: self.said.clone() })
    }
}

struct MoodleLine {
    line: Box<dyn Line>,
    said: Said,
}

impl Line for MoodleLine {
    fn ask<'a>(
        &'a mut self,
        ask: &'a Ask,
        connected: &'a (dyn Fn(i64) + Send + Sync),
    ) -> Answering<'a, Result<Head, Broke>> {
        Box::pin(async move {
            let mut head = self.line.ask(ask, connected).await?;
            let headers = self.line.headers();
            let is_named = headers.contains_key(CONTENT_DISPOSITION) && !media_type(headers).contains("json");
            let etag = strong_etag(headers);
            if matches!(head.status, 200 | 206) && (etag.is_some() || is_named) {
                // Only the content's own mark will do; a page that comes as a file is one.
                head.validator = etag;
                head.is_page = false;
                self.said.note(None);
                return Ok(head);
            }
            if head.status == 416 {
                return Ok(head);
            }
            let mut body = Vec::new();
            while let Some(Ok(bytes)) = self.line.next().await {
                body.extend_from_slice(&bytes);
                if body.len() > MAX_ERROR {
                    break;
                }
            }
            let said = judge_complaint(head.status, &body);
            head.status = match said {
                FetchError::NotFound => 404,
                FetchError::SignIn | FetchError::Refused(_) => 403,
                FetchError::Later => 503,
                FetchError::Portal => 511,
                FetchError::Changed => 416,
                FetchError::NotAFile | FetchError::Unreachable | FetchError::Stalled => 400,
            };
            self.said.note(Some(said));
            Ok(head)
        })
    }

    fn headers(&self) -> &HeaderMap {
        self.line.headers()
    }

    fn next(&mut self) -> Answering<'_, Option<Result<Bytes, Broke>>> {
        self.line.next()
    }
}
