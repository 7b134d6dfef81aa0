// Made-up courses for looking at the pages in a browser. Never shipped.
import type {
  AttemptView,
  CourseCard,
  CourseView,
  FeedbackView,
  ItemBodyView,
  ItemRow,
  JobView,
  Question,
  WorkCard,
} from "../bindings";

export const NOW = Date.now();
const MIN = 60_000;

export function row(id: string, title: string, kind: ItemRow["kind"], more: Partial<ItemRow> = {}): ItemRow {
  return {
    id,
    title,
    kind,
    summary: "",
    what: "",
    minutes: 12,
    here: "ready",
    size: 24_000_000,
    size_here: 24_000_000,
    done: "no",
    progress: null,
    locked: null,
    online: [],
    standing: "listed",
    dates: [],
    work: null,
    grade: null,
    unseen: false,
    deadline: null,
    ...more,
  };
}

export const job: JobView = {
  course: "c2",
  title: "Water, soil and seeds",
  state: "running",
  done_bytes: 148_000_000,
  total_bytes: 412_000_000,
  files_done: 14,
  files_total: 39,
  speed: 412_000,
  left: { from_ms: 640_000, to_ms: 1_500_000 },
  items: ["s3"],
};

export const sections = [
  {
    id: "s1",
    title: "From wire to web",
    summary: "What travels, and how it finds its way.",
    items: [
      row("v1", "What a packet is", "video", {
        done: "yes",
        progress: 1,
        summary: "Why everything is cut into small pieces.",
      }),
      row("r1", "The address on the envelope", "reading", {
        done: "yes",
        minutes: 8,
        size: 320_000,
        size_here: 320_000,
      }),
      row("v2", "Finding a way: routers", "video", { done: "started", progress: 0.42, minutes: 9 }),
      row("q1", "Check yourself: packets and routes", "quiz", { minutes: 6, size: 8_000, size_here: 8_000 }),
    ],
  },
  {
    id: "s2",
    title: "When lines are slow",
    summary: "",
    items: [
      row("v3", "Why waiting is worse than slowness", "video", { here: "not_here", size_here: 0 }),
      row("p1", "Field guide to bad connections (PDF)", "reading", { here: "coming", size_here: 0, size: 4_100_000 }),
      row("q2", "Graded: explain an outage", "quiz", { minutes: 30, size: 12_000, size_here: 12_000, work: "waiting" }),
      row("a1", "A plan for your school's connection", "assignment", {
        minutes: 60,
        size: 20_000,
        size_here: 20_000,
        work: "accepted",
        unseen: true,
        grade: { value: 82, max: 100, shown: "82.00", is_final: true },
      }),
      row("d1", "How do you connect?", "discussion", { minutes: 15, size: 9_000, size_here: 9_000 }),
      row("l1", "A map of sea cables", "link", {
        here: "needs_internet",
        size: null,
        size_here: 0,
        minutes: null,
        online: [{ what: "website", host: "cables.example" }],
      }),
      row("u1", "Virtual lab", "unsupported", {
        here: "not_yet",
        what: "External tool",
        size: null,
        size_here: 0,
        minutes: null,
      }),
    ],
  },
];

export const cards: CourseCard[] = [
  {
    id: "c1",
    title: "How the internet reaches you",
    from: "Practice campus",
    summary:
      "Packets, routes and slow lines: what happens between a page and your screen, and why it sometimes takes so long.",
    origin: { kind: "site", site: "https://campus.example", remote: "2", account: "a1" },
    items: 11,
    items_ready: 7,
    items_done: 2,
    size: 96_000_000,
    size_here: 72_000_000,
    next: { id: "v2", title: "Finding a way: routers", kind: "video" },
    job: null,
    changes: 0,
  },
  {
    id: "c2",
    title: "Water, soil and seeds",
    from: "Open shelf library",
    summary: "Growing food with little water.",
    origin: { kind: "package", package: "p", key: "k", version: 3 },
    items: 24,
    items_ready: 9,
    items_done: 0,
    size: 412_000_000,
    size_here: 148_000_000,
    next: { id: "v1", title: "What soil is made of", kind: "video" },
    job,
    changes: 2,
  },
  {
    id: "c3",
    title: "First steps in Daypack",
    from: "",
    summary: "A short course to look around in.",
    origin: { kind: "built_in" },
    items: 4,
    items_ready: 4,
    items_done: 4,
    size: 3_900_000,
    size_here: 3_900_000,
    next: null,
    job: null,
    changes: 0,
  },
];

export const course = (id: string): CourseView => ({
  card: cards.find((one) => one.id === id) ?? cards[0]!,
  language: "en",
  licence: "CC0-1.0",
  sections,
  findings: [
    { item: "l1", code: "online_link", detail: "cables.example" },
    { item: "u1", code: "kind_not_yet", detail: "External tool" },
    { item: "r1", code: "script_removed", detail: "pages/address.html" },
  ],
  tiers: [
    { tier: "standard", size: 96_000_000 },
    { tier: "low", size: 41_000_000 },
    { tier: "audio", size: 12_000_000 },
  ],
  tier: "standard",
  changes: id === "c1" ? [{ item: "q2", title: "Quiz: packets", what: "answered", at: NOW - 60 * MIN }] : [],
  has_library: id === "c2",
  has_school: id === "c1",
  last_confirmed: id === "c2" ? Date.UTC(2025, 2, 4) : null,
  zone: "Africa/Nairobi",
});

const base = { points: 1, scoring: "local" as const, feedback_html: "" };
const choice = (id: string, text_html: string) => ({ id, text_html, feedback_html: "" });
export const PICTURE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"><rect width="320" height="180" fill="#dfe8ee"/><path d="M40 40 L280 140" stroke="#33566b" stroke-width="6"/></svg>',
)}`;
export const questions: Question[] = [
  {
    ...base,
    id: "d0",
    kind: "description",
    points: 0,
    text_html: "<p>These questions are about the first two lectures.</p>",
  },
  {
    ...base,
    id: "k1",
    kind: "single_choice",
    slot: 1,
    text_html: "<p>Why is a long message cut into <em>packets</em>?</p>",
    choices: [
      choice("a", "So that many messages can share one line"),
      choice("b", "So that nobody can read it"),
      choice("c", "Because letters have a fixed size"),
    ],
    key: null,
  },
  {
    ...base,
    id: "k2",
    kind: "multiple_choice",
    slot: 2,
    text_html: "<p>What does a router look at?</p>",
    choices: [
      choice("a", "The address of the receiver"),
      choice("b", "The pictures inside"),
      choice("c", "How busy its lines are"),
    ],
    key: null,
  },
  {
    ...base,
    id: "k3",
    kind: "true_false",
    slot: 3,
    text_html: "<p>Packets of one message may take different ways.</p>",
    key: null,
  },
  {
    ...base,
    id: "k4",
    kind: "short_text",
    slot: 4,
    text_html: "<p>What is the number called that every device has on the internet?</p>",
    key: null,
  },
  {
    ...base,
    id: "k5",
    kind: "number",
    slot: 5,
    unit: "ms",
    text_html: "<p>Light in glass travels 200 km in one millisecond. How long for 6000 km?</p>",
    key: null,
  },
  {
    ...base,
    id: "k6",
    kind: "matching",
    slot: 6,
    text_html: "<p>Match.</p>",
    left: [
      { id: "l1", text_html: "Post office" },
      { id: "l2", text_html: "Envelope" },
    ],
    right: [
      { id: "r1", text_html: "Router" },
      { id: "r2", text_html: "Packet" },
    ],
    key: null,
  },
  {
    ...base,
    id: "k7",
    kind: "essay",
    slot: 7,
    scoring: "manual",
    points: 10,
    min_words: 80,
    max_words: 300,
    takes_files: true,
    text_html: "<p>Explain to a friend why a page can load slowly although the line is fast.</p>",
  },
  {
    ...base,
    id: "k9",
    kind: "blanks",
    slot: 9,
    text_html:
      "<p>A letter goes into an <strong>envelope</strong>, data into a \uE000sub1_answer\uE001. It is sent by a \uE000sub2_answer\uE001 and needs \uE000sub3_answer\uE001 It has \uE000sub4\uE001</p><p>The \uE000p1\uE001 asks, the \uE000p2\uE001 answers.</p>",
    blanks: [
      { id: "sub1_answer", shape: "line", choices: [], group: "", width: 8 },
      {
        id: "sub2_answer",
        shape: "list",
        choices: [choice("0", "router"), choice("1", "stamp")],
        group: "",
        width: null,
      },
      {
        id: "sub3_answer",
        shape: "one",
        choices: [choice("0", "an address"), choice("1", "a colour")],
        group: "",
        width: null,
      },
      {
        id: "sub4",
        shape: "several",
        choices: [choice("sub4_choice0", "a sender"), choice("sub4_choice1", "a receiver")],
        group: "",
        width: null,
      },
      { id: "p1", shape: "piece", choices: [], group: "1", width: null },
      { id: "p2", shape: "piece", choices: [], group: "1", width: null },
    ],
    pieces: [
      { id: "1", group: "1", text_html: "browser", many: false },
      { id: "2", group: "1", text_html: "server", many: false },
      { id: "3", group: "1", text_html: "cable", many: true },
    ],
  },
  {
    ...base,
    id: "k10",
    kind: "picture",
    slot: 10,
    text_html: "<p>Put the names onto the picture.</p>",
    image: PICTURE,
    spots: [
      { id: "p1", group: "1", at: { x: 20, y: 20 }, name: "" },
      { id: "p2", group: "1", at: { x: 200, y: 100 }, name: "" },
    ],
    pieces: [
      { id: "1", group: "1", text_html: "home", many: false },
      { id: "2", group: "1", text_html: "exchange", many: false },
    ],
  },
  {
    ...base,
    id: "k11",
    kind: "markers",
    slot: 11,
    text_html: "<p>Mark both ends of the line.</p>",
    image: PICTURE,
    markers: [{ id: "c1", text_html: "End", most: 2 }],
  },
  {
    ...base,
    id: "k12",
    kind: "ordering",
    slot: 12,
    text_html: "<p>Bring the steps into order.</p>",
    items: [choice("i2", "The server answers"), choice("i1", "The browser asks"), choice("i3", "The page is shown")],
  },
  { ...base, id: "k8", kind: "unsupported", what: "drag and drop onto image", text_html: "<p>Place the labels.</p>" },
];

export const attempt = (id: string, finished: boolean, practice: boolean): AttemptView => ({
  id,
  number: 1,
  started: NOW - 20 * MIN,
  finished: finished ? NOW - MIN : null,
  remote: null,
  flags: [],
  questions: questions.map((q) => {
    if (!finished || !practice) return q;
    switch (q.kind) {
      case "single_choice":
        return { ...q, key: { choice: "a" }, feedback_html: "<p>Sharing is the whole trick.</p>" };
      case "multiple_choice":
        return { ...q, key: { choices: ["a", "c"] } };
      case "true_false":
        return { ...q, key: { value: true } };
      case "short_text":
        return { ...q, key: { accepted: ["IP address"], case_sensitive: false } };
      case "number":
        return { ...q, key: { value: 30, tolerance: 1 } };
      case "matching":
        return { ...q, key: { pairs: { l1: "r1", l2: "r2" } } };
      default:
        return q;
    }
  }),
  responses: {
    k1: { response: { kind: "single_choice", choice: "b" }, at: NOW - 8 * MIN },
    k7: {
      response: {
        kind: "essay",
        text: "A fast line moves much at once, but each question still has to travel there and back.",
      },
      at: NOW - 7 * MIN,
    },
  },
  score: finished && practice ? 0.62 : null,
  scores:
    finished && practice
      ? { k1: { fraction: 0, right: [] }, k2: { fraction: 0.5, right: ["a"] }, k3: { fraction: 1, right: ["true"] } }
      : {},
  work: null,
  ends: null,
  kept_at: null,
  closed_there: false,
});

const work = (
  id: string,
  item: string,
  title: string,
  kind: WorkCard["kind"],
  state: WorkCard["state"],
  excerpt: string,
): WorkCard => ({
  id,
  course: "c1",
  course_title: "How the internet reaches you",
  item,
  item_title: title,
  kind,
  created: NOW - 90 * MIN,
  state,
  size: 3_400,
  tries: state.state === "waiting" ? 1 : 2,
  next_try: state.state === "waiting" ? NOW + 4 * MIN : null,
  excerpt,
  site_name: "Practice campus",
  group:
    state.state === "accepted"
      ? "sent"
      : state.state === "refused" || state.state === "unclear"
        ? "needs_you"
        : "waiting",
  goes_to: null,
  wait: state.state === "waiting" ? "next_try" : state.state === "unclear" ? "learner" : null,
  trouble: state.state === "waiting" ? "not_reached" : state.state === "in_doubt" ? "reply_lost" : null,
  set_aside: false,
  can_take_back: false,
  deadline:
    state.state === "waiting"
      ? {
          send_before: NOW + 20 * 60 * MIN,
          due: NOW + 20 * 60 * MIN,
          closes: null,
          urgency: "soon",
          left_ms: 20 * 60 * MIN,
          clock_wrong_ms: null,
        }
      : null,
  zone: "Africa/Nairobi",
});
export const works: WorkCard[] = [
  work(
    "w1",
    "q2",
    "Graded: explain an outage",
    "quiz",
    { state: "waiting" },
    "The cable was cut near the harbour, so packets had to…",
  ),
  work(
    "w2",
    "d1",
    "How do you connect?",
    "post",
    { state: "in_doubt" },
    "We share one phone in the evening and download at night.",
  ),
  work(
    "w3",
    "a1",
    "A plan for your school's connection",
    "submission",
    {
      state: "refused",
      refusal: { why: "closed", said: "Submissions are closed since 12 March.", at: NOW - 30 * MIN },
    },
    "First I measured how long the line is down each day.",
  ),
  work("w5", "d1", "How do you connect?", "post", { state: "unclear" }, "One more thing about the evening hours."),
  work(
    "w4",
    "a1",
    "A plan for your school's connection",
    "submission",
    { state: "accepted", receipt: { remote: "sub-20418", at: NOW - 60 * MIN, found: true, caveat: null } },
    "First I measured how long…",
  ),
];

export const feedback: FeedbackView[] = [
  {
    id: "f1",
    course: "c1",
    item: "a1",
    course_title: "How the internet reaches you",
    item_title: "A plan for your school's connection",
    grade: { value: 82, max: 100, shown: "82.00", is_final: true },
    comment_html:
      "<p>You measured before you planned, and that shows. Say more about <strong>who pays</strong> in year two.</p>",
    questions: [],
    files: [{ name: "message.ogg", media_type: "audio/ogg", size: 240_000, url: null }],
    from: "Amina Diallo",
    given: NOW - 40 * MIN,
    seen: false,
  },
  {
    id: "f2",
    course: "c1",
    item: "q2",
    course_title: "How the internet reaches you",
    item_title: "Graded: explain an outage",
    grade: { value: 7, max: 10, shown: "7.00", is_final: false },
    comment_html: "",
    from: "Practice campus",
    given: NOW - 3000 * MIN,
    seen: true,
    questions: [
      {
        slot: 7,
        state: "partly",
        mark: 6,
        max_mark: 10,
        comment_html: "<p>Good picture. Name the delay.</p>",
        outcome_html: "<p>The correct answer is: a packet</p>",
      },
    ],
    files: [],
  },
];

export function body(id: string): ItemBodyView {
  switch (id) {
    case "v1":
    case "v2":
      return {
        kind: "video",
        sources: [
          {
            tier: "standard",
            url: "sample.webm",
            media_type: "video/webm",
            codecs: "vp8",
            size: 24_000_000,
            is_coming: false,
          },
          {
            tier: "audio",
            url: "sample.webm",
            media_type: "audio/webm",
            codecs: "opus",
            size: 3_000_000,
            is_coming: false,
          },
        ],
        captions: [
          {
            language: "en",
            label: "English",
            text: "WEBVTT\n\n00:00.000 --> 00:20.000\nEvery message is cut into packets.\n",
          },
        ],
        chapters: [
          { start_ms: 0, title: "A letter in pieces" },
          { start_ms: 140_000, title: "What is written on a packet" },
          { start_ms: 320_000, title: "When one gets lost" },
        ],
        duration_ms: 540_000,
        poster: null,
        position_ms: 187_000,
        watched: [[0, 187_000]],
        playing: { rate: 1.25, captions: true, language: "en", goes_on: false },
        bookmarks: [{ id: "b1", at_ms: 95_000, text: "Ask what happens to a lost packet" }],
      };
    case "r1":
      return {
        kind: "reading",
        shown_as: "page",
        media_type: "text/html",
        name: "address.html",
        url: "about:blank#",
        fraction: 0,
        size: 320_000,
      };
    case "p1":
    case "v3":
      return { kind: "not_here" };
    case "q1":
      return {
        kind: "quiz",
        mode: "practice",
        intro_html: "",
        questions: 8,
        starts_online: false,
        only_there: null,
        address: null,
        checks_each: false,
        time_limit_ms: null,
        opens: null,
        closes: null,
        max_attempts: null,
        open: null,
        past: [attempt("t0", true, true)],
      };
    case "q2":
      return {
        kind: "quiz",
        mode: "graded",
        intro_html: "<p>Take your time. What you write is kept.</p>",
        questions: 8,
        starts_online: false,
        only_there: null,
        address: null,
        checks_each: false,
        time_limit_ms: null,
        opens: null,
        closes: null,
        max_attempts: 2,
        open: attempt("t1", false, false),
        past: [],
      };
    case "a1":
      return {
        kind: "assignment",
        brief_html:
          "<p>Write a plan of about 500 words: how could your school use a line that works two hours a day?</p><ul><li>Measure first.</li><li>Name one cost.</li></ul>",
        there: {
          state: "draft",
          text: "Measure first, then ask who needs the line most.",
          files: ["plan.pdf"],
          at: NOW - 2 * 24 * 60 * MIN,
          can_edit: true,
          extension: NOW + 6 * 24 * 60 * MIN,
          as_of: NOW - 60 * MIN,
        },
        accepts_text: true,
        max_files: 3,
        max_file_bytes: 10_000_000,
        due: NOW + 3 * 24 * 60 * MIN,
        cut_off: NOW + 5 * 24 * 60 * MIN,
        max_grade: 100,
        rules: {
          opens: null,
          max_words: 500,
          file_types: [".pdf", ".csv", ".odt"],
          statement: "This is my own work, except where I say whose it is.",
          team: true,
          time_limit_s: null,
          max_attempts: 2,
        },
        draft: {
          text: "First I measured how long the line is down each day.\n\nThen I asked who needs what.",
          saved_at: NOW - 5 * MIN,
          files: [{ digest: "x", name: "measurements.csv", size: 4_200 }],
        },
      };
    case "d1":
      return {
        kind: "discussion",
        prompt_html: "<p>Tell the others how you get online, and what it costs you.</p>",
        rules: {
          shape: "single",
          may_start: false,
          cut_off: NOW + 6 * 24 * 60 * MIN,
          most: 5,
          period_s: 86400,
          locks_after_s: 14 * 86400,
        },
        as_of: NOW - 100 * MIN,
        posts: [
          {
            id: "1",
            parent: null,
            subject: "Two hours in the evening",
            author: "Samuel Otieno",
            html: "<p>The solar battery lasts until nine.</p>",
            at: NOW - 2000 * MIN,
            can_reply: true,
            mine: false,
          },
          {
            id: "2",
            parent: "1",
            subject: "Re: Two hours in the evening",
            author: "Lina",
            html: "<p>Same here. I fetch everything at once.</p>",
            at: NOW - 1800 * MIN,
            can_reply: false,
            mine: true,
          },
        ],
        drafts: { "reply:1": { text: "Do you have", saved_at: NOW - MIN, files: [] } },
      };
    case "l1":
      return { kind: "link", address: "https://cables.example/map", host: "cables.example" };
    default:
      return { kind: "unsupported", what: "lti", address: "https://campus.example/mod/lti/view.php?id=9" };
  }
}
