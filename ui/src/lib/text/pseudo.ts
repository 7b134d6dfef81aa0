// A made-up right-to-left language for looking at the layout while developing: English in marked letters, a third
// longer. Never shipped.
export function pseudo(value: unknown): unknown {
  if (typeof value === "string") {
    return value.replace(/(\{\w+\})|[^{]+/g, (part: string, fact: string | undefined) =>
      fact
        ? fact
        : `\u200f${part.replace(/[aeiou]/g, (letter) => ({ a: "á", e: "é", i: "í", o: "ó", u: "ú" })[letter] ?? letter)}\u200f`,
    );
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pseudo(inner)]));
  }
  return value;
}
