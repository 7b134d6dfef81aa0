// What a course folder must be, as a list of faults in plain words; empty when all is well.
// Must stay true: it looks only at `course.json` and asks `exists` about files, so a spoilt copy is checked without any file.

const SCORING = new Set(["local", "server", "manual"]);
const TIERS = new Set(["standard", "low", "audio"]);

/** Every fault of a parsed `course.json`; `exists(path)` says whether a file is in the folder. */
export function faults(course, exists) {
  const found = [];
  const need = (ok, fault) => { if (!ok) found.push(fault); };
  const file = (path, where) => need(typeof path === "string" && !/^\/|\\|(^|\/)\.\.(\/|$)/.test(path) && exists(path), `${where}: no file ${path}`);
  need(course.format === "daypack-course-folder/1", "format");
  for (const name of ["id", "title", "language", "summary", "licence"]) need(typeof course[name] === "string" && course[name], name);
  need(Number.isInteger(course.version), "version");
  const items = course.sections.flatMap((section) => section.items);
  unique(items.map((item) => item.id), "item id", need);
  unique(course.sections.map((section) => section.id), "section id", need);
  unique(items.flatMap((item) => (item.bindings ?? []).map((b) => `${b.site}/${b.course}/${b.cmid}`)), "activity", need);
  for (const item of items) {
    const where = `item ${item.id}`;
    need(/^[a-z0-9-]+$/.test(item.id) && item.title && item.summary && Number.isInteger(item.minutes), `${where}: id, title, summary or minutes`);
    for (const binding of item.bindings ?? []) need(binding.site in course.sites, `${where}: site ${binding.site}`);
    const check = KINDS[item.kind];
    if (check) check(item, where, need, file);
    else need(false, `${where}: kind ${item.kind}`);
  }
  return found;
}

const KINDS = {
  video(item, where, need, file) {
    need(Number.isInteger(item.duration_ms) && item.duration_ms > 0, `${where}: duration`);
    if (item.poster !== null) file(item.poster, where);
    for (const r of item.renditions) {
      file(r.path, where);
      need(TIERS.has(r.tier) && /^(avc1\.[0-9a-f]{6},)?mp4a\.40\.\d$/.test(r.codecs), `${where}: rendition ${r.tier}`);
    }
    for (const c of item.captions) file(c.path, where);
    need(item.chapters.every((c, i) => c.title && (i === 0 ? c.start_ms === 0 : c.start_ms > item.chapters[i - 1].start_ms)), `${where}: chapters in order`);
    need(!item.chapters.some((c) => c.start_ms >= item.duration_ms), `${where}: a chapter after the end`);
  },
  reading(item, where, need, file) {
    need(["text/html", "application/pdf"].includes(item.media_type), `${where}: media type`);
    for (const path of [item.path, ...item.assets]) file(path, where);
  },
  quiz(item, where, need) {
    const { mode, questions } = item.quiz;
    need(["practice", "graded"].includes(mode), `${where}: mode`);
    unique(questions.map((q) => q.id), `${where}: question`, need);
    for (const q of questions) {
      const here = `${where}, question ${q.id}`;
      need(q.text_html && typeof q.points === "number" && typeof q.feedback_html === "string", here);
      need(SCORING.has(q.scoring) && (q.scoring === "manual") === (q.kind === "essay"), `${here}: scoring`);
      need(KEYS[q.kind]?.(q) ?? false, `${here}: key`);
    }
  },
  assignment(item, where, need) {
    need(item.brief_html && typeof item.accepts_text === "boolean" && item.max_files >= 0 && item.max_file_bytes > 0 && item.max_grade > 0, where);
  },
  discussion(item, where, need) { need(item.prompt_html, where); },
  link(item, where, need) { need(/^https:\/\//.test(item.address) && item.why_online, where); },
};

/** Whether a key refers to what the question offers. */
const KEYS = {
  single_choice: (q) => ids(q.choices).has(q.key.choice),
  multiple_choice: (q) => q.key.choices.length > 0 && q.key.choices.every((id) => ids(q.choices).has(id)),
  true_false: (q) => typeof q.key.value === "boolean",
  short_text: (q) => q.key.accepted.length > 0 && typeof q.key.case_sensitive === "boolean",
  number: (q) => typeof q.key.value === "number" && q.key.tolerance >= 0 && typeof q.unit === "string",
  matching: (q) => q.left.every(({ id }) => ids(q.right).has(q.key.pairs[id])) && Object.keys(q.key.pairs).length === q.left.length,
  essay: (q) => q.key === null && (q.min_words === null || q.min_words > 0),
};

const ids = (list) => new Set(list.map(({ id }) => id));

function unique(list, what, need) {
  for (const value of new Set(list)) need(list.indexOf(value) === list.lastIndexOf(value), `${what} ${value} twice`);
}
