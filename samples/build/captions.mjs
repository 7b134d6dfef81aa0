// Captions: spoken lines with their times to WebVTT.
// Must stay true: cues do not overlap, none is empty, and each fits two rows of 44 letters.

const ROW = 44;

/** One spoken line as cues; a long one is split where the voice pauses. Times in seconds. */
export function cues(text, start, end, pauses) {
  if (text.length <= ROW * 2 - 4) return [{ start, end, text }];
  const cut = seam(text);
  const guess = ((end - start) * cut) / text.length;
  const near = pauses.reduce((best, at) => (Math.abs(at - guess) < Math.abs(best - guess) ? at : best), Infinity);
  const middle = Math.abs(near - guess) < 0.9 ? near : guess;
  const later = pauses.filter((at) => at > middle + 0.1).map((at) => at - middle);
  return [
    ...cues(text.slice(0, cut).trim(), start, start + middle, pauses.filter((at) => at < middle - 0.1)),
    ...cues(text.slice(cut).trim(), start + middle, end, later),
  ];
}

/** Where to split: at punctuation near the middle if there is any, else at a space. */
function seam(text) {
  const cost = (at, weight) => Math.abs(at - text.length / 2) * weight;
  let best = { at: Math.floor(text.length / 2), cost: Infinity };
  for (const match of text.matchAll(/([,;:.!?])?\s/g)) {
    const at = match.index + match[0].length;
    if (at < 12 || at > text.length - 12) continue;
    const price = cost(at, match[1] ? 1 : 2.5);
    if (price < best.cost) best = { at, cost: price };
  }
  return best.at;
}

/** The WebVTT file. */
export function webvtt(list) {
  return `WEBVTT\n\n${list.map((cue, i) => `${i + 1}\n${stamp(cue.start)} --> ${stamp(cue.end)}\n${rows(cue.text)}\n`).join("\n")}`;
}

/** Reads what `webvtt` wrote; used by the tests. Times in milliseconds. */
export function readWebvtt(file) {
  const ms = (s) => s.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
  return [...file.matchAll(/^(\S+) --> (\S+)\n((?:.+\n?)+)/gm)]
    .map((m) => ({ start: Math.round(ms(m[1])), end: Math.round(ms(m[2])), text: m[3].trim() }));
}

function rows(text) {
  const plain = text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  if (plain.length <= ROW) return plain;
  const spaces = [...plain.matchAll(/\s/g)].map((m) => m.index);
  const middle = spaces.reduce((best, at) => (Math.abs(at - plain.length / 2) < Math.abs(best - plain.length / 2) ? at : best), 0);
  return `${plain.slice(0, middle)}\n${plain.slice(middle + 1)}`;
}

function stamp(seconds) {
  const ms = Math.round(seconds * 1000);
  const pad = (value, width = 2) => String(value).padStart(width, "0");
  return `${pad(Math.floor(ms / 3600000))}:${pad(Math.floor(ms / 60000) % 60)}:${pad(Math.floor(ms / 1000) % 60)}.${pad(ms % 1000, 3)}`;
}
