import { flushSync, mount, tick, unmount } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";
import { useHost } from "../src/lib/host";
import { fakeHost } from "../src/lib/host/fake";
import type { Host } from "../src/lib/host/host";
import App from "../src/App.svelte";
import { placeOf, routeOf } from "../src/lib/nav/route.svelte";

// jsdom has no scrolling.
globalThis.scrollTo = () => undefined;
let app: Record<string, unknown> | undefined;
afterEach(async () => {
  if (app) await unmount(app);
  app = undefined;
  document.body.innerHTML = "";
});

async function open(query: string, change: (host: Host) => Host = (host) => host): Promise<HTMLElement> {
  useHost(change(fakeHost(new URLSearchParams(query))));
  app = mount(App, { target: document.body });
  for (let i = 0; i < 20; i += 1) await tick();
  await vi.waitFor(() => expect(document.querySelector("[data-testid^='page-']")).toBeTruthy());
  await new Promise((done) => setTimeout(done, 20));
  flushSync();
  return document.body;
}
const at = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);

describe("the pages", () => {
  it("first run offers three ways and looking around", async () => {
    await open("first");
    for (const id of ["way-school", "way-file", "way-library", "look-around"]) expect(at(id), id).toBeTruthy();
  });
  it("where several people use the computer, it asks who, and shows nothing of anybody's work", async () => {
    const page = await open("door=locked&page=library");
    expect(page.querySelectorAll("[data-testid='door-learner']").length).toBe(2);
    expect(page.querySelector("[data-testid='course-card']")).toBeNull();
    page.querySelector<HTMLElement>("[data-name='Amir']")!.click();
    await vi.waitFor(() => expect(at("door-passphrase")).toBeTruthy());
    const field = at("door-passphrase") as HTMLInputElement;
    const type = (text: string) => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      flushSync();
      at("door-open")!.click();
    };
    type("a long talk");
    await vi.waitFor(() => expect(page.querySelector("[data-code='wrong_passphrase']")).toBeTruthy());
    type("a long walk");
    await vi.waitFor(() => expect(page.querySelectorAll("[data-testid='course-card']").length).toBe(3));
    at("lock")!.click();
    await vi.waitFor(() => expect(page.querySelectorAll("[data-testid='door-learner']").length).toBe(2));
    expect(page.querySelector("[data-testid='course-card']")).toBeNull();
  });
  it("a recovery code stays until the learner says that it is written down", async () => {
    await open("door=open&page=settings&due");
    at("people-code")!.click();
    await vi.waitFor(() => expect(at("people-passphrase")).toBeTruthy());
    const field = at("people-passphrase") as HTMLInputElement;
    field.value = "a long walk";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    at("people-yes")!.click();
    await vi.waitFor(() => expect(at("recovery-code")?.textContent).toContain("2345"));
    expect((at("code-done") as HTMLButtonElement).disabled).toBe(true);
    at("code-written")!.click();
    flushSync();
    at("code-done")!.click();
    await vi.waitFor(() => expect(at("page-settings")).toBeTruthy());
  });
  it("library shows courses and offers", async () => {
    const page = await open("page=library");
    expect(page.querySelectorAll("[data-testid='course-card']").length).toBe(3);
    expect(page.querySelectorAll("[data-testid='offer']").length).toBe(2);
  });
  it("offline is said calmly, and not said online", async () => {
    await open("offline");
    expect(at("offline-banner")).toBeTruthy();
  });
  it("what was got back is told in counts, with the file that is kept, until it was seen", async () => {
    const page = await open("recovered");
    expect(at("recovered-counts")?.textContent).toContain("312 answers");
    expect(at("recovered-path")?.textContent).toContain("learner.db.damaged-");
    expect(page.textContent).toContain("may have been sent already");
    at("recovered-seen")!.click();
    await vi.waitFor(() => expect(at("recovered")).toBeNull());
  });
  it("while work is brought back the courses are there, without what nobody knows yet", async () => {
    const page = await open("opening=bringing_back");
    expect(page.querySelectorAll("[data-testid='course-card']").length).toBe(3);
    expect(page.textContent).toContain("Your work is being brought back");
    expect(page.querySelector("[role='progressbar']")?.getAttribute("aria-valuenow")).toBe("40");
    expect(page.textContent).not.toContain("done");
    expect(page.querySelector("button")).toBeNull();
  });
  it("a start that takes no time shows nothing of it", async () => {
    await open("page=library");
    expect(at("opening")).toBeNull();
  });
  it("a full disk and a newer Daypack are said in one notice each", async () => {
    await open("full&readonly");
    expect(at("disk-full")?.textContent).toContain("still saved");
    expect(at("read-only")?.textContent).toContain("update Daypack");
  });
  it("an empty outbox is designed", async () => {
    const page = await open("empty&page=outbox");
    expect(page.textContent).toContain("Nothing to send");
  });
  it("opens where the learner was", async () => {
    await open("page=item&item=q2&detail=k4");
    expect(at("page-item")).toBeTruthy();
    expect(document.querySelectorAll("[data-testid='question']").length).toBe(13);
  });
  it("a refusal shows the site's words and that the text is kept", async () => {
    const page = await open("page=outbox");
    expect(at("site-said")?.textContent).toContain("closed since 12 March");
    expect(page.textContent).toContain("still here");
  });
  it("the outbox shows what needs the learner first, and only one list when asked", async () => {
    const page = await open("page=outbox");
    const groups = () => [...page.querySelectorAll<HTMLElement>("[data-testid='outbox-group']")];
    expect(groups().map((one) => one.dataset["group"])).toEqual(["needs_you", "waiting", "sent"]);
    at("outbox-sent")?.click();
    flushSync();
    expect(groups().map((one) => one.dataset["group"])).toEqual(["sent"]);
  });
  it("nothing unclear is sent again without asking twice", async () => {
    // jsdom has no dialogs.
    HTMLDialogElement.prototype.showModal = () => undefined;
    const decided: unknown[] = [];
    const page = await open("page=outbox", (host) => ({
      ...host,
      call: (name, input) => (name === "work_decide" && decided.push(input), host.call(name, input)),
    }));
    const card = page.querySelector<HTMLElement>("[data-state='unclear'] [data-testid='work-open']");
    card?.click();
    await vi.waitFor(() => expect(at("decide-send_again")).toBeTruthy());
    expect(at("decide-is_there")).toBeTruthy();
    expect(at("work-look")).toBeTruthy();
    at("decide-send_again")?.click();
    flushSync();
    expect(decided).toEqual([]);
    expect(page.textContent).toContain("your school has it twice");
  });
  it("a statement is agreed to by the learner alone, each time", async () => {
    HTMLDialogElement.prototype.showModal = () => undefined;
    const handed: unknown[] = [];
    const page = await open("page=item&item=a1", (host) => ({
      ...host,
      call: (name, input) => (name === "hand_in" && handed.push(input), host.call(name, input)),
    }));
    expect(at("team")).toBeTruthy();
    expect(at("rules")?.textContent).toContain("Nothing is taken after");
    at("hand-in")?.click();
    await vi.waitFor(() => expect(at("agree")).toBeTruthy());
    expect(page.textContent).toContain("This is my own work");
    const yes = at("dialog-yes") as HTMLButtonElement;
    expect(yes.disabled).toBe(true);
    yes.click();
    expect(handed).toEqual([]);
    at("agree")?.click();
    flushSync();
    expect(yes.disabled).toBe(false);
    HTMLDialogElement.prototype.close = () => undefined;
    yes.click();
    await vi.waitFor(() => expect(handed).toEqual([{ course: "c1", item: "a1", agreed: true }]));
  });
  it("too many words are said while they can be changed", async () => {
    await open("page=item&item=a1");
    const field = at("assignment-text") as HTMLTextAreaElement;
    const type = (text: string) => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      flushSync();
    };
    type("word ".repeat(500));
    expect((at("hand-in") as HTMLButtonElement).disabled).toBe(false);
    type("word ".repeat(502));
    expect(at("words")?.textContent).toContain("2 too many");
    expect((at("hand-in") as HTMLButtonElement).disabled).toBe(true);
  });
  it("a discussion says what may be written before it is written, and keeps what was begun in reach", async () => {
    const page = await open("page=item&item=d1");
    expect(at("talk-rules")?.textContent).toContain("at most 5 messages in 24 hours");
    expect(at("no-start")).toBeTruthy();
    expect(at("post-subject")).toBeNull();
    const closed = page.querySelector<HTMLElement>("[data-post='2']");
    expect(closed?.querySelector("[data-testid='no-reply']")).toBeTruthy();
    expect(closed?.querySelector("[data-testid='reply']")).toBeNull();
    const open1 = page.querySelector<HTMLElement>("[data-post='1'] > article");
    expect(open1?.querySelector("[data-testid='post-text']")).toBeTruthy();
  });
  it("a deadline is said in local time and in the time of the course", async () => {
    const page = await open("page=outbox");
    const deadline = page.querySelector<HTMLElement>("[data-testid='deadline']");
    expect(deadline?.dataset["urgency"]).toBe("soon");
    expect(deadline?.textContent).toContain("Africa/Nairobi");
  });
  it("says before handing in that a sign-in comes first, asks whose work it is, or offers a file for the teacher", async () => {
    const item = "page=item&item=a1";
    const page = await open(`${item}&receiver=sign_in`);
    expect(at("receiver-sign-in")?.textContent).toContain("campus.example once you sign in there");
    expect(at("hand-in")).toBeTruthy();
    page.querySelector<HTMLElement>("[data-testid='receiver-sign-in-at']")!.click();
    await vi.waitFor(() => expect((at("site-address") as HTMLInputElement).value).toBe("https://campus.example"));
    await unmount(app!);
    document.body.innerHTML = "";

    const chosen: unknown[] = [];
    await open(`${item}&receiver=choose`, (host) => ({
      ...host,
      call: (name, input) => (name === "receiver_choose" && chosen.push(input), host.call(name, input)),
    }));
    expect(at("hand-in")).toBeNull();
    document.querySelector<HTMLElement>("[data-testid='receiver-account'][data-account='a2']")!.click();
    await vi.waitFor(() => expect(chosen).toEqual([{ course: "c1", account: "a2" }]));
    await unmount(app!);
    document.body.innerHTML = "";

    const saved: string[] = [];
    await open(`${item}&receiver=nobody`, (host) => ({
      ...host,
      pickSave: async () => "/stick/essay.zip",
      call: (name, input) => (name === "teacher_export" && saved.push(JSON.stringify(input)), host.call(name, input)),
    }));
    at("teacher-save")!.click();
    await vi.waitFor(() => expect(saved[0]).toContain("/stick/essay.zip"));
    expect(saved[0]).toContain("Work for my teacher");
  });
  it("an answer goes to the host when the field is left", async () => {
    const calls: string[] = [];
    await open("page=item&item=q2", (host) => ({
      ...host,
      call: (name, input) => (calls.push(name), host.call(name, input)),
    }));
    const field = at("answer-short_text") as HTMLInputElement;
    field.value = "IP";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    expect(calls).not.toContain("response_save");
    field.dispatchEvent(new Event("blur"));
    await vi.waitFor(() => expect(calls).toContain("response_save"));
  });
  it("a locked sign-in says that work goes on, and opens with the passphrase", async () => {
    const page = await open("page=library&keys=locked&passphrase");
    expect(at("keys-banner")?.textContent).toContain("You can work as always");
    at("keys-banner-go")!.click();
    await vi.waitFor(() => expect(at("unlock")).toBeTruthy());
    expect(page.textContent).toContain("You are not signed out");
    const field = at("passphrase") as HTMLInputElement;
    const type = (text: string) => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      at("keys-unlock")!.click();
    };
    type("a long talk");
    await vi.waitFor(() => expect(document.querySelector("[data-code='wrong_passphrase']")).toBeTruthy());
    type("a long walk");
    await vi.waitFor(() => expect(at("keys")?.dataset["standing"]).toBe("open"));
    expect(at("keys-banner")).toBeNull();
  });
  it("without a keyring the learner is told and can choose a passphrase, typed twice", async () => {
    await open("page=settings&keys=session");
    expect(at("keys")?.textContent).toContain("has no keyring");
    at("keys-passphrase")!.click();
    await vi.waitFor(() => expect(at("passphrase-new")).toBeTruthy());
    const type = (id: string, text: string) => {
      const field = at(id) as HTMLInputElement;
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    type("passphrase-new", "a long walk");
    type("passphrase-again", "a long talk");
    at("passphrase-keep")!.click();
    await vi.waitFor(() => expect(at("passphrase-fault")?.textContent).toContain("not the same"));
    expect(at("keys")?.dataset["standing"]).toBe("session");
    type("passphrase-again", "a long walk");
    at("passphrase-keep")!.click();
    await vi.waitFor(() => expect(at("keys")?.dataset["guard"]).toBe("passphrase"));
  });
  it("a locked keyring and a lost key are two things", async () => {
    await open("page=settings&keys=locked");
    expect(at("keys")?.textContent).toContain("The keyring of this computer is locked");
    expect(at("passphrase")).toBeNull();
  });
  it("a lost key asks for a new sign-in and says that the work is here", async () => {
    await open("page=settings&keys=lost");
    expect(at("keys")?.textContent).toContain("everything you wrote are here");
    expect(at("keys-unlock")).toBeNull();
  });
  it("course HTML is cleaned again where it is shown", async () => {
    const bad = `<p>ok</p><img src=x onerror="window.bad=1"><script>window.bad=1</script><a href="javascript:bad()">x</a>`;
    await open("page=item&item=a1", (host) => ({
      ...host,
      call: async (name, input) => {
        const answer = await host.call(name, input);
        if (name === "item") {
          const view = answer as { body: { brief_html?: string } };
          view.body.brief_html = bad;
        }
        return answer;
      },
    }));
    const prose = document.querySelector(".prose");
    expect(prose?.textContent).toContain("ok");
    expect(prose?.innerHTML).not.toMatch(/onerror|<script|javascript:/);
  });
});

describe("places", () => {
  it("come back as they were kept", () => {
    for (const route of [
      { page: "library" },
      { page: "course", course: "c" },
      { page: "item", course: "c", item: "i", detail: "q" },
      { page: "outbox", work: "w" },
      { page: "inbox" },
    ] as const) {
      expect(routeOf(placeOf(route))).toEqual(route);
    }
    expect(routeOf({ page: "item", course: "c", item: null, detail: null })).toBeNull();
  });
});
