//! Licences of everything that is built in, against the list in `deny.toml`.
//!
//! `cargo-deny` does this too and more (advisories, sources), and is used where it is installed; here the same list
//! is held with nothing to install. What must stay true: an expression counts only if what is left after every choice
//! is on the list, and a crate without an expression never passes.

use std::collections::{BTreeMap, BTreeSet};

use crate::root::root;
use crate::run::{cargo, output, present, run};

/// Checks crates and npm packages.
pub fn check() -> Result<(), String> {
    let text =
        std::fs::read_to_string(root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let allowed = list(&text, "allow");
    if allowed.is_empty() {
        return Err("deny.toml names no licence".into());
    }
    let tree =
        output(&mut cargo(["tree", "--workspace", "--locked", "--prefix", "none", "--format", "{p}\t{l}"]))?;
    let mut bad = refused(tree.lines().filter_map(|line| line.split_once('\t')), &allowed);
    let lock = std::fs::read_to_string(root().join("ui/package-lock.json"))
        .map_err(|error| format!("ui/package-lock.json: {error}"))?;
    bad.extend(refused(npm(&lock), &allowed));
    if !bad.is_empty() {
        let lines: Vec<String> = bad.iter().map(|(name, licence)| format!("  {name}: {licence}")).collect();
        return Err(format!("licences that are not in deny.toml:\n{}", lines.join("\n")));
    }
    if present("cargo-deny") {
        run(&mut cargo(["deny", "--offline", "check", "licenses", "bans", "sources"]))?;
    }
    Ok(())
}

fn refused<'a>(
    packages: impl Iterator<Item = (&'a str, &'a str)>,
    allowed: &BTreeSet<String>,
) -> BTreeMap<String, String> {
    packages
        .filter(|(_, licence)| !fits(licence.trim_end_matches(" (*)"), allowed))
        .map(|(name, licence)| {
            let licence = if licence.is_empty() { "none" } else { licence };
            (name.to_owned(), licence.to_owned())
        })
        .collect()
}

/// The texts of a TOML list `name = [ ... ]`.
fn list(toml: &str, name: &str) -> BTreeSet<String> {
    let mut inside = false;
    let mut texts = BTreeSet::new();
    for line in toml.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        inside |= line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
        if inside {
            texts.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
            if line.ends_with(']') {
                break;
            }
        }
    }
    texts
}

/// Packages of a `package-lock.json` with their licences (npm writes one field a line).
fn npm(lock: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut name = "";
    lock.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(package) = line.strip_prefix("\"node_modules/") {
            name = package.split('"').next().unwrap_or_default();
        }
        let licence = line.strip_prefix("\"license\": \"")?.split('"').next()?;
        Some((name, licence))
    })
}

/// Whether an SPDX expression can be met with the allowed licences.
fn fits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) == Some(true) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut good = both(rest, allowed)?;
    while let Some(("OR", tail)) = rest.split_first().map(|(word, tail)| (*word, tail)) {
        *rest = tail;
        good |= both(rest, allowed)?;
    }
    Some(good)
}

fn both(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let mut good = one(rest, allowed)?;
    while let Some(("AND", tail)) = rest.split_first().map(|(word, tail)| (*word, tail)) {
        *rest = tail;
        good &= one(rest, allowed)?;
    }
    Some(good)
}

fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
    let (word, tail) = rest.split_first()?;
    *rest = tail;
    if *word == "(" {
        let good = either(rest, allowed)?;
        let (close, tail) = rest.split_first()?;
        *rest = tail;
        return (*close == ")").then_some(good);
    }
    if let Some(("WITH", tail)) = rest.split_first().map(|(word, tail)| (*word, tail)) {
        let (exception, tail) = tail.split_first()?;
        *rest = tail;
        return Some(allowed.contains(&format!("{word} WITH {exception}")));
    }
    Some(allowed.contains(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> BTreeSet<String> {
        list(
            "x = 1\nallow = [\n  \"MIT\", # why\n  \"Apache-2.0\",\n  \"Apache-2.0 WITH LLVM-exception\",\n]\ndeny = [\"GPL-3.0\"]",
            "allow",
        )
    }

    #[test]
    fn an_expression_fits_when_a_choice_is_left_that_is_allowed() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(MIT OR GPL-3.0) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        ] {
            assert!(fits(good, &allowed()), "{good}");
        }
    }

    #[test]
    fn what_is_not_allowed_or_not_understood_does_not_fit() {
        for bad in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT",
            "MIT OR",
            "GPL-3.0 WITH LLVM-exception",
            "MIT MIT",
            ")",
        ] {
            assert!(!fits(bad, &allowed()), "{bad}");
        }
    }

    #[test]
    fn a_package_with_a_foreign_licence_is_named() {
        let found = refused([("a v1", "MIT"), ("b v1", "GPL-3.0"), ("c v1", "")].into_iter(), &allowed());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["b v1", "c v1"]);
        let lock = "\"node_modules/a\": {\n  \"license\": \"MIT\"\n},\n\"node_modules/b\": {\n  \"license\": \"GPL-3.0\"\n}";
        assert_eq!(refused(npm(lock), &allowed()).keys().collect::<Vec<_>>(), ["b"]);
    }
}
