// The visual language of the course: paper, ink, teal for what works, orange for what is lost or slow.
// Must stay true: every drawing is 1280 x 720, keeps 80 free at the sides and the lowest 110 free for captions.

export const ink = "#1c2a39", soft = "#56636f", line = "#c3cad1", paper = "#faf8f4", card = "#ffffff";
export const teal = "#0b736e", tealSoft = "#d5eae7", orange = "#b9480f", orangeSoft = "#f9e2d4";
const FONT = "Inter, 'Helvetica Neue', Arial, sans-serif";

const safe = (s) => String(s).replace(/&/g, "&amp;").replace(/</g, "&lt;");
const n = (value) => Number(value.toFixed(2));

/** A whole slide: title above, drawing below. */
export function slide(title, ...body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1280" height="720" viewBox="0 0 1280 720" font-family="${FONT}">`
    + `<rect width="1280" height="720" fill="${paper}"/>${title ? text(80, 104, title, { size: 42, weight: 600 }) : ""}${body.flat(9).join("")}</svg>`;
}

/** A figure for a reading: any size, with its own paper. */
export function figure(width, height, label, ...body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${safe(label)}" font-family="${FONT}">`
    + `<rect width="${width}" height="${height}" rx="16" fill="${paper}"/>${body.flat(9).join("")}</svg>\n`;
}

/** Text; several rows for an array, 1.36 apart. */
export function text(x, y, s, { size = 26, weight = 400, fill = ink, anchor = "start", space = 0 } = {}) {
  const rows = Array.isArray(s) ? s : [s];
  const attributes = `font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}"${space ? ` letter-spacing="${space}"` : ""}`;
  return rows.map((row, i) => `<text x="${n(x)}" y="${n(y + i * size * 1.36)}" ${attributes}>${safe(row)}</text>`).join("");
}
export const label = (x, y, s, more = {}) => text(x, y, s, { size: 24, fill: soft, anchor: "middle", ...more });

/** Shows its content with opacity `u` (0 hides it altogether). */
export const show = (u, ...body) => (u <= 0 ? "" : u >= 1 ? body.flat(9).join("") : `<g opacity="${n(u)}">${body.flat(9).join("")}</g>`);
export const move = (x, y, ...body) => `<g transform="translate(${n(x)} ${n(y)})">${body.flat(9).join("")}</g>`;
export const grow = (x, y, k, ...body) => `<g transform="translate(${n(x)} ${n(y)}) scale(${k})">${body.flat(9).join("")}</g>`;

/** `at(k, u)` gives a function of a beat: 0 before it, `u` during it, 1 after it. */
export const at = (k, u) => (beat) => (k > beat ? 1 : k < beat ? 0 : u);
export const ease = (u) => (u < 0.5 ? 2 * u * u : 1 - (2 - 2 * u) ** 2 / 2);
/** The part of `u` between `from` and `to`, as 0..1. */
export const part = (u, from, to) => Math.min(1, Math.max(0, (u - from) / (to - from)));

export const rect = (x, y, w, h, { r = 14, fill = card, stroke = ink, width = 3, dash = "" } = {}) =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}" rx="${r}" fill="${fill}" stroke="${stroke}" stroke-width="${width}"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`;
export const disc = (x, y, r, { fill = card, stroke = ink, width = 3 } = {}) =>
  `<circle cx="${n(x)}" cy="${n(y)}" r="${r}" fill="${fill}" stroke="${stroke}" stroke-width="${width}"/>`;
export const path = (d, { stroke = ink, width = 3, fill = "none", dash = "" } = {}) =>
  `<path d="${d}" fill="${fill}" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"${dash ? ` stroke-dasharray="${dash}"` : ""}/>`;
export const wire = (points, more = {}) => path(points.map(([x, y], i) => `${i ? "L" : "M"}${n(x)} ${n(y)}`).join(""), more);

/** A line with a head at its end. */
export function arrow(x1, y1, x2, y2, { stroke = ink, width = 3, dash = "" } = {}) {
  const a = Math.atan2(y2 - y1, x2 - x1), h = 13;
  const wing = (turn) => `${n(x2 - h * Math.cos(a + turn))} ${n(y2 - h * Math.sin(a + turn))}`;
  return wire([[x1, y1], [x2, y2]], { stroke, width, dash }) + path(`M${wing(0.5)}L${n(x2)} ${n(y2)}L${wing(-0.5)}`, { stroke, width });
}

/** The point at share `u` of the way along a line of points. */
export function along(points, u) {
  const lengths = points.slice(1).map(([x, y], i) => Math.hypot(x - points[i][0], y - points[i][1]));
  let left = Math.min(1, Math.max(0, u)) * lengths.reduce((a, b) => a + b, 0);
  for (let i = 0; i < lengths.length; i++) {
    if (left <= lengths[i] || i === lengths.length - 1) {
      const k = lengths[i] ? left / lengths[i] : 0;
      return [points[i][0] + (points[i + 1][0] - points[i][0]) * k, points[i][1] + (points[i + 1][1] - points[i][1]) * k];
    }
    left -= lengths[i];
  }
  return points[0];
}

// Things, each drawn around its middle.

/** A packet with its number. */
export const packet = (x, y, number, { fill = teal, size = 40, ghost = false } = {}) =>
  rect(x - size / 2, y - size / 2, size, size, { r: size * 0.22, fill: ghost ? paper : fill, stroke: ghost ? orange : fill, width: ghost ? 3 : 0, dash: ghost ? "6 6" : "" })
  + (number === "" ? "" : text(x, y + size * 0.18, number, { size: size * 0.52, weight: 600, fill: ghost ? orange : card, anchor: "middle" }));

export const laptop = (x, y, screen = "") => move(x, y,
  rect(-66, -62, 132, 92, { r: 10 }), rect(-55, -51, 110, 70, { r: 4, fill: tealSoft, width: 0 }), screen,
  path("M-88 44H88L76 32H-76Z", { fill: card }));

export const phone = (x, y, screen = "") => move(x, y,
  rect(-34, -62, 68, 124, { r: 13 }), rect(-26, -50, 52, 92, { r: 4, fill: tealSoft, width: 0 }), screen, disc(0, 52, 3, { fill: ink, width: 0 }));

/** The box that the provider gave: two aerials, three lamps. */
export const box = (x, y, lamps = [teal, teal, teal]) => move(x, y,
  path("M-44 -18L-58 -62M44 -18L58 -62"), rect(-72, -20, 144, 54, { r: 12 }),
  lamps.map((fill, i) => disc(-36 + i * 36, 7, 8, { fill, stroke: ink, width: 2.5 })));

export const mast = (x, y) => move(x, y,
  path("M-30 66L0 -44L30 66M-21 34H21M-13 4H13M-21 34L13 4M21 34L-13 4"), disc(0, -50, 7, { fill: teal, stroke: teal }),
  path("M-18 -68A26 26 0 0 0 -18 -32M18 -68A26 26 0 0 1 18 -32M-31 -80A44 44 0 0 0 -31 -20M31 -80A44 44 0 0 1 31 -20", { stroke: teal }));

/** A server: three drawers. */
export const server = (x, y, fill = teal) => move(x, y,
  [0, 1, 2].map((i) => rect(-58, -66 + i * 44, 116, 36, { r: 8 }) + disc(-38, -48 + i * 44, 6, { fill, width: 0 }) + path(`M-18 ${-48 + i * 44}H38`, { stroke: line })));

export const router = (x, y, fill = card) => disc(x, y, 26, { fill }) + move(x, y, path("M-13 -5H10M4 -11L10 -5L4 1M13 7H-10M-4 1L-10 7L-4 13", { width: 2.5 }));

export const tick = (x, y, k = 1) => disc(x, y, 19 * k, { fill: teal, width: 0 }) + path(`M${n(x - 8 * k)} ${n(y)}L${n(x - 2 * k)} ${n(y + 7 * k)}L${n(x + 9 * k)} ${n(y - 7 * k)}`, { stroke: card, width: 4 * k });
export const cross = (x, y, k = 1) => disc(x, y, 19 * k, { fill: orange, width: 0 }) + path(`M${n(x - 7 * k)} ${n(y - 7 * k)}L${n(x + 7 * k)} ${n(y + 7 * k)}M${n(x + 7 * k)} ${n(y - 7 * k)}L${n(x - 7 * k)} ${n(y + 7 * k)}`, { stroke: card, width: 4 * k });

/** Radio waves opening to the right (or left with turn = 180). */
export const waves = (x, y, turn = 0, stroke = teal, count = 3) => `<g transform="translate(${x} ${y}) rotate(${turn})">`
  + [12, 26, 40].slice(0, count).map((r) => path(`M${n(r * 0.72)} ${n(-r * 0.72)}A${r} ${r} 0 0 1 ${n(r * 0.72)} ${n(r * 0.72)}`, { stroke, width: 4 })).join("") + "</g>";

/** A page with a few rows of writing. */
export const page = (x, y, w = 84, h = 108, fill = card) => move(x - w / 2, y - h / 2,
  rect(0, 0, w, h, { r: 8, fill }), [0.24, 0.42, 0.6, 0.78].map((k, i) => path(`M${w * 0.18} ${n(h * k)}H${n(w * (i === 3 ? 0.55 : 0.82))}`, { stroke: i ? line : teal, width: 5 })));

/** A pill with a word. */
export const pill = (x, y, s, { fill = tealSoft, ink: colour = teal, size = 24, w = 0 } = {}) => {
  const width = w || s.length * size * 0.6 + 40;
  return rect(x - width / 2, y - size * 0.95, width, size * 1.9, { r: size * 0.95, fill, width: 0 }) + text(x, y + size * 0.36, s, { size, weight: 600, fill: colour, anchor: "middle" });
};
