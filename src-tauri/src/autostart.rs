//! Starting with the computer: one file in the desktop's own place, written and removed only at the learner's word.
//! <https://specifications.freedesktop.org/autostart-spec/latest/>

use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "org.daypack.desktop.desktop";

/// Where the desktop looks; `None` on systems that have no such place.
fn folder() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(config.join("autostart"))
}

/// Whether Daypack starts with the computer; `None` where that cannot be chosen here.
pub fn is_on() -> Option<bool> {
    folder().map(|folder| folder.join(FILE).exists())
}

/// Begins or ends it. `data` is the folder when it is not the usual one.
pub fn turn(on: bool, data: Option<&Path>) -> io::Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    turn_in(&folder, on, &std::env::current_exe()?, data)
}

fn turn_in(folder: &Path, on: bool, program: &Path, data: Option<&Path>) -> io::Result<()> {
    let file = folder.join(FILE);
    if !on {
        return match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    std::fs::create_dir_all(folder)?;
    let temp = folder.join(format!(".{FILE}.new"));
    std::fs::write(&temp, entry(program, data))?;
    std::fs::rename(&temp, &file)
}

fn entry(program: &Path, data: Option<&Path>) -> String {
    let mut command = format!("{} --background", quoted(program));
    if let Some(data) = data {
        command.push_str(&format!(" --data {}", quoted(data)));
    }
    format!(
        "[Desktop Entry]\nType=Application\nName=Daypack\nIcon=daypack-app\nExec={command}\nTerminal=false\n"
    )
}

/// An argument of `Exec`: quoted, then escaped once more as a string of the file.
/// <https://specifications.freedesktop.org/desktop-entry-spec/latest/exec-variables.html>
fn quoted(path: &Path) -> String {
    let mut out = String::from("\"");
    for c in path.to_string_lossy().chars() {
        match c {
            '"' | '`' | '$' => out.extend(['\\', '\\', c]),
            '\\' => out.push_str("\\\\\\\\"),
            '%' => out.push_str("%%"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_and_goes_at_the_learners_word() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("config/autostart");
        let file = folder.join(FILE);
        turn_in(&folder, false, Path::new("/usr/bin/daypack-app"), None).unwrap();
        assert!(!file.exists());
        turn_in(&folder, true, Path::new("/usr/bin/daypack-app"), None).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("\nExec=\"/usr/bin/daypack-app\" --background\n"), "{text}");
        turn_in(&folder, false, Path::new("/usr/bin/daypack-app"), None).unwrap();
        assert!(!file.exists());
    }

    #[test]
    fn a_path_is_one_argument_whatever_is_in_it() {
        assert_eq!(quoted(Path::new("/a b/%c/$d/\"e\"/f\\g\n")), r#""/a b/%%c/\\$d/\\"e\\"/f\\\\g""#);
        assert!(entry(Path::new("/x"), Some(Path::new("/d e"))).contains("--background --data \"/d e\"\n"));
    }
}
