// Lecture 3: from near to far, find the link that is open.
import * as d from "../drawing.mjs";

const X = [150, 395, 640, 885, 1130], NAMES = ["your device", "the radio", "the box", "the provider", "the site"];
const THINGS = [(x, y) => d.grow(x, y, 0.82, d.laptop(0, 0)), (x, y) => d.waves(x - 24, y), (x, y) => d.grow(x, y + 8, 0.82, d.box(0, 0)),
  (x, y) => d.grow(x, y, 0.82, d.mast(0, 0)), (x, y) => d.grow(x, y, 0.82, d.server(0, 0))];

/** The chain of five; `open` is the broken joint, `done` how many are checked. */
const chain = (y, { open = -1, done = 0, names = true } = {}) => [0, 1, 2, 3, 4].map((i) => [
  i < 4 ? (i === open ? [d.wire([[X[i] + 76, y], [X[i] + 102, y]], { stroke: d.orange, width: 5 }), d.wire([[X[i] + 144, y], [X[i] + 170, y]], { stroke: d.orange, width: 5 })]
    : d.wire([[X[i] + 76, y], [X[i] + 170, y]], { stroke: i < done ? d.teal : d.line, width: 5 })) : "",
  THINGS[i](X[i], y), names ? d.label(X[i], y + 100, NAMES[i]) : ""]);

function opening(k, u) {
  const a = d.at(k, u);
  return d.slide("Find where it stops", chain(330, { open: k >= 1 ? 2 : -1 }),
    k >= 1 ? d.show(a(1), d.text(X[2] + 123, 284, "?", { size: 46, weight: 600, fill: d.orange, anchor: "middle" })) : "",
    d.show(a(2), d.arrow(150, 506, 1130, 506, { stroke: d.teal, width: 4 }), d.text(640, 560, "look from near to far", { size: 30, weight: 600, fill: d.teal, anchor: "middle" })));
}

const step = (index) => d.move(0, 0, [0, 1, 2, 3].map((i) => d.disc(1040 + i * 44, 92, 15, { fill: i === index ? d.teal : d.paper, stroke: i === index ? d.teal : d.line }) + d.text(1040 + i * 44, 99, i + 1, { size: 19, weight: 600, fill: i === index ? d.card : d.soft, anchor: "middle" })));

function device(k, u) {
  const a = d.at(k, u), toggle = (y, on) => d.rect(0, y, 64, 34, { r: 17, fill: on ? d.teal : d.line, width: 0 }) + d.disc(on ? 47 : 17, y + 17, 13, { fill: d.card, width: 0 });
  return d.slide("Your own device", step(0),
    d.laptop(200, 320), d.cross(200, 310), d.label(200, 414, "yours"),
    d.show(a(1), d.phone(400, 320, d.grow(0, -4, 0.42, d.page(0, 0))), d.tick(400, 226), d.label(400, 414, "your neighbour’s")),
    d.show(a(1), d.text(300, 486, "theirs loads: the fault is near you", { size: 26, weight: 600, fill: d.teal, anchor: "middle" })),
    d.show(a(2), d.text(300, 530, "theirs does not: look further out", { size: 26, weight: 600, fill: d.orange, anchor: "middle" })),
    d.wire([[620, 180], [620, 540]], { stroke: d.line, width: 2 }),
    d.show(a(3), d.move(690, 226, toggle(0, false), d.text(92, 27, "flight mode off?", { size: 28 }))),
    d.show(a(4), d.move(690, 310, d.disc(32, 40, 32), d.path("M32 40V20M32 40L46 50", { width: 4 }), d.text(92, 34, "date and time right?", { size: 28 }),
      d.text(92, 78, ["Secure pages carry a date.", "With a wrong clock, they", "seem to be out of date."], { size: 24, fill: d.soft }))));
}

function radio(k, u) {
  const a = d.at(k, u), bars = (x, y, on) => [0, 1, 2, 3].map((i) => d.rect(x + i * 22, y - 16 - i * 14, 15, 16 + i * 14, { r: 4, fill: i < on ? d.teal : d.line, width: 0 }));
  return d.slide("The last metres", step(1),
    d.laptop(200, 350), d.waves(308, 330), d.box(560, 350), bars(160, 262, 4), d.label(200, 446, "four bars"),
    d.show(a(1), d.path("M664 350H790", { stroke: d.line, width: 5, dash: "2 14" }), d.path("M850 402a52 52 0 0 1 -4 -103a76 76 0 0 1 142 -18a62 62 0 0 1 44 121Z", { fill: d.card, stroke: d.line }),
      d.text(930, 372, "?", { size: 56, weight: 600, fill: d.orange, anchor: "middle" }), d.label(930, 446, "what lies behind it")),
    d.show(a(1), d.path("M160 470V482H610V470", { stroke: d.teal }), d.text(385, 520, "the bars speak of this part only", { size: 26, weight: 600, fill: d.teal, anchor: "middle" })),
    d.show(a(2), d.text(640, 584, "go closer  ·  no metal in between  ·  try a cable", { size: 28, weight: 600, anchor: "middle" })));
}

function provider(k, u) {
  const a = d.at(k, u), off = k === 1;
  const lamps = k === 0 ? [d.teal, d.teal, d.orange] : k === 1 ? [d.card, d.card, d.card] : [d.teal, d.teal, d.teal];
  const names = ["power", "Wi-Fi", "internet"];
  return d.slide("The box, and the line behind it", step(2),
    d.grow(330, 320, 2.1, d.box(0, 0, lamps)),
    names.map((name, i) => d.wire([[330 + (i - 1) * 76, 358], [330 + (i - 1) * 124, 428]], { stroke: d.line, width: 2 }) + d.label(330 + (i - 1) * 124, 456, name, { fill: i === 2 && k === 0 ? d.orange : d.soft, weight: i === 2 && k === 0 ? 600 : 400 })),
    d.show(a(1), [["off", "30 seconds"], ["on", "2 minutes"]].map(([what, time], i) => [
      d.pill(730, 236 + i * 84, what, { w: 110, fill: i ? d.tealSoft : d.orangeSoft, ink: i ? d.teal : d.orange }), d.text(812, 246 + i * 84, `wait ${time}`, { size: 28 })])),
    d.show(a(2), d.text(676, 404, "Then try a page that is new to you:", { size: 26 }), d.text(676, 440, "an old one may come from memory.", { size: 26, fill: d.soft })),
    d.show(a(3), d.text(640, 560, "Box fine, every site silent?  Then it is the provider: ask, or wait.", { size: 28, weight: 600, fill: d.teal, anchor: "middle" })));
}

function site(k, u) {
  const a = d.at(k, u);
  return d.slide("Only one site?", step(3),
    k < 2 ? [d.laptop(220, 340), d.wire([[320, 322], [560, 322], [760, 232]], { stroke: d.teal, width: 5 }), d.wire([[560, 322], [640, 360]], { stroke: d.orange, width: 5 }), d.wire([[690, 384], [740, 408]], { stroke: d.orange, width: 5 }),
      d.router(560, 322), d.grow(850, 226, 0.8, d.server(0, 0)), d.grow(850, 424, 0.8, d.server(0, 0, d.orange)), d.tick(942, 226), d.cross(942, 424), d.text(984, 236, "another site", { size: 26 }), d.text(984, 434, "your site", { size: 26 }),
      d.show(a(1), d.text(640, 560, "Your way is fine. That one site, or its name, is out of reach.", { size: 28, weight: 600, fill: d.teal, anchor: "middle" }))]
      : [d.laptop(200, 340), d.wire([[300, 322], [472, 322]], { stroke: d.teal, width: 5 }),
        d.rect(480, 190, 180, 270, { r: 8 }), d.disc(632, 330, 7, { fill: d.ink, width: 0 }), d.text(570, 262, ["Please", "sign in"], { size: 30, weight: 600, fill: d.orange, anchor: "middle" }),
        d.wire([[680, 322], [960, 322]], { stroke: d.line, width: 5, dash: "2 16" }), d.grow(1050, 322, 0.9, d.server(0, 0)), d.label(1050, 424, "the internet"), d.label(200, 424, "you"),
        d.show(a(2), d.text(640, 560, "Connected to the door, but not yet to the house.", { size: 28, weight: 600, fill: d.teal, anchor: "middle" }))]);
}

function meanwhile(k, u) {
  const a = d.at(k, u), up = [[150, 330], [620, 700], [1010, 1130]];
  const spread = k > 0 ? 1 : d.ease(u);
  return d.slide("Meanwhile, work",
    d.text(150, 196, "the line", { size: 26, weight: 600 }), d.rect(150, 222, 980, 44, { r: 10, fill: "#eceff1", width: 0 }),
    up.map(([from, to]) => (150 + 980 * spread > from ? d.rect(from, 222, Math.min(to, 150 + 980 * spread) - from, 44, { r: 10, fill: d.teal, width: 0 }) : "")),
    d.text(150, 486, "your work", { size: 26, weight: 600 }),
    d.show(a(1), d.rect(150, 402, 980, 44, { r: 10, fill: d.tealSoft, width: 0 }), d.arrow(240, 280, 240, 392, { stroke: d.teal, width: 4 }), d.text(262, 336, "take along", { size: 26, weight: 600, fill: d.teal })),
    d.show(a(2), [420, 540, 790, 910].map((x) => d.grow(x, 424, 0.34, d.page(0, 0)))),
    d.show(a(3), d.arrow(1070, 392, 1070, 280, { stroke: d.orange, width: 4 }), d.text(1048, 336, "hand in", { size: 26, weight: 600, fill: d.orange, anchor: "end" })),
    d.show(a(4), d.text(640, 560, "A line comes and goes. Your work need not.", { size: 32, weight: 600, fill: d.teal, anchor: "middle" })));
}

export default {
  id: "find-where-it-stops",
  scenes: [
    { chapter: "A chain of five", draw: opening, poster: 2, lines: [
      { say: "Nothing loads. Before you press reload for the tenth time, think of a chain." },
      { say: "Your device, the radio, the box, the provider, and the site. Somewhere between two of them, it is open." },
      { say: "We look from near to far, because what is near is quick to check, and you can mend it yourself." }] },
    { chapter: "One: your own device", draw: device, lines: [
      { say: "First: is it only you?" },
      { say: "If your neighbour's phone loads the same page over the same {Wi-Fi|why fye}, then the fault is on your own device." },
      { say: "If nobody's does, it is further out." },
      { say: "Is flight mode off?" },
      { say: "And is the clock right? A secure page carries a date. If your clock is wrong, the page seems to be out of date, and is refused." }] },
    { chapter: "Two: the last metres", draw: radio, lines: [
      { say: "Second: the radio. The bars tell how well you hear the box." },
      { say: "They say nothing about what lies behind the box. Four bars, and still no internet: that is quite possible." },
      { say: "Go closer, keep metal out of the way, and try a cable, if there is one." }] },
    { chapter: "Three: box and provider", draw: provider, lines: [
      { say: "Third: the box. Has it power? Does the lamp for the internet show a fault?" },
      { say: "Switch it off, wait for half a minute, switch it on, and give it two minutes." },
      { say: "Then open a page that you have never opened before. An old page may come from your computer's memory, and fool you." },
      { say: "If the box is fine, and every site is silent, it is the provider. You can ask them, or wait." }] },
    { chapter: "Four: only one site", draw: site, lines: [
      { say: "Fourth: does another site load?" },
      { say: "Then your way is fine. Only that one site, or its name, is out of reach. Try again later." },
      { say: "And if a page asks you to sign in, as in a library or a station: you are connected to the door, but not yet to the house." }] },
    { chapter: "Meanwhile, work", draw: meanwhile, lines: [
      { say: "And while the line is away, nothing stops you from learning.", move: 2 },
      { say: "When the line is good, take along what you will need." },
      { say: "Then read, watch, and write your answers. They are kept on your computer." },
      { say: "When the line is back, hand in. Small things go first." },
      { say: "A line comes and goes. Your work need not." }] },
  ],
};
