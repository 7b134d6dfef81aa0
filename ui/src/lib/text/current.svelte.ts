// The language in use, and how numbers, sizes and times are written in it.
import { en, find, fitting, word, type Facts, type Language, type TextKey } from "./index";

let table = $state.raw<unknown>(en);
let tag = $state("en");

/** Switches to a language (`""`: as the computer). */
export async function speak(wanted: string): Promise<void> {
  const language: Language = fitting(wanted ? [wanted] : navigator.languages);
  table = (await language.load()).default;
  tag = language.tag;
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.rtl ? "rtl" : "ltr";
}

/** The words for `key`. */
export function t(key: TextKey, facts: Facts = {}): string {
  const leaf = find(table, key) ?? find(en, key);
  return leaf === undefined ? key : word(leaf, facts, tag);
}

/** All words of a section that stand alone, by key. */
export function words(section: keyof typeof en): Record<string, string> {
  const of = (from: unknown) => (from as Record<string, Record<string, unknown>>)[section] ?? {};
  const all = { ...of(en), ...of(table) };
  return Object.fromEntries(
    Object.entries(all).filter((leaf): leaf is [string, string] => typeof leaf[1] === "string"),
  );
}

export function language(): string {
  return tag;
}

export function number(value: number, digits = 2): string {
  return new Intl.NumberFormat(tag, { maximumFractionDigits: digits }).format(value);
}

export function percent(share: number): string {
  return new Intl.NumberFormat(tag, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Bytes, as file managers write them. */
export function bytes(count: number): string {
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit < 2 || value >= 10 ? 0 : 1;
  const format = { style: "unit", unit: UNITS[unit]!, unitDisplay: "short", maximumFractionDigits: digits } as const;
  return new Intl.NumberFormat(tag, format).format(value);
}

/** A length of time in words, rounded to what one wants to know. */
export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  const [value, unit] =
    seconds < 90
      ? [seconds, "second"]
      : seconds < 5400
        ? [Math.round(seconds / 60), "minute"]
        : [Math.round(seconds / 3600), "hour"];
  return new Intl.NumberFormat(tag, { style: "unit", unit: String(unit), unitDisplay: "long" }).format(Number(value));
}

/** How long the rest takes: a range where it is one, and never nothing. */
export function timeLeft(left: { from_ms: number; to_ms: number }): string {
  if (left.to_ms < 60_000) return t("job.left_soon");
  const [from, to] = [duration(left.from_ms), duration(left.to_ms)];
  return from === to || left.to_ms < left.from_ms * 1.25
    ? t("job.left", { time: to })
    : t("job.left_range", { from, to });
}

/** A time of the day, from minutes since midnight. */
export function timeOfDay(minute: number): string {
  const at = new Date(2000, 0, 1, Math.floor(minute / 60), minute % 60);
  return new Intl.DateTimeFormat(tag, { timeStyle: "short" }).format(at);
}

/** A day. */
export function day(at: number): string {
  return new Intl.DateTimeFormat(tag, { dateStyle: "long" }).format(new Date(at));
}

/** A position in a lecture: 3:07 or 1:02:09. */
export function clock(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor((all % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

/** A moment: the time today, date and time otherwise. */
export function moment(at: number): string {
  const then = new Date(at);
  const today = new Date().toDateString() === then.toDateString();
  const format: Intl.DateTimeFormatOptions = today
    ? { timeStyle: "short" }
    : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(tag, format).format(then);
}

/** A moment in another time zone; empty where that is the computer's own, unknown, or shows the same time. */
export function momentIn(at: number, zone: string | null): string {
  if (!zone) return "";
  const format: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  try {
    const there = new Intl.DateTimeFormat(tag, { ...format, timeZone: zone }).format(new Date(at));
    return there === new Intl.DateTimeFormat(tag, format).format(new Date(at)) ? "" : there;
  } catch {
    return "";
  }
}
