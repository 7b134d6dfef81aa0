//! The page: its packages, its checks, its build. Done again only when the sources changed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

use crate::root::{root, target};
use crate::run::{command, run};

/// What lies in `ui/` and is not a source.
const NOT_SOURCES: [&str; 4] = ["node_modules", "dist", "dist-fake", ".svelte-kit"];

/// The page's packages, as the lock file says.
pub fn install() -> Result<(), String> {
    let lock = root().join("ui/package-lock.json");
    let mark = digest(&[&lock])?;
    let marker = root().join("ui/node_modules/.daypack-lock");
    if std::fs::read_to_string(&marker).is_ok_and(|was| was == mark) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])?;
    std::fs::write(&marker, mark).map_err(|error| format!("{}: {error}", marker.display()))
}

/// Builds the page when its sources are not the ones that were built last.
pub fn build() -> Result<(), String> {
    install()?;
    let ui = root().join("ui");
    let mark = digest(&[&ui])?;
    let marker = target().join("xtask/ui.mark");
    let built = ui.join("dist/index.html").exists() && ui.join("dist/viewer/pdf.html").exists();
    if built && std::fs::read_to_string(&marker).is_ok_and(|was| was == mark) {
        return Ok(());
    }
    npm(&["run", "build"])?;
    let kept =
        marker.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&marker, mark));
    kept.map_err(|error| format!("{}: {error}", marker.display()))
}

/// Runs npm in `ui/`.
pub fn npm(arguments: &[&str]) -> Result<(), String> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    run(command(npm).args(["--prefix", "ui"]).args(arguments).env("CI", "true"))
}

/// A number over names and contents of files and folders.
fn digest(paths: &[&Path]) -> Result<String, String> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        feed(path, &mut hasher).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn feed(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    if NOT_SOURCES.iter().any(|skip| name == *skip) {
        return Ok(());
    }
    name.hash(hasher);
    if path.is_dir() {
        let mut inside =
            std::fs::read_dir(path)?.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
        inside.sort();
        inside.iter().try_for_each(|path| feed(path, hasher))
    } else {
        std::fs::read(path)?.hash(hasher);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_source_changes_the_mark_and_a_built_file_does_not() {
        let folder = target().join(format!("xtask/mark-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("dist")).unwrap();
        std::fs::write(folder.join("a"), "1").unwrap();
        let before = digest(&[&folder]).unwrap();
        std::fs::write(folder.join("dist/b"), "1").unwrap();
        assert_eq!(digest(&[&folder]).unwrap(), before);
        std::fs::write(folder.join("a"), "2").unwrap();
        assert_ne!(digest(&[&folder]).unwrap(), before);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
