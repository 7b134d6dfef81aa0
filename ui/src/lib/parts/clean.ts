// HTML that came with a course. Rust cleaned it already; it is cleaned once more before it is shown.
import DOMPurify from "dompurify";

/** Where the cleaner cannot work, nothing is shown rather than something unclean. */
export function cleaned(html: string): string {
  if (!DOMPurify.isSupported) return "";
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true, mathMl: true },
    FORBID_TAGS: ["style", "form", "iframe", "object", "embed"],
    FORBID_ATTR: ["style", "id", "name", "class"],
  });
}
