// Lecture 1: from a tap to a page, step by step.
import * as d from "../drawing.mjs";

function opening(k, u) {
  const a = d.at(k, u), far = [[230, 400], [420, 268], [640, 226], [860, 268], [1050, 400]];
  const [x, y] = d.along(far, 1 - d.ease(a(1)));
  return d.slide("",
    d.path("M230 400C420 180 860 180 1050 400", { stroke: d.line, width: 4, dash: "2 14" }),
    d.phone(190, 432, a(1) >= 1 ? d.grow(0, -4, 0.42, d.page(0, 0)) : ""), d.server(1092, 432),
    k === 1 && u < 1 ? d.grow(x, y - 6, 0.5, d.page(0, 0)) : "",
    d.show(a(2), [[420, 286], [560, 253], [720, 253], [860, 286]].map(([rx, ry]) => d.router(rx, ry))),
    d.text(640, 392, "The long way", { size: 60, weight: 600, anchor: "middle" }),
    d.text(640, 466, "to your screen", { size: 60, weight: 600, anchor: "middle" }),
    d.label(190, 546, "you"), d.label(1092, 546, "the lesson"));
}

function asking(k, u) {
  const a = d.at(k, u), letter = (x, y) => d.rect(x - 30, y - 20, 60, 40, { r: 6, fill: d.orangeSoft, stroke: d.orange }) + d.path(`M${x - 28} ${y - 17}L${x} ${y + 4}L${x + 28} ${y - 17}`, { stroke: d.orange });
  const [x, y] = d.along([[190, 250], [420, 330], [470, 372]], d.ease(a(2)));
  const [sx, sy] = d.along([[524, 380], [650, 380], [700, 486], [890, 486], [940, 380], [975, 380]], d.ease(a(3)));
  return d.slide("Your computer asks",
    d.laptop(180, 372), d.label(180, 470, "your computer"),
    d.show(a(2), d.waves(288, 350), d.box(448, 372), d.label(448, 470, "box or mast")),
    d.show(a(3), d.path("M524 380H640C680 380 660 486 710 486H880C930 486 910 380 950 380H1010", { stroke: d.ink, width: 5 }),
      d.path("M596 446q18 -16 36 0t36 0t36 0t36 0t36 0t36 0t36 0t36 0t36 0", { stroke: d.teal }),
      d.label(790, 540, "by wire, even under the sea")),
    d.show(Math.max(0.25, a(3)), d.server(1082, 372), d.label(1082, 470, "server")),
    k === 1 ? d.show(a(1), letter(180, 250), d.text(240, 244, "“Please send me", { size: 26 }), d.text(240, 280, "this page.”", { size: 26 })) : "",
    k === 2 ? letter(x, y) : k === 3 ? letter(sx, sy) : "");
}

function names(k, u) {
  const a = d.at(k, u), book = d.rect(620, 206, 500, 236, { r: 16 });
  const row = (y, name, number, strong) => (strong ? d.rect(632, y - 31, 476, 46, { r: 8, fill: d.tealSoft, width: 0 }) : "")
    + d.text(654, y, name, { size: 24, weight: strong ? 600 : 400, fill: strong ? d.ink : d.soft }) + d.text(1086, y, number, { size: 24, weight: strong ? 600 : 400, fill: strong ? d.teal : d.soft, anchor: "end" });
  return d.slide("A name becomes a number",
    d.laptop(220, 330), d.label(220, 424, "“school.example”"),
    d.show(a(1), d.arrow(340, 304, 600, 304), d.label(470, 288, "which number?")),
    d.show(a(1), book, row(256, "museum.example", "198.51.100.7"), row(310, "school.example", "203.0.113.25", k >= 3), row(364, "station.example", "192.0.2.140"), row(418, "weather.example", "198.51.100.62")),
    d.show(a(2), d.label(870, 492, "the directory: DNS", { fill: d.ink, weight: 600 })),
    d.show(a(3), d.arrow(600, 354, 340, 354, { stroke: d.teal }), d.label(470, 390, "203.0.113.25", { fill: d.teal, weight: 600 })),
    d.show(a(3), d.rect(110, 466, 220, 84, { r: 10, fill: d.tealSoft, width: 0 }), d.text(220, 500, "school.example", { size: 22, anchor: "middle" }), d.text(220, 532, "= 203.0.113.25", { size: 22, weight: 600, fill: d.teal, anchor: "middle" })));
}

function cut(k, u) {
  const a = d.at(k, u), spread = d.ease(a(1));
  const tiles = Array.from({ length: 8 }, (_, i) => {
    const col = i % 4, rw = Math.floor(i / 4), x0 = 180 + col * 58, y0 = 300 + rw * 76;
    const x = x0 + (col - 1.5) * 34 * spread, y = y0 + (rw - 0.5) * 44 * spread;
    return d.rect(x - 28, y - 37, 56, 74, { r: 6, fill: d.tealSoft, stroke: d.teal, width: 2.5 })
      + d.path(`M${x - 16} ${y - 16}H${x + 16}M${x - 16} ${y}H${x + 16}M${x - 16} ${y + 16}H${x + 4}`, { stroke: d.teal, width: 4 });
  });
  return d.slide("Cut into packets", d.move(30, 0, tiles), d.label(297, 510, k >= 1 ? "many packets" : "the lesson"),
    d.show(a(2), d.arrow(470, 338, 590, 338, { stroke: d.soft })),
    d.show(a(2), d.rect(620, 206, 540, 264, { r: 18 })),
    d.show(a(2), d.text(652, 434, "a piece of the lesson", { size: 26 }), [0, 1].map((i) => d.path(`M652 ${360 + i * 28}H${i ? 980 : 1128}`, { stroke: d.tealSoft, width: 12 }))),
    d.show(a(3), d.path("M620 324H1160", { stroke: d.line, width: 2 }),
      [["from", "203.0.113.25"], ["to", "198.51.100.9"], ["number", "3"]].map(([what, value], i) => [
        d.text(652 + [0, 200, 400][i], 250, what, { size: 22, fill: d.soft }), d.text(652 + [0, 200, 400][i], 290, value, { size: 25, weight: 600, fill: i === 2 ? d.orange : d.ink })])));
}

const NODES = { a: [1010, 260], b: [1000, 440], c: [820, 348], d: [660, 240], e: [650, 450], f: [480, 340], g: [330, 250], h: [320, 440] };
const LINKS = ["ab", "ac", "bc", "cd", "ce", "de", "df", "ef", "fg", "fh", "gh", "be", "ad"];
function hops(k, u) {
  const a = d.at(k, u), yes = [1116, 348], me = [166, 348];
  const top = [yes, NODES.a, NODES.d, NODES.f, NODES.g, me], low = [yes, NODES.b, NODES.e, NODES.f, NODES.h, me];
  const ride = (route, number, from, to) => { const s = d.part(a(k === 1 ? 1 : 3), from, to); const [x, y] = d.along(route, s); return s > 0 && s < 1 ? d.packet(x, y, number) : ""; };
  const broken = k >= 3;
  return d.slide("From router to router",
    LINKS.map((l) => d.wire([NODES[l[0]], NODES[l[1]]], { stroke: d.line, width: 4 })),
    [["a", yes], ["b", yes], ["g", me], ["h", me]].map(([l, p]) => d.wire([NODES[l], p], { stroke: d.line, width: 4 })),
    k === 2 ? d.show(a(2), d.arrow(445, 320, 366, 272, { stroke: d.teal, width: 5 }), d.text(480, 272, "“next: that one”", { size: 24, fill: d.teal, weight: 600, anchor: "middle" })) : "",
    Object.entries(NODES).map(([name, [x, y]]) => d.router(x, y, k === 2 && name === "f" ? d.tealSoft : d.card)),
    broken ? d.show(Math.min(1, a(3) * 8), d.cross(835, 250, 0.9)) : "",
    d.grow(116, 348, 0.8, d.laptop(0, 0)), d.grow(1166, 348, 0.9, d.server(0, 0)), d.label(116, 420, "you"), d.label(1166, 436, "server"),
    k === 1 ? [ride(top, 1, 0, 0.7), ride(top, 2, 0.15, 0.85), ride(top, 3, 0.3, 1)] : "",
    k === 3 ? [ride(low, 4, 0.1, 0.85), ride(low, 5, 0.22, 0.97)] : "");
}

function together(k, u) {
  const a = d.at(k, u), cell = (i) => 268 + i * 124, order = [2, 1, 4, 0, 5];
  const resend = d.ease(a(2));
  return d.slide("Put together again",
    [0, 1, 2, 3, 4, 5].map((i) => d.rect(cell(i) - 48, 282, 96, 96, { r: 14, fill: i === 2 && k < 3 && k > 0 ? d.orangeSoft : d.card, stroke: i === 2 && k > 0 && k < 3 ? d.orange : d.line, dash: "8 8" })),
    [0, 1, 3, 4, 5].map((i, nth) => { const s = k > 0 ? 1 : d.ease(d.part(u, nth * 0.14, nth * 0.14 + 0.4)); const [x, y] = d.along([[cell(order[(nth + 2) % 5]), 190], [cell(i), 330]], s); return s > 0 ? d.packet(x, y, i + 1, { size: 76 }) : ""; }),
    k === 1 ? d.show(a(1), d.text(cell(2), 346, "3 ?", { size: 40, weight: 600, fill: d.orange, anchor: "middle" })) : "",
    k >= 2 ? d.packet(cell(2) + (1120 - cell(2)) * (1 - resend), 330 + Math.sin(resend * Math.PI) * 130, 3, { fill: d.orange, size: 76 }) : "",
    k >= 1 ? d.show(a(1), d.label(cell(2), 430, "a gap is noticed …")) : "",
    k >= 2 ? d.show(a(2), d.label(cell(2), 466, "and only number 3 is sent again", { fill: d.orange, weight: 600 })) : "",
    d.show(a(3), d.text(640, 556, "The network may lose pieces. The two ends repair it.", { size: 30, weight: 600, fill: d.teal, anchor: "middle" })));
}

function summary(k, u) {
  const a = d.at(k, u), x = (i) => 170 + i * 235;
  const steps = [
    ["ask", d.grow(x(0), 300, 0.8, d.laptop(0, 0))],
    ["find the number", d.text(x(1), 292, "name", { size: 26, weight: 600, anchor: "middle" }) + d.arrow(x(1), 304, x(1), 330, { stroke: d.teal }) + d.text(x(1), 360, "number", { size: 26, weight: 600, fill: d.teal, anchor: "middle" })],
    ["cut", [0, 1, 2, 3].map((i) => d.packet(x(2) - 26 + (i % 2) * 52, 288 + Math.floor(i / 2) * 52, i + 1))],
    ["hop", d.wire([[x(3) - 60, 340], [x(3), 284], [x(3) + 60, 340]], { stroke: d.line, width: 4 }) + d.router(x(3) - 60, 340) + d.router(x(3), 284) + d.router(x(3) + 60, 340)],
    ["put together", d.page(x(4), 314)],
  ];
  return d.slide("Five steps",
    steps.map(([name, drawing], i) => d.show(k > 0 ? 1 : d.part(u, i * 0.19, i * 0.19 + 0.1), drawing, d.text(x(i), 440, name, { size: 26, weight: 600, anchor: "middle" }), i ? d.arrow(x(i) - 140, 314, x(i) - 102, 314, { stroke: d.soft }) : "")),
    d.show(a(1), steps.map((_, i) => d.disc(x(i), 494, 17, { fill: d.orangeSoft, stroke: d.orange }) + d.text(x(i), 504, "?", { size: 26, weight: 600, fill: d.orange, anchor: "middle" }))),
    d.show(a(2), d.text(640, 574, "Know the steps, and you can find the one that failed.", { size: 30, weight: 600, fill: d.teal, anchor: "middle" })));
}

export default {
  id: "the-long-way",
  scenes: [
    { chapter: "You tap, it appears", draw: opening, poster: 2, lines: [
      { say: "You tap on a lesson." },
      { say: "A second later, it is on your screen, as if it had been there all along.", move: 2.4 },
      { say: "But it may have come from another continent, through a dozen machines that you will never see." },
      { say: "Let us follow it on its way, step by step.", beat: false }] },
    { chapter: "Your computer asks", draw: asking, lines: [
      { say: "Your computer does not have the lesson. So it has to ask." },
      { say: "It writes a very short letter: please send me this page." },
      { say: "The letter leaves by radio: over {Wi-Fi|why fye} to a box in the house, or as a phone signal to a mast on a hill.", move: 2.4 },
      { say: "From there, it nearly always travels by wire. Even from continent to continent: in cables on the floor of the sea.", move: 3.2 }] },
    { chapter: "A name becomes a number", draw: names, lines: [
      { say: "You gave a name, such as {school.example|school dot example}. But machines find each other by numbers, called {IP|eye pee} addresses." },
      { say: "So, before anything else, your computer asks a directory: which number belongs to this name?" },
      { say: "The directory is called {DNS|dee en ess}, the domain name system." },
      { say: "It answers with a number, and your computer remembers it for a while, so that it need not ask again." }] },
    { chapter: "Cut into packets", draw: cut, lines: [
      { say: "Now the server has your letter. But the lesson is far too big to travel in one piece." },
      { say: "So the server cuts it into small pieces, called packets.", move: 1.2 },
      { say: "A packet is about fifteen hundred bytes long. That is less than one page of text." },
      { say: "On each packet stands where it comes from, where it is going, and which place it has in the row." }] },
    { chapter: "From router to router", draw: hops, lines: [
      { say: "Between the server and you, there are routers." },
      { say: "A router reads the address on a packet, and hands the packet to a neighbour that is nearer to you.", move: 4.4 },
      { say: "No router knows the whole way. Each one knows only the next step." },
      { say: "If a line is broken, packets can take another one. So they may arrive late, or in the wrong order. Some never arrive.", move: 4.8 }] },
    { chapter: "Put together again", draw: together, lines: [
      { say: "Your computer lays the packets in their order again.", move: 2.2 },
      { say: "And it notices every gap: number three is missing." },
      { say: "So the server sends number three once more. Only that one.", move: 1.6 },
      { say: "That is the whole trick. The network may lose pieces, and the two ends repair it." }] },
    { chapter: "Five steps to remember", draw: summary, lines: [
      { say: "So, these are the five steps: ask, find the number, cut, hop, and put together.", move: 4.6 },
      { say: "Each of them can fail." },
      { say: "But now that you know the steps, you can find out which one did. That is what the rest of this course is about." }] },
  ],
};
