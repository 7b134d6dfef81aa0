import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LANGUAGES, en, find, isPlural, word } from "../src/lib/text";
import { pseudo } from "../src/lib/text/pseudo";

function leaves(value: unknown, path = ""): string[] {
  if (typeof value === "string" || isPlural(value)) return [path];
  return Object.entries(value as object).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
}
const facts = (leaf: unknown) =>
  [...new Set([...JSON.stringify(leaf).matchAll(/\{(\w+)\}/g)].map((found) => found[1]))].sort();

/** What a language lacks: missing wordings, and facts that English names and it does not. */
function lacks(table: unknown): string[] {
  return leaves(en).filter((key) => {
    const leaf = find(table, key);
    return leaf === undefined || facts(leaf).join() !== facts(find(en, key)).join();
  });
}

describe("every language", () => {
  it.each(LANGUAGES.map((one) => [one.tag, one] as const))("%s has all wording with all facts", async (_, language) => {
    expect(lacks((await language.load()).default)).toEqual([]);
  });

  it("would be caught with one wording or one fact missing", () => {
    const less = structuredClone(en) as { job: { speed?: string; left: string } };
    delete less.job.speed;
    less.job.left = "left";
    expect(lacks(less)).toEqual(["job.speed", "job.left"]);
  });

  it("words every failure code of the list of commands", async () => {
    const bindings = readFileSync("src/lib/host/bindings.ts", "utf8");
    const union = /export type FailureCode = ([^;]+);/.exec(bindings)?.[1] ?? "";
    const codes = [...union.matchAll(/"(\w+)"/g)].map((found) => found[1]);
    expect(codes.length).toBeGreaterThan(30);
    for (const language of LANGUAGES) {
      const table = (await language.load()).default;
      for (const code of codes) {
        expect(find(table, `failure.${code}.what`), `${language.tag} ${code}`).toBeTruthy();
        expect(find(table, `failure.${code}.next`), `${language.tag} ${code}`).toBeTruthy();
      }
    }
  });
});

describe("wording", () => {
  it("chooses the plural and writes numbers", () => {
    expect(word({ one: "{n} file", other: "{n} files" }, { n: 1 }, "en")).toBe("1 file");
    expect(word({ one: "{n} file", other: "{n} files" }, { n: 2000 }, "en")).toBe("2,000 files");
    expect(word({ few: "few", other: "other" }, { n: 3 }, "ar")).toBe("few");
  });
  it("keeps facts whole in the test language", () => {
    expect(facts(pseudo({ a: "in {n} of {all}" }))).toEqual(["all", "n"]);
  });
});
