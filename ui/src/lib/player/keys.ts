// The player's keys: one table for what they do, for the help, and for `aria-keyshortcuts`.
export type Deed =
  | { do: "play" | "captions" | "fullscreen" | "mute" | "help" }
  | { do: "seek"; by: number }
  | { do: "rate"; by: number };

export type Shortcut = { keys: string[]; deed: Deed };

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: [" ", "k"], deed: { do: "play" } },
  { keys: ["j"], deed: { do: "seek", by: -10 } },
  { keys: ["l"], deed: { do: "seek", by: 10 } },
  { keys: ["ArrowLeft"], deed: { do: "seek", by: -5 } },
  { keys: ["ArrowRight"], deed: { do: "seek", by: 5 } },
  { keys: ["<"], deed: { do: "rate", by: -0.25 } },
  { keys: [">"], deed: { do: "rate", by: 0.25 } },
  { keys: ["c"], deed: { do: "captions" } },
  { keys: ["f"], deed: { do: "fullscreen" } },
  { keys: ["m"], deed: { do: "mute" } },
  { keys: ["?"], deed: { do: "help" } },
];

/** What the help shows: keys and the name of their wording. */
export const HELP = [
  { keys: ["Space", "K"], text: "play" },
  { keys: ["J", "L"], text: "seek" },
  { keys: ["←", "→"], text: "step" },
  { keys: ["<", ">"], text: "speed" },
  { keys: ["C"], text: "captions" },
  { keys: ["F"], text: "fullscreen" },
  { keys: ["M"], text: "mute" },
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
  return SHORTCUTS.find((one) => one.keys.includes(key))?.deed ?? null;
}
