//! Holds what a window shows to WCAG 2.2 AA, in light and dark, by axe-core.

use serde_json::json;

use crate::practice::root;
use crate::window::Window;

/// Fails with each fault that axe finds on the page as it is.
pub async fn accessible(window: &Window, page: &str) {
    let source =
        std::fs::read_to_string(root().join("ui/node_modules/axe-core/axe.min.js")).expect("axe-core");
    // The page's own policy forbids to evaluate text; the driver runs the source itself.
    window.run(&format!("if (!window.axe) {{ {source}\n }} return typeof window.axe"), vec![]).await;
    let script = "const done = arguments[0]; window.axe.run(document, { runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa',\
        'wcag22aa'], iframes: false }).then(r => done(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | '))), e => done(['axe: ' + e]));";
    // Colours halfway to others are nobody's colours.
    let still = "if (!document.getElementById('still')) { const s = document.createElement('style'); s.id = 'still';\
        s.textContent = '* { transition: none !important; animation: none !important }'; document.head.append(s); }";
    window.run(still, vec![]).await;
    for theme in ["light", "dark"] {
        let dress = "const is = document.documentElement.dataset; const was = is.theme; is.theme = arguments[0]; return was ?? null";
        let was = window.run(dress, vec![json!(theme)]).await;
        let faults = window.run_async(script, vec![]).await;
        assert_eq!(faults, json!([]), "{page} is not accessible in {theme} colours");
        window.run(dress, vec![was]).await;
    }
}
