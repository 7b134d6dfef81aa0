// A host in memory, for looking at the pages in a browser and for tests. Never shipped: only imported while
// developing or with VITE_FAKE=1. `?opening=checking|copying|bringing_back` stays before the program is open. `?first`, `?offline`, `?recovered`, `?readonly`, `?full`, `?empty`, `?slow`,
// `?theme=dark`, `?language=ar` and `?page=item&item=v2` in the address choose what is shown; `?keys=locked|lost|session`
// and `?passphrase` how sign-ins are kept; `?receiver=sign_in|choose|nobody` where work goes.
import type {
  AccountState,
  AppStatus,
  Commands,
  CourseCard,
  EarlyCard,
  Event,
  Failure,
  FailureCode,
  FollowState,
  KeysView,
  NearView,
  OpeningStep,
} from "./bindings";
import { downloadsOf, INTERNET, moved } from "./fake/downloads";
import { body, cards, course, attempt, feedback, job, NOW, sections, works } from "./fake/data";
import { fakeDoor } from "./fake/door";
import { receiverOf } from "./fake/receiver";
import type { CommandName, Host } from "./host";

type Answers = { [K in CommandName]: (input: Commands[K]["input"]) => Commands[K]["output"] };

export function fail(code: FailureCode, facts: Record<string, string> = {}): never {
  throw { code, facts } satisfies Failure;
}

export function fakeHost(query = new URLSearchParams(location.search)): Host {
  const listeners = new Set<(event: Event) => void>();
  const empty = query.has("empty") || query.has("first");
  let downloads = downloadsOf(empty, query.get("waits"));
  let internet = INTERNET;
  const page = query.get("page");
  const receiver = receiverOf(query.get("receiver"));
  const saved = () => ({ at: Date.now() });
  const status: AppStatus = {
    version: "0.1.0",
    first_run: query.has("first"),
    has_source: !empty,
    link: {
      state: query.has("offline") ? "offline" : "online",
      since: NOW,
      last_contact: NOW - 120_000,
      costs_money: false,
    },
    unsent: empty ? 0 : 3,
    unseen: empty ? 0 : 1,
    free_bytes: 18_400_000_000,
    accounts: empty
      ? []
      : [
          {
            id: "a1",
            site: "https://campus.example",
            site_name: "Practice campus",
            username: "lina",
            full_name: "Lina Mwangi",
            needs_sign_in: query.has("again"),
            state: (query.get("account") as AccountState | null) ?? (query.has("again") ? "sign_in" : "good"),
          },
        ],
    settings: {
      language: query.get("language") ?? "en",
      theme: query.get("theme") === "dark" ? "dark" : "light",
      tier: "standard",
      rate: 1,
      captions: true,
      follow: true,
      on_close: "ask",
      metered: "system",
      metered_work: true,
      metered_large: false,
      metered_ask: true,
    },
    place: page ? { page, course: "c1", item: query.get("item"), detail: query.get("detail") } : null,
    keys: {
      standing: (query.get("keys") ?? "open") as KeysView["standing"],
      guard: query.has("passphrase") ? "passphrase" : query.get("keys") === "session" ? null : "keyring",
      keyring: query.get("keys") === "session" ? "unavailable" : query.get("keys") === "locked" ? "locked" : "open",
      shortest_passphrase: 8,
    },
    recovered: query.has("recovered")
      ? {
          at: NOW,
          why: "unreadable",
          answers: 312,
          texts: 4,
          work: 2,
          in_doubt: 1,
          unplaced: 0,
          backup: NOW - 3_600_000,
          damaged_path: "/home/lina/.local/share/daypack/learner.db.damaged-1764169307123",
          unplaced_path: null,
        }
      : null,
    read_only: query.has("readonly"),
    short_of_space: query.has("full"),
  };
  const library = () => ({
    courses: empty ? [] : cards,
    libraries: [],
    offers: empty
      ? []
      : [
          {
            source: "a1",
            source_name: "Practice campus",
            id: "7",
            title: "Reading maps",
            summary: "Scale, contour and north.",
            size: null,
          },
          {
            source: "l1",
            source_name: "Open shelf library",
            id: "8",
            title: "Bookkeeping for a small shop",
            summary: "",
            size: 212_000_000,
          },
        ],
  });
  const early = ({ id, title, summary, origin, from, items, items_ready, size_here }: CourseCard): EarlyCard => {
    return { id, title, summary, origin, from, items, items_ready, size_here };
  };
  const rows = sections.flatMap((section) => section.items);
  const tell = (event: Event) => listeners.forEach((listener) => listener(event));
  let near: NearView = {
    on: false,
    state: "off",
    most_kb: 2048,
    near: 0,
    addresses: [],
    picture: null,
    typed: [],
    gave: 0,
    got: 0,
  };
  const answers: Answers = {
    ...fakeDoor(query, tell, fail),
    app_status: () => status,
    opening: () => {
      const step = query.get("opening") as OpeningStep | null;
      if (!step) return { way: null, courses: null };
      return { way: { step, share: step === "bringing_back" ? 0.4 : null }, courses: empty ? [] : cards.map(early) };
    },
    recovered_seen: () => ((status.recovered = null), { ...status }),
    settings_save: (input) => ((status.settings = input), saved()),
    place_save: saved,
    site_check: ({ address }) =>
      address.includes("campus")
        ? {
            site: "https://campus.example",
            name: "Practice campus",
            kind: "moodle",
            by_password: !address.includes("page"),
            by_page: address.includes("page") || address.includes("both"),
            by_code: address.includes("qrlogin="),
            notice: "",
          }
        : fail("not_an_lms", { address }),
    sign_in: ({ password }) =>
      password === "pack"
        ? {
            ...status.accounts[0]!,
            id: "a1",
            site: "",
            site_name: "",
            username: "",
            full_name: "Lina",
            needs_sign_in: false,
            state: "good",
          }
        : fail("wrong_password"),
    sign_in_page: () => fail("sign_in_cancelled"),
    sign_in_stop: () => ({ at: Date.now() }),
    sign_in_code: () => fail("code_spent"),
    school_file: () => ({ site: "campus.example", name: "Practice campus" }),
    account_check: () => status,
    sign_out: () => ({ ...status, accounts: [] }),
    keys_unlock: ({ passphrase }) => {
      if (status.keys.guard === "passphrase" && passphrase !== "a long walk") fail("wrong_passphrase");
      status.keys = { ...status.keys, standing: "open", keyring: "open" };
      return status;
    },
    keys_keep: ({ how }) => {
      if (how === "keyring" && status.keys.keyring === "unavailable") fail("keyring_unavailable");
      status.keys = {
        ...status.keys,
        standing: how === "session" ? "session" : "open",
        guard: how === "session" ? null : how,
      };
      return status;
    },
    keys_forget: () => ((status.keys = { ...status.keys, standing: "resting", guard: null }), status),
    library_add: ({ address }) => fail("not_a_library", { address }),
    open_path: () => fail("broken_package", { name: "soil.daypack", part: "media/3" }),
    look_around: () => ({ course: "c3" }),
    library,
    offers_refresh: library,
    course_add: () => ({ course: "c1" }),
    course_remove: library,
    course: (input) => course(input.course),
    course_changes_seen: (input) => ({ ...course(input.course), changes: [] }),
    take_along: (input) => course(input.course),
    take_pause: (input) => course(input.course),
    take_resume: (input) => course(input.course),
    take_remove: (input) => course(input.course),
    course_update: ({ course: id }) => ({ course: id, version: 1, version_before: 1, files: 0 }),
    course_newer: ({ course: id }) => ({
      course: id,
      version: 2,
      version_before: 1,
      fetch: 12_400_000,
      all: 910_000_000,
    }),
    files_checking: () => ({ running: false, done: 0, all: 0 }),
    files_check_stop: () => ({ running: false, done: 0, all: 0 }),
    files_check: () => ({ files: 214, damaged: [], stopped: false }),
    mirror_list: () => ({ mirrors: [] }),
    mirror_add: ({ path }) => ({ mirrors: [{ path, packages: 1 }] }),
    mirror_remove: () => ({ mirrors: [] }),
    jobs: () => ({ jobs: empty ? [] : [job] }),
    downloads: () => downloads,
    downloads_order: ({ order }) => ((downloads = { ...downloads, order }), downloads),
    downloads_move: ({ course: id, item, to }) => ((downloads = moved(downloads, id, item, to)), downloads),
    downloads_all: () => downloads,
    downloads_cancel: () => downloads,
    downloads_tier: () => downloads,
    internet: () => internet,
    internet_save: (rules) => ((internet = { ...internet, rules }), internet),
    network_save: () => internet,
    network_word: () => ((downloads = { ...downloads, flow: { ...downloads.flow, waits: null } }), downloads),
    item: ({ course: id, item }) => {
      const index = rows.findIndex((one) => one.id === item);
      const link = (at: number) => {
        const one = rows[at];
        return one ? { id: one.id, title: one.title, kind: one.kind } : null;
      };
      return {
        course: id,
        course_title: cards[0]!.title,
        language: "en",
        row: rows[index] ?? fail("unknown", { what: "item" }),
        previous: link(index - 1),
        next: link(index + 1),
        hands_in_to:
          receiver.kind === "sign_in" ? "campus.example" : receiver.kind === "account" ? "Practice campus" : null,
        receiver,
        feedback: feedback.filter((one) => one.item === item),
        sent: works.filter((one) => one.item === item),
        body: body(item),
        zone: "Africa/Nairobi",
      };
    },
    item_close: saved,
    video_coming: () => ({ have: 0, size: 0, parts: [], is_moving: false }),
    watched: saved,
    reading_place: saved,
    done_mark: saved,
    bookmark_put: ({ id, at_ms, text }) => ({ id: id ?? `b${at_ms}`, at_ms, text }),
    bookmark_remove: saved,
    question_flag: saved,
    course_grades: ({ course }) => ({
      course,
      title: "How the internet reaches you",
      has_school: true,
      as_of: NOW - 3_600_000,
      lines: [
        {
          name: "Quiz: packets",
          item: "q2",
          is_sum: false,
          value: 83.93,
          shown: "83.93",
          most: 100,
          percent: "83.93 %",
          weight: "50 %",
          feedback_html: "",
          given: NOW - 7_200_000,
          hidden: false,
        },
        {
          name: "Essay: the evening",
          item: "a1",
          is_sum: false,
          value: null,
          shown: "",
          most: 20,
          percent: "",
          weight: "",
          feedback_html: "",
          given: null,
          hidden: false,
        },
      ],
      total: null,
    }),
    playing_save: saved,
    attempt_start: () => attempt("t2", false, true),
    attempt_start_with_password: () => attempt("t2", false, true),
    response_save: saved,
    attempt_finish: ({ attempt: id }) => attempt(id, true, id !== "t1"),
    draft_save: saved,
    file_attach: () => ({ text: "", saved_at: Date.now(), files: [{ digest: "y", name: "photo.jpg", size: 900_000 }] }),
    file_detach: () => ({ text: "", saved_at: Date.now(), files: [] }),
    follow: () => ({
      on: status.settings.follow,
      accounts: status.accounts.map((one) => ({
        account: one.id,
        site_name: one.site_name,
        state: (query.get("follow") ?? "fine") as FollowState,
        at: NOW - 240_000,
      })),
    }),
    receiver_choose: saved,
    teacher_export: ({ path }) => ({ path, size: 24_000, work: 0, files: 1 }),
    hand_in: () => works[0]!,
    post_send: () => works[1]!,
    outbox: () => ({ work: empty ? [] : works, unsent: status.unsent }),
    work: ({ work }) => ({
      card: works.find((one) => one.id === work) ?? works[0]!,
      text: [
        {
          about: "Explain to a friend why a page can load slowly.",
          text: "The cable was cut near the harbour,\nso packets had to go around.",
        },
      ],
      files: [],
      theirs: null,
      decisions: works.find((one) => one.id === work)?.state.state === "unclear" ? ["is_there", "send_again"] : [],
      written: { first: NOW - 3_600_000, last: NOW - 600_000, events: 14, head: "5f3a9c" },
    }),
    work_decide: ({ work }) => answers.work({ work }),
    receipt_export: ({ work, folder }) => ({ path: `${folder}/receipt-${work}.html`, head: "5f3a9c" }),
    clock_facts: () => ({ facts: [] }),
    near: () => near,
    near_save: ({ on, most_kb }) =>
      (near = {
        ...near,
        on,
        most_kb,
        state: on ? "open" : "off",
        near: on ? 3 : 0,
        addresses: on ? ["192.168.1.20:41234"] : [],
      }),
    near_add: ({ address }) =>
      /^[\d.]+:\d+$/.test(address)
        ? (near = { ...near, typed: [...near.typed, { address, answers: true }] })
        : fail("bad_address", { address }),
    work_retry: ({ work }) => answers.work({ work }),
    work_take_back: ({ work }) => answers.work({ work }),
    inbox: () => ({ feedback: empty ? [] : feedback, unseen: status.unseen }),
    feedback_seen: () => ({ feedback, unseen: 0 }),
    sync_now: () => status,
    export_work: ({ path }) => ({ path, size: 48_200_000, work: 3, files: 7 }),
    work_export: ({ path }) => ({ path, size: 182_000, work: 1, files: 1 }),
    import_work: ({ path }) =>
      path.endsWith(".zip")
        ? {
            work: 3,
            in_doubt: 1,
            attempts: 2,
            answers: 24,
            drafts: 9,
            feedback: 2,
            places: 6,
            files: 4,
            damaged: query.has("damaged") ? 1 : 0,
            differing: 0,
          }
        : fail("not_an_export", { name: path }),
    left_behind: () =>
      empty
        ? { waiting: 0, sending: 0, in_doubt: 0, refused: 0, drafts: 0 }
        : { waiting: 2, sending: 0, in_doubt: 1, refused: 1, drafts: 1 },
    start_afresh: ({ anyway }) =>
      anyway || empty
        ? { folder: "/home/lina/.local/share/org.daypack.desktop/before-1" }
        : fail("has_unsent", { count: "4" }),
  };
  return {
    async call(name, input) {
      const early = query.has("opening") && name !== "opening";
      if (query.has("slow") || early) await new Promise((done) => setTimeout(done, 60_000));
      return structuredClone(answers[name](input));
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pickFile: (kind) => Promise.resolve(kind === "archive" ? "/media/usb/my-work.zip" : "/home/lina/soil.daypack"),
    pickSave: (name) => Promise.resolve(`/home/lina/Documents/${name}`),
    autostart: (on) => Promise.resolve(on ?? false),
    leave: () => undefined,
    tray: () => undefined,
    pickFolder: () => Promise.resolve("/media/usb"),
    openExternal: () => Promise.resolve(),
    attend: (desk) => {
      // `?closing` shows the question, `?closing=no-tray` the one without a tray.
      if (query.has("closing")) setTimeout(() => desk.closing(query.get("closing") !== "no-tray"), 50);
    },
  };
}
