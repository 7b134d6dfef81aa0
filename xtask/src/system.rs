//! What the system must have. On Debian and Ubuntu it is installed; elsewhere it is named.
//!
//! What must stay true: apt is asked only when something is missing, never asks back, and `DAYPACK_NO_INSTALL=1`
//! leaves the system alone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::run::{command, output, present, run};

/// To build and to play.
const BUILD: &[&str] = &[
    "build-essential",
    "ca-certificates",
    "file",
    "gstreamer1.0-gl",
    "gstreamer1.0-libav",
    "gstreamer1.0-plugins-bad",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "libayatana-appindicator3-1",
    "libgtk-3-dev",
    "libwebkit2gtk-4.1-dev",
    "pkg-config",
    "xdg-utils",
];

/// To make the sample course.
const SAMPLE: &[&str] = &["ffmpeg", "flite", "fontconfig", "fonts-inter", "librsvg2-bin"];

/// To run the window tests.
const TEST: &[&str] = &["dbus", "dbus-x11", "gnome-keyring", "webkit2gtk-driver", "xauth", "xvfb"];

/// To run what is behind a bad link (`tests/linksim`).
const LINK: &[&str] = &["iproute2", "openssl", "python3"];

/// To measure the downloader beside others.
const PEERS: &[&str] = &["aria2", "curl", "wget"];

/// Programs that are not the package manager's business.
const LEAST_NODE: u32 = 20;

/// What `cargo xtask run` needs.
pub fn for_run() -> Result<(), String> {
    install(&[BUILD, SAMPLE])
}

/// What `cargo xtask test` needs.
pub fn for_test() -> Result<(), String> {
    install(&[BUILD, SAMPLE, TEST, LINK])
}

/// What `cargo xtask bench links` needs.
pub fn for_links() -> Result<(), String> {
    install(&[LINK, PEERS])
}

/// `cargo xtask install`.
pub fn install_all(_: &[String]) -> Result<(), String> {
    for_test()?;
    println!("everything is here");
    Ok(())
}

fn install(groups: &[&[&str]]) -> Result<(), String> {
    node()?;
    let wanted: BTreeSet<&str> = groups.iter().flat_map(|group| group.iter().copied()).collect();
    if !cfg!(target_os = "linux") {
        println!(
            "(this is no Linux: WebKitGTK and GStreamer are not needed; the sample course needs ffmpeg and flite)"
        );
        return Ok(());
    }
    if !present("apt-get") || !Path::new("/etc/debian_version").exists() {
        return other_system(&wanted);
    }
    let missing = missing(&wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.to_vec().join(" ");
    if std::env::var_os("DAYPACK_NO_INSTALL").is_some_and(|v| v == "1") {
        return Err(format!("these packages are missing: {list}"));
    }
    println!("installing: {list}");
    run(&mut apt(&["update", "-q"])?)?;
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(missing);
    run(&mut apt(&arguments)?)
}

/// `apt-get` as root, never asking.
fn apt(arguments: &[&str]) -> Result<std::process::Command, String> {
    let root = output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut apt = if root {
        command("env")
    } else if present("sudo") {
        let mut sudo = command("sudo");
        // A password may be needed: from the terminal, not from stdin.
        sudo.arg("env");
        sudo
    } else {
        return Err(
            "packages are missing, and there is no sudo: become root, or install them yourself".into()
        );
    };
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    Ok(apt)
}

/// Packages of `wanted` that dpkg does not know as installed.
fn missing<'a>(wanted: &BTreeSet<&'a str>) -> Result<Vec<&'a str>, String> {
    let out = command("dpkg-query")
        .args(["-W", "-f=${db:Status-Abbrev} ${Package}\\n"])
        .args(wanted)
        .output()
        .map_err(|error| format!("dpkg-query: {error}"))?;
    let installed = installed(&String::from_utf8_lossy(&out.stdout));
    Ok(wanted.iter().copied().filter(|name| !installed.contains(*name)).collect())
}

fn installed(listing: &str) -> BTreeSet<String> {
    listing.lines().filter_map(|line| line.strip_prefix("ii ")).map(|name| name.trim().to_owned()).collect()
}

/// Elsewhere the programs and libraries are looked for, and what is missing is named by Debian's names.
fn other_system(wanted: &BTreeSet<&str>) -> Result<(), String> {
    let probes = [
        ("cc", "build-essential"),
        ("pkg-config", "pkg-config"),
        ("ffmpeg", "ffmpeg"),
        ("flite", "flite"),
        ("rsvg-convert", "librsvg2-bin"),
        ("WebKitWebDriver", "webkit2gtk-driver"),
        ("Xvfb", "xvfb"),
        ("dbus-run-session", "dbus"),
    ];
    let mut missing: Vec<&str> = probes
        .iter()
        .filter(|(tool, name)| wanted.contains(name) && !present(tool))
        .map(|(_, name)| *name)
        .collect();
    let webkit = present("pkg-config")
        && command("pkg-config")
            .args(["--exists", "webkit2gtk-4.1"])
            .status()
            .is_ok_and(|status| status.success());
    if !webkit {
        missing.push("libwebkit2gtk-4.1-dev");
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "please install what your system calls these (Debian's names): {}. For H.264 and AAC GStreamer needs its \
         base, good and bad plugins and libav.",
        missing.join(" ")
    ))
}

fn node() -> Result<(), String> {
    let advice = format!("Node {LEAST_NODE} or newer is needed: https://nodejs.org/");
    if !present("node") || !present("npm") {
        return Err(advice);
    }
    let version = output(command("node").arg("--version"))?;
    match major(&version) {
        Some(major) if major >= LEAST_NODE => Ok(()),
        _ => Err(format!("{advice} (here is {})", version.trim())),
    }
}

fn major(version: &str) -> Option<u32> {
    version.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_dpkg_calls_installed_counts() {
        let listing = "ii  ffmpeg\nrc  flite\nun  xvfb\nii  file\n";
        let installed = installed(listing);
        assert!(installed.contains("ffmpeg") && installed.contains("file"));
        assert!(!installed.contains("flite") && !installed.contains("xvfb"));
    }

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("nonsense"), None);
    }
}
