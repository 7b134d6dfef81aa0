//! `imsmanifest.xml`: title, the tree of items flattened in order, and the resources.

use std::collections::BTreeMap;

use super::xml::{Element, Tree};
use crate::OpenError;

/// What a manifest says.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) title: String,
    pub(super) summary: String,
    pub(super) language: String,
    pub(super) licence: String,
    schema: String,
    version: String,
    /// In document order, root item left out.
    pub(super) nodes: Vec<Node>,
    pub(super) resources: Vec<Resource>,
    pub(super) by_id: BTreeMap<String, usize>,
    /// Whether letters had to be guessed.
    pub(super) repaired: bool,
    scorm: bool,
}

/// An item of the tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// 0 for a module.
    pub(super) depth: usize,
    pub(super) title: String,
    pub(super) resource: Option<String>,
}

/// A resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Resource {
    pub(super) id: String,
    /// Lower case, without a leading slash.
    pub(super) kind: String,
    pub(super) href: Option<String>,
    /// Folder from `xml:base`.
    pub(super) base: String,
    pub(super) files: Vec<String>,
    pub(super) needs: Vec<String>,
}

impl Manifest {
    /// Names a package that has a manifest and is no cartridge.
    pub(super) fn other_kind(&self) -> Option<&'static str> {
        let schema = self.schema.to_lowercase();
        let cartridge = schema.contains("cartridge")
            || self.resources.iter().any(|r| r.kind.starts_with("imsdt") || r.kind.starts_with("imswl"));
        if cartridge {
            None
        } else if self.scorm || schema.contains("scorm") {
            Some("scorm")
        } else if schema.contains("qti")
            || (!self.resources.is_empty() && self.resources.iter().all(|r| r.kind.starts_with("imsqti")))
        {
            Some("qti")
        } else {
            None
        }
    }

    /// Whether the version is one this code was written for.
    pub(super) fn is_known_version(&self) -> bool {
        self.version.is_empty()
            || ["1.0", "1.1", "1.2", "1.3", "1.4"].iter().any(|v| self.version.starts_with(v))
    }

    /// The version as written.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn resource(&self, id: &str) -> Option<&Resource> {
        self.by_id.get(id).and_then(|i| self.resources.get(*i))
    }
}

/// Reads the manifest.
pub(super) fn parse(tree: &Tree) -> Result<Manifest, OpenError> {
    let root = tree.root().filter(|r| r.name() == "manifest");
    let root = root.ok_or_else(|| OpenError::damaged("manifest"))?;
    let mut out = Manifest { repaired: tree.repaired, ..Manifest::default() };
    if let Some(metadata) = root.child("metadata") {
        out.schema = metadata.text_of("schema").to_owned();
        out.version = metadata.text_of("schemaversion").to_owned();
        if let Some(lom) = metadata.child("lom") {
            general(lom, &mut out);
        }
    }
    let organizations = root.child("organizations");
    let wanted = organizations.and_then(|o| o.attribute("default"));
    let organization = organizations.and_then(|o| {
        let named = o.all("organization").find(|c| c.attribute("identifier") == wanted);
        named.or_else(|| o.child("organization"))
    });
    if let Some(organization) = organization {
        if out.title.is_empty() {
            out.title = organization.text_of("title").to_owned();
        }
        out.nodes = flatten(organization);
    }
    if let Some(resources) = root.child("resources") {
        let folder = resources.attribute("base").unwrap_or_default();
        for element in resources.all("resource") {
            out.scorm |= element.attribute("scormtype").or(element.attribute("scormType")).is_some();
            let resource = resource(element, folder);
            out.by_id.entry(resource.id.clone()).or_insert(out.resources.len());
            out.resources.push(resource);
        }
    }
    Ok(out)
}

fn general(lom: Element<'_>, out: &mut Manifest) {
    let string = |path: &[&str]| {
        let node = lom.at(path);
        let inner = node.and_then(|n| n.child("string").or(n.child("langstring")));
        inner.or(node).map_or("", |n| n.text()).to_owned()
    };
    out.title = string(&["general", "title"]);
    out.summary = crate::html::plain_text(&string(&["general", "description"]));
    out.language = string(&["general", "language"]);
    // Canvas writes this into almost every export whether it was chosen or not: no statement at all.
    let licence = string(&["rights", "description"]);
    if !licence.starts_with("Private (Copyrighted)") {
        out.licence = licence;
    }
}

fn resource(element: Element<'_>, folder: &str) -> Resource {
    let text = |name: &str| element.attribute(name).map(str::trim).unwrap_or_default().to_owned();
    let href = Some(text("href")).filter(|h| !h.is_empty());
    let files =
        element.all("file").filter_map(|f| f.attribute("href")).map(|h| h.trim().to_owned()).collect();
    let needs = element.children().filter(|c| matches!(c.name(), "dependency" | "variant"));
    Resource {
        id: text("identifier"),
        kind: text("type").to_lowercase().trim_start_matches('/').to_owned(),
        href,
        base: format!("{folder}/{}", text("base")),
        files,
        needs: needs.filter_map(|d| d.attribute("identifierref")).map(str::to_owned).collect(),
    }
}

/// The tree in document order without its nameless root: the lone top item that only holds others.
fn flatten(organization: Element<'_>) -> Vec<Node> {
    let mut top: Vec<Element<'_>> = organization.all("item").collect();
    if let [root] = top.as_slice()
        && root.attribute("identifierref").is_none()
        && root.child("item").is_some()
    {
        let inner: Vec<Element<'_>> = root.all("item").collect();
        let modules = inner.iter().any(|i| i.child("item").is_some());
        if modules || root.text_of("title").is_empty() {
            top = inner;
        }
    }
    let mut out = Vec::new();
    let mut stack: Vec<(usize, Element<'_>)> = top.into_iter().rev().map(|e| (0, e)).collect();
    while let Some((depth, element)) = stack.pop() {
        let resource = element.attribute("identifierref").map(str::trim).filter(|r| !r.is_empty());
        let node =
            Node { depth, title: element.text_of("title").to_owned(), resource: resource.map(str::to_owned) };
        out.push(node);
        let children: Vec<Element<'_>> = element.all("item").collect();
        stack.extend(children.into_iter().rev().map(|e| (depth + 1, e)));
    }
    out
}
