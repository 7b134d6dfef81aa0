// The headings of a receipt file, in the language in use.
import { t } from "$lib/text/current.svelte";

const NAMES = [
  "title",
  "lead",
  "course",
  "item",
  "site",
  "sealed",
  "first_save",
  "last_save",
  "due",
  "closes",
  "zone",
  "received",
  "number",
  "hash",
  "text",
  "theirs",
  "events",
] as const;

/** Name of each heading and its words. */
export function receiptWords(): Record<string, string> {
  return Object.fromEntries(NAMES.map((name) => [name, t(`receiptfile.${name}`)]));
}
