// Saving work as an archive: where it goes is asked of the learner, the words of its page are the window's own.
import type { Exported, WorkId } from "$host/bindings";
import { host } from "$host";
import { bytes, language, t, words } from "$lib/text/current.svelte";

/** The words of the archive's readable page, in the language in use. */
export function pageWords(): Record<string, string> {
  const all: Record<string, string> = { ...words("export") };
  for (const section of ["refusal", "caveat"] as const) {
    for (const [key, text] of Object.entries(words(section))) all[`${section}_${key}`] = text;
  }
  all["lang"] = language();
  all["dir"] = document.documentElement.dir || "ltr";
  return all;
}

function day(): string {
  const now = new Date();
  const two = (n: number) => String(n).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Everything; `null` when the learner changed their mind. */
export async function saveAll(): Promise<Exported | null> {
  const path = await host.pickSave(`${t("takeout.file_name")}-${day()}.zip`);
  return path === null ? null : host.call("export_work", { path, words: pageWords() });
}

/** One piece of work. */
export async function saveOne(work: WorkId): Promise<Exported | null> {
  const path = await host.pickSave(`${t("takeout.file_name_one")}-${day()}.zip`);
  return path === null ? null : host.call("work_export", { work, path, words: pageWords() });
}

export function savedText(made: Exported): string {
  return t("takeout.saved", { path: made.path, size: bytes(made.size) });
}
