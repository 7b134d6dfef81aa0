// All wording, by language. Keys are checked by the compiler against English; completeness by tests/text.test.ts.
import en from "./en.json";

export type Plural = { other: string; zero?: string; one?: string; two?: string; few?: string; many?: string };
type Leaf = string | Plural;
type Paths<T> = {
  [K in keyof T & string]: T[K] extends string | { one: string; other: string } ? K : `${K}.${Paths<T[K]>}`;
}[keyof T & string];

export type TextKey = Paths<typeof en>;
export type Facts = Record<string, string | number>;
export type Language = { tag: string; name: string; rtl: boolean; load: () => Promise<{ default: unknown }> };

/** Every language that is shipped, by its own name. */
export const LANGUAGES: readonly Language[] = [
  { tag: "en", name: "English", rtl: false, load: () => Promise.resolve({ default: en }) },
  ...(__FAKE__
    ? [
        {
          tag: "ar",
          name: "Right to left (test)",
          rtl: true,
          load: () => import("./pseudo").then(({ pseudo }) => ({ default: pseudo(en) })),
        },
      ]
    : []),
];

/** The wording at a path such as `quiz.start`. */
export function find(table: unknown, key: string): Leaf | undefined {
  let at: unknown = table;
  for (const part of key.split(".")) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return typeof at === "string" || isPlural(at) ? at : undefined;
}

const FORMS = new Set(["zero", "one", "two", "few", "many", "other"]);

export function isPlural(value: unknown): value is Plural {
  return (
    typeof value === "object" &&
    value !== null &&
    "other" in value &&
    Object.keys(value).every((form) => FORMS.has(form))
  );
}

const RTL = new Set(["ar", "fa", "he", "ur"]);

/** One wording with its facts filled in; `n` chooses the plural. */
export function word(leaf: Leaf, facts: Facts, tag: string): string {
  const n = facts["n"];
  const form =
    typeof leaf === "string"
      ? leaf
      : (leaf[new Intl.PluralRules(tag).select(typeof n === "number" ? n : 0)] ?? leaf.other);
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = facts[name];
    if (typeof value === "number") return new Intl.NumberFormat(tag).format(value);
    if (value === undefined) return "";
    // A name in another direction must not pull the words around it along.
    return RTL.has(tag) ? `\u2068${value}\u2069` : value;
  });
}

/** The shipped language that fits best. */
export function fitting(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0];
    const found = LANGUAGES.find((language) => language.tag === base);
    if (found) return found;
  }
  return LANGUAGES[0]!;
}
export { en };
