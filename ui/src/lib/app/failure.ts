// A failure in words: what happened, and what is safe or to do next.
import type { Failure } from "$host/bindings";
import { bytes, t } from "$lib/text/current.svelte";

const SIZES = new Set(["needed", "free", "max"]);

export type Worded = { what: string; next: string };

export function wordFailure(failure: Failure): Worded {
  const facts: Record<string, string> = {};
  for (const [name, value] of Object.entries(failure.facts)) {
    const size = SIZES.has(name) && !(failure.code === "too_many_files") && /^\d+$/.test(value);
    facts[name] = size ? bytes(Number(value)) : value;
  }
  return { what: t(`failure.${failure.code}.what`, facts), next: t(`failure.${failure.code}.next`, facts) };
}
