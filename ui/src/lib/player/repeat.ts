// Hearing a part again and again: first its beginning is set, then its end, then it is over.
export type Repeat = { from: number; to: number | null };

/** The shortest part, in milliseconds. */
const SHORTEST = 500;

/** What the one button of repeating does, wherever it stands. */
export function turned(repeat: Repeat | null, now: number): Repeat | null {
  if (!repeat) return { from: now, to: null };
  if (repeat.to !== null) return null;
  // An end before the beginning: the two are meant the other way round.
  const [from, to] = now < repeat.from ? [now, repeat.from] : [repeat.from, now];
  return to - from < SHORTEST ? null : { from, to };
}

/** Where to go on from at `now`; `null` where nothing is to be done. A jump behind the part ends it. */
export function jump(repeat: Repeat | null, now: number): number | null {
  if (!repeat || repeat.to === null || now < repeat.to) return null;
  return repeat.from;
}
