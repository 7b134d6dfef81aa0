//! `cargo xtask bench links`: our downloader and its peers behind bad links (`tests/linksim`), and the page of figures.
//!
//! `docs/benchmarks.md` gets its part about links from here and from nowhere else; each run is kept as a line in
//! `docs/benchmarks-links.jsonl`, and a new run of the same replaces it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::root::{root, target};
use crate::run::{cargo, command, output, run as execute};
use crate::system;

const USAGE: &str = "usage: cargo xtask bench links [--profile P[,P]] [--size MB] [--seeds N[,N]] [--cc cubic,bbr] \
                     [--jobs N] [--no-peers] [--no-ours]";
const ROWS: &str = "docs/benchmarks-links.jsonl";
const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- links: written by `cargo xtask bench links` -->";
const END: &str = "<!-- end of links -->";
const PEERS: [&str; 3] = ["curl", "wget-T15", "aria2c-x16"];

/// Name, profile of linksim, what an outage does, megabytes.
const PROFILES: &[(&str, &str, &str, u32)] = &[
    ("good", "good", "keep", 10),
    ("2g", "2g", "keep", 10),
    ("3g", "3g", "keep", 10),
    ("satellite", "satellite", "keep", 10),
    ("awful", "awful", "keep", 10),
    ("awful-nat", "awful", "blackhole", 10),
    ("commute", "commute", "blackhole", 60),
    ("lossy", "lossy", "keep", 10),
];

struct Wish {
    profiles: Vec<&'static (&'static str, &'static str, &'static str, u32)>,
    size: Option<u32>,
    seeds: String,
    cc: String,
    jobs: u32,
    peers: bool,
    ours: bool,
}

/// The command.
pub fn bench(arguments: &[String]) -> Result<(), String> {
    let wish = wish(arguments)?;
    system::for_links()?;
    execute(&mut cargo(["build", "--package", "daypack-cli", "--profile", "measured"]))?;
    // A copy: what is built meanwhile is not what is measured.
    let ours = target().join("bench/daypack");
    std::fs::create_dir_all(target().join("bench")).map_err(|error| format!("target/bench: {error}"))?;
    // It may be running for another profile: that one keeps its own.
    let _ = std::fs::remove_file(&ours);
    let built = target().join("measured/daypack");
    std::fs::copy(built, &ours).map_err(|error| format!("target/bench: {error}"))?;
    for profile in &wish.profiles {
        let measured = measure(&wish, profile)?;
        // Another profile may be measured beside this one: what it wrote stays.
        let mut rows = read_rows()?;
        rows.extend(measured);
        write_rows(&rows)?;
    }
    let rows = read_rows()?;
    let page = root().join(PAGE);
    let before = std::fs::read_to_string(&page).unwrap_or_else(|_| "# Benchmarks\n".into());
    std::fs::write(&page, insert(&before, &table(&rows))).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("{PAGE} is written");
    Ok(())
}

fn wish(arguments: &[String]) -> Result<Wish, String> {
    let mut wish = Wish {
        profiles: PROFILES.iter().collect(),
        size: None,
        seeds: "1,2,3".into(),
        cc: "cubic,bbr".into(),
        jobs: 12,
        peers: true,
        ours: true,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--no-peers" {
            wish.peers = false;
            continue;
        }
        if word == "--no-ours" {
            wish.ours = false;
            continue;
        }
        let value = words.next().ok_or(USAGE)?;
        match word.as_str() {
            "--profile" | "--profiles" => {
                let find = |name: &str| PROFILES.iter().find(|p| p.0 == name);
                let known: Vec<&str> = PROFILES.iter().map(|p| p.0).collect();
                wish.profiles = value
                    .split(',')
                    .map(|name| find(name).ok_or_else(|| format!("profiles: {}", known.join(", "))))
                    .collect::<Result<_, _>>()?;
            }
            "--size" => wish.size = Some(value.parse().map_err(|_| USAGE)?),
            "--seeds" => {
                wish.seeds = match value.parse::<u32>() {
                    Ok(count) => (1..=count).map(|n| n.to_string()).collect::<Vec<_>>().join(","),
                    Err(_) => value.clone(),
                }
            }
            "--cc" => wish.cc.clone_from(value),
            "--jobs" => wish.jobs = value.parse().map_err(|_| USAGE)?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(wish)
}

/// Runs ours for all seeds and the peers for the first, and takes in a row for each.
fn measure(
    wish: &Wish,
    profile: &(&'static str, &'static str, &'static str, u32),
) -> Result<BTreeMap<String, String>, String> {
    let mut rows = BTreeMap::new();
    let (name, of_linksim, drop_mode, usual) = *profile;
    let size = wish.size.unwrap_or(usual);
    let linksim = root().join("tests/linksim");
    let ideal = output(command(linksim.join("linksim")).args([
        "--profile",
        of_linksim,
        "--ideal",
        &format!("{size}M"),
    ]))?;
    let ideal: f64 = ideal.trim().parse().map_err(|_| "linksim said no ideal time".to_owned())?;
    // Who needs three times the ideal time has lost.
    let timeout = format!("{:.0}s", ideal.mul_add(3.0, 30.0));
    // A good link is as quick as this computer: one at a time.
    let jobs = if name == "good" { 1 } else { wish.jobs };
    let ours = format!("ours={} fetch {{url}} --out {{out}}", target().join("bench/daypack").display());
    let mut parts = Vec::new();
    if wish.ours {
        parts.push((vec!["--cmd".to_owned(), ours], wish.seeds.clone()));
    }
    if wish.peers {
        let first = wish.seeds.split(',').next().unwrap_or("1").to_owned();
        parts.push((vec!["--peers".to_owned(), PEERS.join(",")], first));
    }
    let benches: Vec<_> = parts
        .into_iter()
        .map(|(who, seeds)| {
            let mut bench = command(linksim.join("linksim-bench"));
            bench.args(["--profiles", of_linksim, "--drop-mode", drop_mode, "--cc", &wish.cc]);
            bench.args(["--size", &format!("{size}M"), "--timeout", &timeout]);
            bench.args(["--seeds", &seeds, "--jobs", &jobs.to_string()]).args(who);
            bench.stdout(Stdio::piped());
            bench
        })
        .collect();
    let mut started = Vec::new();
    for mut bench in benches {
        started.push(bench.spawn().map_err(|error| format!("linksim-bench: {error}"))?);
        if jobs == 1
            && let Some(child) = started.last_mut()
        {
            // Its few lines fit into the pipe.
            let _ = child.wait();
        }
    }
    for mut child in started {
        let out = child.stdout.take().ok_or("linksim-bench has no output")?;
        for line in BufReader::new(out).lines() {
            let line = line.map_err(|error| format!("linksim-bench: {error}"))?;
            println!("{name}: {line}");
            let key = ["tool", "cc", "seed"].map(|k| field(&line, k).unwrap_or_default()).join(" ");
            let row = format!("{{\"link\": \"{name}\", \"mb\": {size}, {}", line.trim_start_matches('{'));
            rows.insert(format!("{name} {key}"), row);
        }
        // Some peers end without the file: that is a result, and said in the rows.
        let _ = child.wait();
    }
    Ok(rows)
}

/// A value of a line of JSON, as text; the lines are flat.
fn field(line: &str, key: &str) -> Option<String> {
    let rest = line.split_once(&format!("\"{key}\": "))?.1;
    let end = rest.find([',', '}'])?;
    Some(rest.get(..end)?.trim_matches('"').to_owned())
}

fn number(line: &str, key: &str) -> Option<f64> {
    field(line, key)?.parse().ok()
}

fn read_rows() -> Result<BTreeMap<String, String>, String> {
    let text = match std::fs::read_to_string(root().join(ROWS)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        other => other.map_err(|error| format!("{ROWS}: {error}"))?,
    };
    Ok(text
        .lines()
        .map(|line| {
            let key = ["link", "tool", "cc", "seed"].map(|k| field(line, k).unwrap_or_default()).join(" ");
            (key, line.to_owned())
        })
        .collect())
}

fn write_rows(rows: &BTreeMap<String, String>) -> Result<(), String> {
    let text: String = rows.values().map(|row| format!("{row}\n")).collect();
    std::fs::write(root().join(ROWS), text).map_err(|error| format!("{ROWS}: {error}"))
}

fn insert(page: &str, part: &str) -> String {
    let whole = format!("{BEGIN}\n{part}\n{END}");
    match (page.split_once(BEGIN), page.split_once(END)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{whole}{after}"),
        _ => format!("{}\n\n{whole}\n", page.trim_end()),
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn table(rows: &BTreeMap<String, String>) -> String {
    let mut text = String::from(
        "## Links\n\nEfficiency = ideal time / real time, where ideal means that every second in which the link is \
         up carries full packets and only the random loss is wasted. Bytes = IP bytes received / payload (1.036 is \
         the least). Ours is the median of its seeds with the lowest and the highest; peers ran once. \"-\" is a \
         run that brought no right file within three times the ideal time. Each row comes from \
         `cargo xtask bench links --profile LINK`; the runs are in `benchmarks-links.jsonl`.\n\n\
         | link | server | MB | ours | bytes | connections |",
    );
    PEERS.iter().for_each(|peer| text.push_str(&format!(" {peer} |")));
    text.push_str(&format!("\n|{}\n", " --- |".repeat(6 + PEERS.len())));
    for (name, ..) in PROFILES {
        for cc in ["cubic", "bbr"] {
            let of = |tool: &str| -> Vec<&String> {
                let is_it = |row: &&String| {
                    field(row, "link").as_deref() == Some(name)
                        && field(row, "cc").as_deref() == Some(cc)
                        && field(row, "tool").as_deref() == Some(tool)
                };
                rows.values().filter(is_it).collect()
            };
            let ours = of("ours");
            let all = |key: &str| ours.iter().filter_map(|row| number(row, key)).collect::<Vec<f64>>();
            let mut efficiency = all("efficiency");
            let Some(middle) = median(&mut efficiency) else { continue };
            let (least, most) = (efficiency.first().unwrap_or(&0.0), efficiency.last().unwrap_or(&0.0));
            let bytes = median(&mut all("bytes_ratio")).unwrap_or(0.0);
            let connections = median(&mut all("connections")).unwrap_or(0.0);
            let mb = ours.first().and_then(|row| field(row, "mb")).unwrap_or_default();
            text.push_str(&format!(
                "| {name} | {cc} | {mb} | {:.1} % ({:.1}-{:.1}) | {bytes:.3} | {connections:.0} |",
                middle * 100.0,
                least * 100.0,
                most * 100.0
            ));
            for peer in PEERS {
                let row = of(peer).first().filter(|row| field(row, "ok").as_deref() == Some("true")).copied();
                let shown = row.map(|row| {
                    let of = |key| number(row, key).unwrap_or(0.0);
                    format!("{:.1} %, {:.3}", of("efficiency") * 100.0, of("bytes_ratio"))
                });
                let was_run = !of(peer).is_empty();
                text.push_str(&format!(
                    " {} |",
                    shown.unwrap_or_else(|| if was_run { "-" } else { "" }.into())
                ));
            }
            text.push('\n');
        }
    }
    text.push_str("\nPeers: ");
    text.push_str(&versions().join("; "));
    text.push_str(". Ours as built by `cargo build --profile measured`.\n");
    text
}

fn versions() -> Vec<String> {
    let first = |program: &str, flag: &str| {
        let said = output(command(program).arg(flag)).unwrap_or_default();
        said.lines()
            .next()
            .unwrap_or_default()
            .split(" (")
            .next()
            .unwrap_or_default()
            .trim()
            .trim_end_matches('.')
            .to_owned()
    };
    let mut versions: Vec<String> =
        ["curl", "wget", "aria2c"].iter().map(|peer| first(peer, "--version")).collect();
    let kernel = first("uname", "-r");
    versions.push(format!("Linux {}", kernel.split('-').next().unwrap_or_default()));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_a_flat_line() {
        let line = r#"{"profile": "3g", "ok": true, "seed": 2, "efficiency": 0.965}"#;
        assert_eq!(field(line, "profile").as_deref(), Some("3g"));
        assert_eq!(number(line, "efficiency"), Some(0.965));
        assert_eq!(field(line, "nothing"), None);
    }

    #[test]
    fn only_the_part_about_links_is_replaced() {
        let once = insert("# Benchmarks\n\nother\n", "one");
        let twice = insert(&format!("{once}more\n"), "two");
        assert!(twice.contains("other") && twice.contains("two") && twice.contains("more"));
        assert!(!twice.contains("one\n"));
    }

    #[test]
    fn a_wish_is_read_and_nonsense_is_not() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let read = wish(&words("--profile 3g,awful-nat --size 4 --seeds 2")).unwrap();
        assert_eq!((read.profiles.len(), read.size, read.seeds.as_str()), (2, Some(4), "1,2"));
        assert!(wish(&words("--profile nowhere")).is_err() && wish(&words("--size")).is_err());
    }
}
