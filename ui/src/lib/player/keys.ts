// The player's keys: one table for what they do, for the help, and for `aria-keyshortcuts`.
export type Deed =
  | { do: "play" | "captions" | "fullscreen" | "mute" | "help" | "transcript" | "repeat" | "bookmark" }
  | { do: "frame"; by: number }
  | { do: "seek"; by: number }
  | { do: "rate"; by: number };

export type Shortcut = { keys: string[]; shift?: boolean; deed: Deed };

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: [" ", "k"], deed: { do: "play" } },
  { keys: ["j"], deed: { do: "seek", by: -10 } },
  { keys: ["l"], deed: { do: "seek", by: 10 } },
  { keys: ["ArrowLeft"], shift: true, deed: { do: "seek", by: -30 } },
  { keys: ["ArrowRight"], shift: true, deed: { do: "seek", by: 30 } },
  { keys: ["ArrowLeft"], shift: false, deed: { do: "seek", by: -5 } },
  { keys: ["ArrowRight"], shift: false, deed: { do: "seek", by: 5 } },
  { keys: [","], deed: { do: "frame", by: -1 } },
  { keys: ["."], deed: { do: "frame", by: 1 } },
  { keys: ["<"], deed: { do: "rate", by: -0.25 } },
  { keys: [">"], deed: { do: "rate", by: 0.25 } },
  { keys: ["c"], deed: { do: "captions" } },
  { keys: ["f"], deed: { do: "fullscreen" } },
  { keys: ["m"], deed: { do: "mute" } },
  { keys: ["t"], deed: { do: "transcript" } },
  { keys: ["r"], deed: { do: "repeat" } },
  { keys: ["b"], deed: { do: "bookmark" } },
  { keys: ["?"], deed: { do: "help" } },
];

/** What the help shows: keys and the name of their wording. */
export const HELP = [
  { keys: ["Space", "K"], text: "play" },
  { keys: ["J", "L"], text: "seek" },
  { keys: ["←", "→"], text: "step" },
  { keys: ["⇧ ←", "⇧ →"], text: "leap" },
  { keys: [",", "."], text: "frame" },
  { keys: ["<", ">"], text: "speed" },
  { keys: ["C"], text: "captions" },
  { keys: ["F"], text: "fullscreen" },
  { keys: ["M"], text: "mute" },
  { keys: ["T"], text: "transcript" },
  { keys: ["R"], text: "repeat" },
  { keys: ["B"], text: "bookmark" },
  { keys: ["?"], text: "help" },
] as const;

export const MIN_RATE = 0.5;
export const MAX_RATE = 3;
export const RATES: readonly number[] = Array.from({ length: 11 }, (_, i) => MIN_RATE + i * 0.25);

export function fitRate(rate: number): number {
  return Math.min(MAX_RATE, Math.max(MIN_RATE, Math.round(rate * 4) / 4));
}

/** The deed of a key press, unless it was meant for a field, a button or the system. */
export function deedOf(event: KeyboardEvent): Deed | null {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return null;
  const target = event.target;
  if (target instanceof Element) {
    if (target.closest("input, textarea, select, [contenteditable], dialog, audio")) return null;
    if (event.key === " " && target.closest("button, a, summary")) return null;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const fits = (one: Shortcut) => one.keys.includes(key) && (one.shift ?? event.shiftKey) === event.shiftKey;
  return SHORTCUTS.find(fits)?.deed ?? null;
}
