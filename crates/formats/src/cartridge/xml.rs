//! XML of unknown quality as a flat tree: decoded by byte order mark or declaration, without entities of a
//! document type, with limits on depth and size. Names are local names; namespaces are too often wrong to use.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::OpenError;

/// Deepest nesting.
const MAX_DEPTH: usize = 2000;
/// Most elements.
const MAX_NODES: usize = 2_000_000;
/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 200;

/// A parsed file. Node 0 is the root element.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Data>,
    /// Whether letters had to be guessed or replaced.
    pub(super) repaired: bool,
}

#[derive(Debug, Default)]
struct Data {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<usize>,
}

/// An element of a tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    tree: &'a Tree,
    data: &'a Data,
}

impl Tree {
    pub(super) fn root(&self) -> Option<Element<'_>> {
        self.nodes.first().map(|data| Element { tree: self, data })
    }
}

impl<'a> Element<'a> {
    /// Local name.
    pub(super) fn name(&self) -> &'a str {
        &self.data.name
    }

    /// Value of an attribute, by local name.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.data.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Own text, trimmed.
    pub(super) fn text(&self) -> &'a str {
        self.data.text.trim()
    }

    pub(super) fn children(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let tree = self.tree;
        self.data.children.iter().filter_map(|i| tree.nodes.get(*i)).map(move |data| Element { tree, data })
    }

    /// Children with this name.
    pub(super) fn all(&self, name: &'static str) -> impl Iterator<Item = Element<'a>> + use<'a> {
        self.children().filter(move |c| c.name() == name)
    }

    /// The first child with this name.
    pub(super) fn child(&self, name: &str) -> Option<Element<'a>> {
        self.children().find(|c| c.name() == name)
    }

    /// Follows a path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<Element<'a>> {
        path.iter().try_fold(*self, |here, name| here.child(name))
    }

    /// Text of a child; empty when there is none.
    pub(super) fn text_of(&self, name: &str) -> &'a str {
        self.child(name).map_or("", |c| c.text())
    }

    /// The first element below with this name, in document order.
    pub(super) fn find(&self, name: &str) -> Option<Element<'a>> {
        let mut stack: Vec<Element<'a>> = self.children().collect();
        stack.reverse();
        while let Some(here) = stack.pop() {
            if here.name() == name {
                return Some(here);
            }
            let at = stack.len();
            stack.extend(here.children());
            if let Some(added) = stack.get_mut(at..) {
                added.reverse();
            }
        }
        None
    }
}

/// Parses a file.
pub(super) fn parse(raw: &[u8]) -> Result<Tree, OpenError> {
    let (text, repaired) = decode(raw);
    let mut tree = Tree { nodes: Vec::new(), repaired };
    let mut open: Vec<usize> = Vec::new();
    let mut reader = Reader::from_str(text.trim_start());
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_end_names = true;
    config.expand_empty_elements = false;
    let broken = || OpenError::damaged("XML");
    loop {
        match reader.read_event().map_err(|_| broken())? {
            Event::Start(start) => {
                let index = tree.add(&start, open.last().copied())?;
                open.push(index);
                if open.len() > MAX_DEPTH {
                    return Err(OpenError::too_large("XML depth"));
                }
            }
            Event::Empty(start) => {
                tree.add(&start, open.last().copied())?;
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => tree.push_text(&open, &text.xml10_content()),
            Event::CData(text) => tree.push_text(&open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let name: &str = &reference;
                match entity(name) {
                    Some(c) => tree.push_text(&open, c.encode_utf8(&mut [0; 4])),
                    None => tree.push_text(&open, &format!("&{name};")),
                }
            }
            Event::DocType(doctype) => {
                if doctype.to_ascii_uppercase().contains("<!ENTITY") {
                    return Err(OpenError::damaged("XML with entities of its own"));
                }
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    if !open.is_empty() || tree.nodes.is_empty() {
        return Err(broken());
    }
    Ok(tree)
}

impl Tree {
    fn add(&mut self, start: &BytesStart<'_>, parent: Option<usize>) -> Result<usize, OpenError> {
        let index = self.nodes.len();
        if index >= MAX_NODES {
            return Err(OpenError::too_large("XML elements"));
        }
        let local = |name: &str| name.rsplit(':').next().unwrap_or(name).to_owned();
        let mut data = Data { name: local(start.name().as_ref()), ..Data::default() };
        for attribute in start.attributes().with_checks(false).take(MAX_ATTRIBUTES).flatten() {
            let value = unescape(&attribute.value);
            data.attributes.push((local(attribute.key.as_ref()), value));
        }
        self.nodes.push(data);
        if let Some(parent) = parent.and_then(|p| self.nodes.get_mut(p)) {
            parent.children.push(index);
        }
        Ok(index)
    }

    fn push_text(&mut self, open: &[usize], text: &str) {
        if let Some(node) = open.last().and_then(|i| self.nodes.get_mut(*i)) {
            node.text.push_str(text);
        }
    }
}

/// Predefined entities, numbers, and the few of HTML that hand edited files use.
fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
        return code.and_then(char::from_u32).filter(|c| !is_forbidden(*c));
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "szlig" => 'ß',
        "ntilde" => 'ñ',
        "ccedil" => 'ç',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "copy" => '©',
        _ => return None,
    })
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match after.split_once(';').and_then(|(name, tail)| Some((entity(name)?, tail))) {
            Some((c, tail)) => {
                out.push(c);
                rest = tail;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Text by byte order mark, declaration or, where neither fits, by what the bytes can be.
fn decode(raw: &[u8]) -> (String, bool) {
    let marked = Encoding::for_bom(raw).map(|(encoding, _)| encoding);
    let encoding = marked.or_else(|| wide(raw)).or_else(|| declared(raw)).unwrap_or(UTF_8);
    let (text, _, bad) = encoding.decode(raw);
    let (text, repaired) = if bad && encoding == UTF_8 {
        (WINDOWS_1252.decode(raw).0.into_owned(), true)
    } else {
        (text.into_owned(), bad)
    };
    let repaired = repaired || text.chars().any(is_forbidden);
    (text.chars().filter(|c| !is_forbidden(*c) && *c != '\u{feff}').collect(), repaired)
}

/// UTF-16 without a mark.
fn wide(raw: &[u8]) -> Option<&'static Encoding> {
    match raw {
        [b'<', 0, ..] => Some(encoding_rs::UTF_16LE),
        [0, b'<', ..] => Some(encoding_rs::UTF_16BE),
        _ => None,
    }
}

fn declared(raw: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(raw.get(..raw.len().min(200)).unwrap_or_default());
    let declaration = head.trim_start().strip_prefix("<?xml")?.split("?>").next()?.to_owned();
    let (_, after) = declaration.split_once("encoding")?;
    let label = after.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let label = label.split(['"', '\'']).next()?;
    // A file whose declaration can be read byte by byte is not UTF-16, whatever it says.
    Encoding::for_label(label.as_bytes()).filter(|e| e.is_ascii_compatible())
}
