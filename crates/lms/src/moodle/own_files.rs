//! The learner's own files at the site ("private files"): a few small ones carry progress between computers. A file of
//! the same name is replaced (measured), so writing again after a lost reply has no further effect.

use daypack_course::work::Outcome;
use serde_json::json;

use super::files::{draft_of, for_app};
use super::rest::{CallError, Rest};
use super::{judge, loose};
use crate::connector::{OwnFile, OwnFileError, Session};
use crate::net::Upload;

/// The files at the top of the learner's own files.
pub async fn list(rest: &Rest<'_>, session: &Session) -> Result<Vec<OwnFile>, OwnFileError> {
    let user: i64 = session.remote_user.parse().map_err(|_| OwnFileError::Unavailable)?;
    let asked = json!({
        "contextid": -1, "component": "user", "filearea": "private", "itemid": 0, "filepath": "/",
        "filename": "", "contextlevel": "user", "instanceid": user,
    });
    let answer = rest.call("core_files_get_files", asked).await.map_err(|e| failed(&e))?;
    if !answer.value.get("files").is_some_and(serde_json::Value::is_array) {
        return Err(OwnFileError::Unavailable);
    }
    Ok(loose::list(&answer.value, "files")
        .iter()
        .filter(|file| file.get("isdir").and_then(serde_json::Value::as_bool) == Some(false))
        .map(|file| OwnFile {
            name: loose::text(file, "filename"),
            size: loose::int(file, "filesize").and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX),
            changed: loose::int(file, "timemodified").unwrap_or_default(),
            url: for_app(&loose::text(file, "url")),
        })
        .collect())
}

/// Writes a small file there; one of the same name is replaced.
pub async fn put(rest: &Rest<'_>, name: &str, bytes: Vec<u8>) -> Result<(), OwnFileError> {
    let upload = Upload {
        field: "file_1".to_owned(),
        name: name.to_owned(),
        media_type: "application/json".to_owned(),
        size: bytes.len() as u64,
        bytes: Box::new(std::io::Cursor::new(bytes)),
    };
    let item = draft_of(rest, upload).await.map_err(|outcome| match outcome {
        Outcome::Refused(_) => OwnFileError::Full,
        Outcome::Unreachable | Outcome::Unknown | Outcome::Later { .. } => OwnFileError::Unreachable,
        Outcome::SignIn | Outcome::Accepted(_) => OwnFileError::Unavailable,
    })?;
    let asked = json!({"draftid": item});
    rest.call("core_user_add_user_private_files", asked).await.map(|_| ()).map_err(|e| failed(&e))
}

/// A site that does not let apps do this answers like one whose token has expired. Nobody is signed out for it: calls
/// that matter find that out by themselves.
fn failed(error: &CallError) -> OwnFileError {
    match error.code() {
        "maxareabytes" | "maxbytes" | "userquotalimit" => OwnFileError::Full,
        "" => match judge::outcome(error) {
            Outcome::Refused(_) => OwnFileError::Unavailable,
            _ => OwnFileError::Unreachable,
        },
        "sitemaintenance" | "upgraderunning" => OwnFileError::Unreachable,
        _ => OwnFileError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use daypack_course::TimeMs;
    use serde_json::Value;

    use super::*;
    use crate::moodle::rest::refused;

    const RECORDED: &str =
        include_str!("../../../../tests/corpus/moodle/functions/core_user_add_user_private_files.json");

    fn error(code: &str) -> CallError {
        CallError::Refused { code: code.to_owned(), said: String::new(), at: TimeMs(0) }
    }

    #[test]
    fn private_files_as_storage_a_full_space_is_told_from_all_else() {
        let all: Value = serde_json::from_str(RECORDED).unwrap();
        let answers = all["recordings"].as_array().unwrap();
        let full: Vec<_> = answers
            .iter()
            .filter_map(|one| refused(&one["response"]["json"], TimeMs(0)))
            .map(|error| failed(&error))
            .collect();
        assert_eq!(full, [OwnFileError::Full], "one of the recordings is a refusal");
        assert_eq!(failed(&error("accessexception")), OwnFileError::Unavailable);
        assert_eq!(failed(&error("nopermissions")), OwnFileError::Unavailable);
        assert_eq!(failed(&error("sitemaintenance")), OwnFileError::Unreachable);
        assert_eq!(failed(&CallError::Page), OwnFileError::Unreachable);
    }
}
