//! A classroom of network namespaces: ten computers on one switch that find each other by mDNS, and one shaped line to
//! the course. What crosses the line is read off its network card. Needs root and namespaces; says so by name where
//! there are none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use daypack_app::api::input::Nothing;
use daypack_app::api::near::NearSave;
use daypack_course::Digest;
use daypack_tests::host::{Host, Manners, all_here, lecture, object, open, publish, put, take};
use daypack_tests::link::noise;

const COMPUTERS: u32 = 10;
const FILM: usize = 8 << 20;
const LONG: Duration = Duration::from_secs(240);
const ADDRESS: &str = "10.77.0.1:8080";

fn ip(arguments: &str) -> bool {
    let done = Command::new("ip").args(arguments.split_whitespace()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// A switch and the computers on it; taken down when dropped.
struct Switch {
    names: Vec<String>,
    children: Vec<Child>,
}

impl Switch {
    fn new() -> Option<Self> {
        let mark = std::process::id();
        let mut switch = Self { names: Vec::new(), children: Vec::new() };
        let hub = format!("dpc{mark}hub");
        if !ip(&format!("netns add {hub}")) {
            return None;
        }
        switch.names.push(hub.clone());
        let is_made = ip(&format!("-n {hub} link add hub type bridge mcast_snooping 0"))
            && ip(&format!("-n {hub} link set hub up"))
            && (1..=COMPUTERS + 1).all(|n| switch.plug(&hub, mark, n));
        (is_made && switch.narrow()).then_some(switch)
    }

    /// The line to the course: all that its host sends goes through here.
    fn narrow(&self) -> bool {
        let host = self.of(1);
        ip(&format!("netns exec {host} tc qdisc add dev net root tbf rate 8mbit burst 32k latency 400ms"))
    }

    fn plug(&mut self, hub: &str, mark: u32, n: u32) -> bool {
        let name = format!("dpc{mark}n{n}");
        self.names.push(name.clone());
        ip(&format!("netns add {name}"))
            && ip(&format!("-n {name} link set lo up"))
            && ip(&format!("-n {name} link add net type veth peer name port{n} netns {hub}"))
            && ip(&format!("-n {name} addr add 10.77.0.{n}/24 dev net"))
            && ip(&format!("-n {hub} link set port{n} master hub"))
            && ip(&format!("-n {hub} link set port{n} up"))
            && ip(&format!("-n {name} link set net up"))
            && ip(&format!("-n {name} route add default via 10.77.0.1"))
            // The host of the course is the first; it needs no way out.
            || n == 1
    }

    fn of(&self, n: u32) -> String {
        self.names[usize::try_from(n).unwrap()].clone()
    }

    /// Runs one of the parts below in a namespace.
    fn run(&mut self, n: u32, part: &str, signs: &Path, sharing: bool) {
        let child = Command::new("ip")
            .args(["netns", "exec", &self.of(n)])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", part, "--ignored", "--nocapture"])
            .env("DAYPACK_CLASS", signs)
            .env("DAYPACK_CLASS_NUMBER", n.to_string())
            .env("DAYPACK_CLASS_SHARING", sharing.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.children.push(child);
    }

    /// Bytes that the host's network card has sent.
    fn sent(&self) -> u64 {
        let read = Command::new("ip")
            .args(["netns", "exec", &self.of(1), "cat", "/sys/class/net/net/statistics/tx_bytes"])
            .output()
            .unwrap();
        String::from_utf8_lossy(&read.stdout).trim().parse().unwrap()
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.names.iter().for_each(|name| {
            ip(&format!("netns del {name}"));
        });
    }
}

fn signs() -> Option<(PathBuf, u32, bool)> {
    let signs = PathBuf::from(std::env::var_os("DAYPACK_CLASS")?);
    let number = std::env::var("DAYPACK_CLASS_NUMBER").unwrap().parse().unwrap();
    Some((signs, number, std::env::var("DAYPACK_CLASS_SHARING").unwrap() == "true"))
}

async fn sign(path: &Path) {
    let end = Instant::now() + LONG;
    while !path.exists() {
        assert!(Instant::now() < end, "{} did not come", path.display());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the class, started in a namespace"]
async fn part_host() {
    let Some((signs, ..)) = signs() else { return };
    let host = Host::start_on(ADDRESS, &signs.join("package"), Manners::default()).await;
    std::fs::write(signs.join("host"), &host.address).unwrap();
    sign(&signs.join("end")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the class, started in a namespace"]
async fn part_computer() {
    let Some((signs, number, sharing)) = signs() else { return };
    let data = signs.join(format!("data {number}"));
    let app = open(&data).await;
    if sharing {
        app.near_save(NearSave { on: true, most_kb: 0 }).await.unwrap();
        let end = Instant::now() + LONG;
        // Nobody typed anything: they found each other.
        while app.near(Nothing {}).await.unwrap().near < COMPUTERS - 1 {
            assert!(Instant::now() < end);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    std::fs::write(signs.join(format!("ready {number}")), "").unwrap();
    sign(&signs.join("go")).await;
    take(&app, &format!("http://{ADDRESS}")).await;
    all_here(&app, LONG).await;
    let film = Digest::of(&noise(99, FILM));
    let is_right = std::fs::read(object(&data, &film)).is_ok_and(|bytes| Digest::of(&bytes) == film);
    std::fs::write(signs.join(format!("done {number}")), is_right.to_string()).unwrap();
    sign(&signs.join("end")).await;
    app.close().await;
}

/// How many courses crossed the line.
async fn class(switch: &mut Switch, computers: u32, sharing: bool) -> f64 {
    let dir = tempfile::tempdir().unwrap();
    let (folder, out) = (dir.path().join("folder"), dir.path().join("package"));
    put(&folder, "film.mp4", &noise(99, FILM));
    publish(&folder, &out, 1, &[lecture("film", "film.mp4")], &[]);
    switch.run(1, "part_host", dir.path(), sharing);
    sign(&dir.path().join("host")).await;
    for n in 2..2 + computers {
        switch.run(n, "part_computer", dir.path(), sharing);
    }
    for n in 2..2 + computers {
        sign(&dir.path().join(format!("ready {n}"))).await;
    }
    let (before, began) = (switch.sent(), Instant::now());
    std::fs::write(dir.path().join("go"), "").unwrap();
    for n in 2..2 + computers {
        let done = dir.path().join(format!("done {n}"));
        sign(&done).await;
        assert_eq!(std::fs::read_to_string(&done).unwrap(), "true", "the same bytes everywhere");
    }
    let courses = (switch.sent() - before) as f64 / FILM as f64;
    println!("{computers} namespaces, sharing: {sharing}: {courses:.3} courses, {:?}", began.elapsed());
    std::fs::write(dir.path().join("end"), "").unwrap();
    for mut child in switch.children.drain(..) {
        let _ = child.wait();
    }
    courses
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_computers_that_found_each_other_take_a_course_over_the_line_about_once() {
    let Some(mut switch) = Switch::new() else {
        println!("skipped: no network namespaces here");
        return;
    };
    let courses = class(&mut switch, COMPUTERS, true).await;
    assert!(courses <= 1.3, "{courses}");
    // The control: without sharing each one takes all of it over the line.
    let alone = class(&mut switch, 3, false).await;
    assert!(alone >= 3.0, "{alone}");
}
