// The spoken words of a lecture, out of its captions (WebVTT): what is said when, for reading along and searching.
export type Cue = { from: number; to: number; text: string; voice: string };

const TIME = /^(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})$/;
const ENTITIES: Record<string, string> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&nbsp;": " ",
  "&lrm;": "\u200e",
  "&rlm;": "\u200f",
};

/** Milliseconds of a WebVTT time; `null` for anything else. */
function time(text: string | undefined): number | null {
  const found = TIME.exec(text?.trim() ?? "");
  if (!found) return null;
  const [, hours = "0", minutes, seconds, ms] = found;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(ms);
}

/** The words without tags and notes of style. */
function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, "")
    .replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/\s+/g, " ")
    .trim();
}

/** The cues of a WebVTT or SRT file, by their start. What cannot be read is left out. */
export function cues(file: string): Cue[] {
  const out: Cue[] = [];
  for (const block of file
    .replace(/^\ufeff/, "")
    .replace(/\r\n?/g, "\n")
    .split(/\n{2,}/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => line.includes("-->"));
    if (at < 0) continue;
    const [begin, rest] = (lines[at] ?? "").split("-->");
    const [from, to] = [time(begin), time(rest?.trim().split(/\s+/)[0])];
    if (from === null || to === null || to <= from) continue;
    const words = lines.slice(at + 1).join("\n");
    const voice = /^<v(?:\.[^ >]*)?\s+([^>]+)>/.exec(words.trim())?.[1]?.trim() ?? "";
    const text = plain(words);
    // Captions that grow word by word repeat what was said.
    if (text && out.at(-1)?.text !== text) out.push({ from, to, text, voice });
  }
  return out.sort((a, b) => a.from - b.from);
}

/** The cue that is said at `now`, or was said last; -1 before the first. */
export function saidAt(list: readonly Cue[], now: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.from ?? Infinity) <= now) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A text in parts, of which those with `found` are what was looked for. */
export function marked(text: string, wanted: string): { text: string; found: boolean }[] {
  const needle = wanted.trim().toLocaleLowerCase();
  if (!needle) return [{ text, found: false }];
  const folded = text.toLocaleLowerCase();
  if (folded.length !== text.length) return [{ text, found: folded.includes(needle) }];
  const out: { text: string; found: boolean }[] = [];
  let at = 0;
  for (let next = folded.indexOf(needle); next >= 0; next = folded.indexOf(needle, at)) {
    if (next > at) out.push({ text: text.slice(at, next), found: false });
    out.push({ text: text.slice(next, next + needle.length), found: true });
    at = next + needle.length;
  }
  if (at < text.length) out.push({ text: text.slice(at), found: false });
  return out;
}
