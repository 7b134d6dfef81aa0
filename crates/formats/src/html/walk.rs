//! Reads a page as a browser would and writes it again without what must not be in it, finding on the way what
//! it uses and what needs the internet. The result still goes through the allow-list.

use daypack_course::outline::{OnlineKind, OnlineNeed};
use ego_tree::NodeRef;
use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{Html, Node};

use super::{hosts, place};

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A file of the course, by key.
    Local { key: String, fragment: String },
    /// Another item of the course.
    Item(String),
    /// A place in the same page.
    Here(String),
    /// Another host.
    Remote { address: String, host: String },
    /// A mail address or telephone number.
    Mail(String),
    /// A picture inside the address itself.
    Data(String),
    /// A file that the course names and does not have.
    Missing(String),
    /// Nothing that may be followed.
    Nowhere,
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The page shows it.
    Show,
    /// The learner may follow it.
    Follow,
}

/// A page written again.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) title: String,
    pub(super) language: String,
    pub(super) direction: String,
    pub(super) sheets: Vec<String>,
    pub(super) body: String,
    pub(super) needs: Vec<OnlineNeed>,
    pub(super) scripts_removed: bool,
    pub(super) local_refs: Vec<String>,
}

/// Text as it must stand in HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn walk(html: &str, resolve: &mut dyn FnMut(&str, Use) -> Target) -> Walked {
    let tree = Html::parse_document(&super::text::tame(html));
    let mut walker = Walker { out: Walked::default(), resolve };
    let mut skip: Option<ego_tree::NodeId> = None;
    for edge in tree.tree.root().traverse() {
        match edge {
            Edge::Open(node) if skip.is_none() => {
                if !walker.open(node) {
                    skip = Some(node.id());
                }
            }
            Edge::Close(node) if skip == Some(node.id()) => skip = None,
            Edge::Close(node) if skip.is_none() => walker.close(&node),
            Edge::Open(_) | Edge::Close(_) => {}
        }
    }
    walker.out
}

struct Walker<'a> {
    out: Walked,
    resolve: &'a mut dyn FnMut(&str, Use) -> Target,
}

impl Walker<'_> {
    /// Writes a node's beginning; `false` leaves out all that is in it.
    fn open(&mut self, node: NodeRef<'_, Node>) -> bool {
        let element = match node.value() {
            Node::Text(text) => {
                self.out.body.push_str(&escape(text));
                return true;
            }
            Node::Element(element) => element,
            _ => return true,
        };
        if element.attrs().any(|(name, value)| name.starts_with("on") || is_script(value)) {
            self.out.scripts_removed = true;
        }
        match element.name() {
            "html" => {
                self.out.language = element.attr("lang").unwrap_or_default().to_owned();
                self.out.direction = element.attr("dir").unwrap_or_default().to_owned();
                true
            }
            "head" | "body" | "form" | "fieldset" | "label" | "picture" => true,
            "title" => {
                if self.out.title.is_empty() {
                    self.out.title = text_of(node).split_whitespace().collect::<Vec<_>>().join(" ");
                }
                false
            }
            "link" => {
                self.sheet(element);
                false
            }
            "script" | "applet" => {
                self.out.scripts_removed = true;
                false
            }
            "svg" => {
                self.svg(node);
                false
            }
            "img" => {
                self.image(element);
                false
            }
            "iframe" | "frame" | "embed" => {
                self.frame(element, element.attr("src"));
                false
            }
            "object" => {
                self.frame(element, element.attr("data"));
                false
            }
            "video" => self.media(node, element, OnlineKind::Video),
            "audio" => self.media(node, element, OnlineKind::Audio),
            "source" | "track" => {
                self.part(element);
                false
            }
            "a" => {
                self.link(element);
                true
            }
            "style" | "template" | "meta" | "base" | "noscript" | "noembed" | "noframes" | "input"
            | "button" | "select" | "textarea" | "param" | "option" | "datalist" | "dialog" | "canvas"
            | "area" | "map" | "portal" | "frameset" => false,
            name => {
                self.begin(name, element, &[]);
                true
            }
        }
    }

    fn close(&mut self, node: &NodeRef<'_, Node>) {
        let Node::Element(element) = node.value() else { return };
        match element.name() {
            "html" | "head" | "body" | "form" | "fieldset" | "label" | "picture" | "br" | "hr" | "wbr"
            | "col" | "img" | "source" | "track" => {}
            name => self.out.body.push_str(&format!("</{name}>")),
        }
    }

    /// A tag with its plain attributes (the allow-list decides) and with checked ones.
    fn begin(&mut self, name: &str, element: &Element, checked: &[(&str, &str)]) {
        self.out.body.push_str(&format!("<{name}"));
        for (attribute, value) in element.attrs() {
            if !matches!(
                attribute,
                "src" | "href" | "poster" | "srcset" | "data" | "action" | "background" | "autoplay"
            ) {
                self.out.body.push_str(&format!(" {attribute}=\"{}\"", escape(value)));
            }
        }
        for (attribute, value) in checked {
            self.out.body.push_str(&format!(" {attribute}=\"{}\"", escape(value)));
        }
        self.out.body.push('>');
    }

    fn local(&mut self, key: String, fragment: &str) -> String {
        let address = place::address_of(&key);
        if !self.out.local_refs.contains(&key) {
            self.out.local_refs.push(key);
        }
        if fragment.is_empty() { address } else { format!("{address}#{fragment}") }
    }

    fn need(&mut self, what: OnlineKind, host: &str) {
        let need = OnlineNeed { what, host: crate::printable(host) };
        if !self.out.needs.contains(&need) {
            self.out.needs.push(need);
        }
    }

    /// A block in place of something that is not here.
    fn block(&mut self, what: OnlineKind, host: &str, address: Option<&str>, label: &str) {
        self.need(what, host);
        let what = match what {
            OnlineKind::Video => "video",
            OnlineKind::Audio => "audio",
            OnlineKind::Image => "image",
            OnlineKind::MissingFile => "missing_file",
            OnlineKind::Frame | OnlineKind::Website | OnlineKind::Tool | OnlineKind::Start => "frame",
        };
        let label = if label.trim().is_empty() { host } else { label };
        let inner = match address {
            Some(address) => format!("<a href=\"{}\">{}</a>", escape(address), escape(label)),
            None => escape(label),
        };
        let host = escape(host);
        let block =
            format!("<div class=\"daypack-online\" data-host=\"{host}\" data-what=\"{what}\">{inner}</div>");
        self.out.body.push_str(&block);
    }

    fn sheet(&mut self, element: &Element) {
        let is_sheet = element.attr("rel").is_some_and(|r| r.eq_ignore_ascii_case("stylesheet"));
        let Some(href) = element.attr("href").filter(|_| is_sheet) else { return };
        if let Target::Local { key, .. } = (self.resolve)(href, Use::Show) {
            let address = self.local(key, "");
            self.out.sheets.push(address);
        }
    }

    fn svg(&mut self, node: NodeRef<'_, Node>) {
        let label = node.children().find_map(|c| match c.value() {
            Node::Element(e) if e.name() == "title" => Some(text_of(c)),
            _ => None,
        });
        if let Some(label) = label {
            self.out.body.push_str(&format!("<span class=\"daypack-drawing\">{}</span>", escape(&label)));
        }
        if node.descendants().any(|n| matches!(n.value(), Node::Element(e) if e.name() == "script")) {
            self.out.scripts_removed = true;
        }
    }

    fn image(&mut self, element: &Element) {
        let alt = element.attr("alt").unwrap_or_default();
        let formula = element.attr("data-equation-content");
        let src = element.attr("src").unwrap_or_default();
        if formula.is_some() || src.contains("/equation_images/") {
            let source = formula.unwrap_or(alt);
            self.out.body.push_str(&format!("<code class=\"daypack-formula\">{}</code>", escape(source)));
            return;
        }
        match (self.resolve)(src, Use::Show) {
            Target::Local { key, .. } => {
                let address = self.local(key, "");
                self.begin("img", element, &[("src", &address)]);
            }
            Target::Data(address) => self.begin("img", element, &[("src", &address)]),
            Target::Remote { address, host } => self.block(OnlineKind::Image, &host, Some(&address), alt),
            Target::Missing(name) => self.block(OnlineKind::MissingFile, &name, None, alt),
            Target::Item(_) | Target::Here(_) | Target::Mail(_) | Target::Nowhere => {
                self.out.body.push_str(&escape(alt));
            }
        }
    }

    fn frame(&mut self, element: &Element, address: Option<&str>) {
        let label = element.attr("title").unwrap_or_default().to_owned();
        if element.attr("srcdoc").is_some() {
            self.out.scripts_removed = true;
        }
        match (self.resolve)(address.unwrap_or_default(), Use::Follow) {
            Target::Local { key, fragment } => {
                let shown = if label.trim().is_empty() { key.clone() } else { label };
                let address = self.local(key, &fragment);
                self.anchor(&address, None, &shown);
            }
            Target::Item(id) => self.anchor(&format!("~item/{}", place::address_of(&id)), Some(&id), &label),
            Target::Remote { address, host } => {
                let what = hosts::frame_kind(&host, &address);
                self.block(what, &host, Some(&address), &label);
            }
            Target::Missing(name) => self.block(OnlineKind::MissingFile, &name, None, &label),
            Target::Here(_) | Target::Mail(_) | Target::Data(_) | Target::Nowhere => {}
        }
    }

    fn anchor(&mut self, address: &str, item: Option<&str>, label: &str) {
        let item = item.map(|i| format!(" data-item=\"{}\"", escape(i))).unwrap_or_default();
        self.out.body.push_str(&format!(
            "<p><a href=\"{}\"{item}>{}</a></p>",
            escape(address),
            escape(label)
        ));
    }

    /// A player: kept when one of its files is here, else a block.
    fn media(&mut self, node: NodeRef<'_, Node>, element: &Element, what: OnlineKind) -> bool {
        let parts = node.children().filter_map(|c| match c.value() {
            Node::Element(e) if e.name() == "source" => e.attr("src"),
            _ => None,
        });
        let sources: Vec<String> = element.attr("src").into_iter().chain(parts).map(str::to_owned).collect();
        let targets: Vec<Target> = sources.iter().map(|s| (self.resolve)(s, Use::Show)).collect();
        if !targets.iter().any(|t| matches!(t, Target::Local { .. })) {
            let label = element.attr("title").or(element.attr("aria-label")).unwrap_or_default().to_owned();
            for target in targets {
                match target {
                    Target::Remote { address, host } => {
                        self.block(what, &host, Some(&address), &label);
                        break;
                    }
                    Target::Missing(name) => {
                        self.block(OnlineKind::MissingFile, &name, None, &label);
                        break;
                    }
                    _ => {}
                }
            }
            return false;
        }
        let mut checked = vec![("controls", String::new()), ("preload", "metadata".to_owned())];
        for name in ["src", "poster"] {
            let target = element.attr(name).map(|a| (self.resolve)(a, Use::Show));
            if let Some(Target::Local { key, .. }) = target {
                checked.push((name, self.local(key, "")));
            }
        }
        self.out.body.push_str(if what == OnlineKind::Audio { "<audio" } else { "<video" });
        for name in ["width", "height", "class", "title"] {
            if let Some(value) = element.attr(name) {
                checked.push((name, value.to_owned()));
            }
        }
        for (name, value) in checked {
            self.out.body.push_str(&format!(" {name}=\"{}\"", escape(&value)));
        }
        self.out.body.push('>');
        true
    }

    fn part(&mut self, element: &Element) {
        let target = element.attr("src").map(|a| (self.resolve)(a, Use::Show));
        if let Some(Target::Local { key, .. }) = target {
            let address = self.local(key, "");
            self.begin(element.name(), element, &[("src", &address)]);
        }
    }

    fn link(&mut self, element: &Element) {
        let checked: Vec<(&str, String)> = match element.attr("href").map(|a| (self.resolve)(a, Use::Follow))
        {
            Some(Target::Local { key, fragment }) => vec![("href", self.local(key, &fragment))],
            Some(Target::Item(id)) => {
                vec![("href", format!("~item/{}", place::address_of(&id))), ("data-item", id)]
            }
            Some(Target::Here(fragment)) => vec![("href", format!("#{fragment}"))],
            Some(Target::Remote { address, .. } | Target::Mail(address)) => vec![("href", address)],
            Some(Target::Missing(name)) => {
                self.need(OnlineKind::MissingFile, &name);
                Vec::new()
            }
            Some(Target::Data(_) | Target::Nowhere) | None => Vec::new(),
        };
        let checked: Vec<(&str, &str)> = checked.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.begin("a", element, &checked);
    }
}

fn is_script(value: &str) -> bool {
    let address = place::tidy(&value.chars().take(64).collect::<String>());
    matches!(place::scheme(&address).as_deref(), Some("javascript" | "vbscript"))
}

fn text_of(node: NodeRef<'_, Node>) -> String {
    node.descendants().filter_map(|n| n.value().as_text().map(|t| t.to_string())).collect()
}
