// Questions with places, pictures and order: what a learner does by keyboard alone becomes the right answer.
import { flushSync, mount, tick, unmount } from "svelte";
import { afterEach, describe, expect, it } from "vitest";
import { useHost } from "../src/lib/host";
import { fakeHost } from "../src/lib/host/fake";
import { questions } from "../src/lib/host/fake/data";
import type { Question, Response } from "../src/lib/host/bindings";
import QuestionCard from "../src/lib/quiz/QuestionCard.svelte";
import { branches, put } from "../src/lib/quiz/places";

let card: Record<string, unknown> | undefined;
afterEach(async () => {
  if (card) await unmount(card);
  card = undefined;
  document.body.innerHTML = "";
});

const props = $state<{ response: Response | undefined }>({ response: undefined });

function open(kind: Question["kind"]): void {
  useHost(fakeHost(new URLSearchParams("")));
  props.response = undefined;
  const question = questions.find((one) => one.kind === kind)!;
  card = mount(QuestionCard, {
    target: document.body,
    props: {
      question,
      n: 1,
      locked: false,
      get response() {
        return props.response;
      },
      answer: (response: Response) => {
        props.response = response;
      },
    },
  });
  flushSync();
}
const all = <T extends HTMLElement>(id: string) => [...document.querySelectorAll<T>(`[data-testid="${id}"]`)];

function choose(field: HTMLSelectElement, value: string): void {
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  flushSync();
}

describe("questions with places", () => {
  it("a text is typed, chosen, ticked and filled with pieces where the places stand", () => {
    open("blanks");
    const [line, list, first, , tick1] = all<HTMLInputElement>("answer-blank");
    expect([...document.querySelectorAll("strong")].map((one) => one.textContent)).toContain("envelope");
    line!.value = "packet";
    line!.dispatchEvent(new Event("input", { bubbles: true }));
    flushSync();
    choose(list as unknown as HTMLSelectElement, "0");
    first!.click();
    tick1!.click();
    flushSync();
    choose(all<HTMLSelectElement>("answer-piece")[0]!, "1");
    // There is one of this piece: it moves.
    choose(all<HTMLSelectElement>("answer-piece")[1]!, "1");
    expect($state.snapshot(props.response)).toEqual({
      kind: "filled",
      values: { sub1_answer: "packet", sub2_answer: "0", sub3_answer: "0", sub4_choice0: "1", p2: "1" },
    });
    for (const field of document.querySelectorAll("select, input[type='text']"))
      expect(field.getAttribute("aria-label")).toMatch(/^Place \d$/);
  });
  it("a piece is taken up and put into a place with two presses", () => {
    open("blanks");
    all("piece")[2]!.click();
    flushSync();
    all("put-here")[1]!.click();
    flushSync();
    expect($state.snapshot(props.response)).toEqual({ kind: "filled", values: { p2: "3" } });
  });
  it("pieces go onto a picture by lists", () => {
    open("picture");
    choose(all<HTMLSelectElement>("answer-piece")[1]!, "1");
    expect($state.snapshot(props.response)).toEqual({ kind: "filled", values: { p2: "1" } });
  });
  it("markers are added, moved by arrow keys and numbers, and never leave the picture", () => {
    open("markers");
    const image = document.querySelector("img")!;
    Object.defineProperties(image, { naturalWidth: { value: 320 }, naturalHeight: { value: 180 } });
    image.dispatchEvent(new Event("load"));
    flushSync();
    all("marker-add")[0]!.click();
    flushSync();
    expect($state.snapshot(props.response)).toEqual({ kind: "markers", points: { c1: [{ x: 160, y: 90 }] } });
    all("marker")[0]!.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
    flushSync();
    expect($state.snapshot(props.response)).toEqual({ kind: "markers", points: { c1: [{ x: 156, y: 90 }] } });
    const across = all<HTMLInputElement>("marker-x")[0]!;
    across.value = "999";
    across.dispatchEvent(new Event("change", { bubbles: true }));
    flushSync();
    expect($state.snapshot(props.response)).toEqual({ kind: "markers", points: { c1: [{ x: 320, y: 90 }] } });
    all("marker-add")[0]!.click();
    flushSync();
    expect(all("marker-add").length).toBe(0);
  });
  it("things are brought into order by buttons, and the focus stays with what moved", async () => {
    open("ordering");
    all("order-down")[0]!.click();
    await tick();
    flushSync();
    expect($state.snapshot(props.response)).toEqual({ kind: "ordering", order: ["i1", "i2", "i3"] });
    expect(document.activeElement?.getAttribute("aria-label")).toBe("Move down: The server answers");
    expect(document.querySelector("[aria-live]")?.textContent).toContain("number 2");
  });
  it("an order that is right already can be the answer", () => {
    open("ordering");
    all("order-keep")[0]!.click();
    flushSync();
    expect($state.snapshot(props.response)).toEqual({ kind: "ordering", order: ["i2", "i1", "i3"] });
  });
});

describe("the text with places", () => {
  it("keeps its structure, and nothing unclean", () => {
    const tree = branches("<p onclick=x>a \uE000p1\uE001 b<script>1</script></p>");
    expect(tree).toEqual([
      {
        is: "element",
        tag: "p",
        attributes: {},
        children: [
          { is: "text", text: "a " },
          { is: "place", id: "p1" },
          { is: "text", text: " b" },
        ],
      },
    ]);
  });
  it("moves a piece there is one of, and leaves one there are many of", () => {
    const one = { id: "1", group: "a", many: false };
    expect(put({ p1: "1", p2: "2" }, "p2", one, () => true)).toEqual({ p2: "1" });
    expect(put({ p1: "1" }, "p2", one, () => false)).toEqual({ p1: "1", p2: "1" });
    expect(put({ p1: "1" }, "p2", { ...one, many: true }, () => true)).toEqual({ p1: "1", p2: "1" });
    expect(put({ p1: "1" }, "p1", null, () => true)).toEqual({});
  });
});
