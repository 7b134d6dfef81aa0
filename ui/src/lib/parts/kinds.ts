// What kinds of activities are called: in the learner's words where Daypack knows the kind, else in the site's own.
import type { ItemKind } from "$host/bindings";
import en from "$lib/text/en.json";
import { t } from "$lib/text/current.svelte";

type Module = keyof typeof en.module;

const isKnown = (what: string): what is Module => Object.hasOwn(en.module, what);

/** Kinds that say more than what Daypack makes of them. */
const TELLING: readonly ItemKind[] = ["reading", "unsupported"];

/** The word for an item: `what` is the kind in the source's words. */
export function kindWord(kind: ItemKind, what: string): string {
  if (TELLING.includes(kind) && isKnown(what)) return t(`module.${what}`);
  return kind === "unsupported" && what !== "" ? what : t(`kind.${kind}`);
}
