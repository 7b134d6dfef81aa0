//! What the program was started with.
//!
//! What must stay true: a path given here is absolute from then on, so that it can be handed to a program that was
//! started elsewhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Arguments of a start.
#[derive(Debug, PartialEq, Eq)]
pub struct Start {
    /// The data folder, when `--data DIR` or `DAYPACK_DATA` names one.
    pub data: Option<PathBuf>,
    /// Files to open, absolute.
    pub files: Vec<String>,
    /// `--background`: no window at first, only the tray.
    pub background: bool,
}

/// Arguments that make no sense.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// `--data` without a folder.
    #[error("--data needs a folder")]
    NoFolder,
    /// An option that does not exist.
    #[error("unknown option {0}; usage: daypack-app [--data DIR] [--background] [FILE...]")]
    Unknown(String),
}

impl Start {
    /// Reads `arguments` (without the program's name); `data` is what the environment says, `from` the current folder.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        data: Option<OsString>,
        from: &Path,
    ) -> Result<Self, StartError> {
        let mut start = Self {
            data: data.filter(|d| !d.is_empty()).map(|d| from.join(d)),
            files: Vec::new(),
            background: false,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_string_lossy();
            if text == "--data" {
                let folder = arguments.next().filter(|d| !d.is_empty()).ok_or(StartError::NoFolder)?;
                start.data = Some(from.join(folder));
            } else if let Some(folder) = text.strip_prefix("--data=") {
                if folder.is_empty() {
                    return Err(StartError::NoFolder);
                }
                start.data = Some(from.join(folder));
            } else if text == "--background" {
                start.background = true;
            } else if text.starts_with("--") {
                return Err(StartError::Unknown(text.into_owned()));
            } else {
                start.files.push(file(&text, from));
            }
        }
        Ok(start)
    }
}

/// A desktop hands over paths or `file:` addresses.
fn file(text: &str, from: &Path) -> String {
    let path = tauri::Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok())
        .unwrap_or_else(|| PathBuf::from(text));
    from.join(path).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str], data: Option<&str>) -> Result<Start, StartError> {
        Start::read(arguments.iter().map(OsString::from), data.map(OsString::from), Path::new("/here"))
    }

    #[test]
    fn the_argument_wins_over_the_environment() {
        assert_eq!(read(&["--data", "a"], Some("/b")).unwrap().data, Some(PathBuf::from("/here/a")));
        assert_eq!(read(&["--data=/a"], Some("/b")).unwrap().data, Some(PathBuf::from("/a")));
        assert_eq!(read(&[], Some("/b")).unwrap().data, Some(PathBuf::from("/b")));
        assert_eq!(read(&[], Some("")).unwrap().data, None);
    }

    #[test]
    fn files_come_as_paths_or_as_addresses_and_become_absolute() {
        let start = read(&["a.daypack", "file:///tmp/my%20course.imscc", "/c.zip"], None).unwrap();
        assert_eq!(start.files, ["/here/a.daypack", "/tmp/my course.imscc", "/c.zip"]);
        assert!(!start.background && read(&["--background"], None).unwrap().background);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(read(&["--data"], None), Err(StartError::NoFolder));
        assert_eq!(read(&["--data="], None), Err(StartError::NoFolder));
        assert_eq!(
            read(&["--remote-debugging"], None),
            Err(StartError::Unknown("--remote-debugging".into()))
        );
    }
}
