// Lecture 2: bandwidth, latency and loss, and how to tell which one it is.
import * as d from "../drawing.mjs";

function opening(k, u) {
  const a = d.at(k, u);
  return d.slide("",
    d.text(640, 190, "“The internet is slow today.”", { size: 52, weight: 600, anchor: "middle" }),
    d.show(a(1),
      d.rect(170, 292, 380, 116, { r: 20, fill: d.tealSoft, width: 0 }), d.path("M170 292H550M170 408H550", { width: 4 }),
      d.arrow(230, 272, 230, 428, { stroke: d.teal, width: 4 }), d.arrow(230, 428, 230, 272, { stroke: d.teal, width: 4 }),
      d.text(402, 361, "how wide?", { size: 32, weight: 600, fill: d.teal, anchor: "middle" }),
      d.path("M730 350H1110", { width: 4 }), d.path("M730 322V378M1110 322V378", { width: 4 }),
      d.text(920, 318, "how long?", { size: 32, weight: 600, fill: d.orange, anchor: "middle" })),
    d.show(a(2), d.label(360, 488, ["a cure for the one …"]), d.label(920, 488, ["… does nothing for the other"])));
}

function width(k, u) {
  const a = d.at(k, u), wide = k > 3 ? 1 : a(3), narrow = k > 3 ? 0.125 + 0.875 * d.ease(a(4)) : a(3) / 8;
  const lane = (y, h, name) => [d.rect(220, y, 760, h, { r: Math.min(20, h / 2), fill: d.card }), d.text(200, y + h / 2 + 9, name, { size: 26, weight: 600, anchor: "end" })];
  const run = (y, h, share) => (share > 0 ? d.rect(224, y + 4, Math.max(8, 752 * share), h - 8, { r: Math.min(16, h / 2 - 4), fill: d.teal, width: 0 }) : "");
  return d.slide("Width: how much fits through",
    d.show(k > 0 ? 1 : d.part(u, 0, 0.4), lane(206, 96, "8 Mbit/s"), lane(398, 22, "1 Mbit/s")),
    d.show(k === 1 || k === 2 ? a(1) : 0, d.text(600, 264, "bandwidth", { size: 32, weight: 600, fill: d.teal, anchor: "middle" })),
    k === 2 ? d.show(a(2), d.label(600, 350, "8 bits = 1 byte,  so  8 megabits = 1 megabyte, every second", { fill: d.ink })) : "",
    k >= 3 ? [run(206, 96, wide), run(398, 22, narrow)] : "",
    k >= 3 ? d.show(k > 3 ? 1 : d.part(u, 0.75, 1), d.text(1004, 264, "40 s", { size: 36, weight: 600, fill: d.teal })) : "",
    k >= 4 ? d.show(d.part(a(4), 0.75, 1), d.text(1004, 420, "5 min 20 s", { size: 36, weight: 600, fill: d.orange })) : "",
    d.show(k >= 3 ? 1 : 0, d.label(600, 500, "a lecture of 40 megabytes")));
}

function length(k, u) {
  const a = d.at(k, u);
  const rows = [["the next town", 20, 206], ["across an ocean", 150, 316], ["by a high satellite", 600, 426]];
  const lane = ([name, ms, y], i) => {
    const beat = 2 + i, s = a(beat), far = 330 + [60, 210, 700][i];
    const x = s < 0.5 ? 330 + (far - 330) * s * 2 : far - (far - 330) * (s - 0.5) * 2;
    return d.show(k >= beat ? 1 : 0, d.text(80, y + 9, name, { size: 26, weight: 600 }), d.disc(330, y, 9, { fill: d.ink, width: 0 }),
      d.wire([[330, y], [far, y]], { stroke: d.line, width: 4 }), d.disc(far, y, 9, { fill: d.card }),
      s > 0 && s < 1 ? d.packet(x, y, s < 0.5 ? "?" : "!", { fill: s < 0.5 ? d.orange : d.teal }) : "",
      s >= 1 ? d.text(far + 30, y + 11, `${ms} ms`, { size: 32, weight: 600, fill: i === 2 ? d.orange : d.teal }) : "");
  };
  const s = k === 0 ? d.ease(u) : 1;
  return d.slide("Length: how long one answer takes",
    k < 2 ? [d.laptop(190, 330), d.server(1090, 330), d.wire([[290, 300], [1010, 300]], { stroke: d.line, width: 4 }), d.wire([[290, 360], [1010, 360]], { stroke: d.line, width: 4 }),
      k === 0 ? d.packet(310 + 680 * s, 300, "?", { fill: d.orange }) : d.packet(990 - 680 * d.ease(d.part(a(1), 0.4, 1)), 360, "!"),
      d.show(a(1), d.label(640, 264, "question"), d.label(640, 410, "answer"), d.text(640, 520, "there and back = latency, counted in milliseconds", { size: 30, weight: 600, fill: d.teal, anchor: "middle" }))]
      : [rows.map(lane), d.label(640, 540, "1000 milliseconds (ms) = 1 second")]);
}

function ladder(k, u) {
  const a = d.at(k, u), names = ["name?", "hello", "the page", "picture 1", "picture 2", "…"], top = 214;
  const shown = (i) => (k > 0 ? 1 : d.part(u, i * 0.16, i * 0.16 + 0.12));
  return d.slide("Why small things feel slow",
    d.wire([[220, top - 16], [220, 566]], { width: 4 }), d.wire([[640, top - 16], [640, 566]], { width: 4 }),
    d.label(220, 178, "you"), d.label(640, 178, "server"),
    names.map((name, i) => d.show(shown(i), d.arrow(224, top + i * 58, 632, top + i * 58 + 26, { stroke: d.orange }), d.arrow(636, top + 26 + i * 58, 228, top + i * 58 + 52, { stroke: d.teal }),
      d.text(202, top + 8 + i * 58, name, { size: 22, fill: d.soft, anchor: "end" }))),
    d.show(a(1), d.text(720, 270, "20 questions", { size: 36, weight: 600 }), d.text(720, 326, "×  600 ms each", { size: 36, weight: 600 }), d.wire([[720, 352], [1080, 352]], { stroke: d.ink }),
      d.text(720, 410, "=  12 seconds", { size: 44, weight: 600, fill: d.orange })),
    d.show(a(2), d.text(720, 480, ["A wider pipe", "does not help."], { size: 28, fill: d.soft })));
}

function loss(k, u) {
  const a = d.at(k, u), gone = [37, 72], drop = k >= 2;
  return d.slide("Loss: pieces that vanish",
    Array.from({ length: 100 }, (_, i) => {
      const x = 120 + (i % 10) * 42, y = 186 + Math.floor(i / 10) * 39, lost = gone.includes(i) && k >= 1;
      return lost ? d.rect(x - 11, y - 11, 22, 22, { r: 5, fill: d.orangeSoft, stroke: d.orange, dash: "4 4", width: 2.5 }) : d.rect(x - 12, y - 12, 24, 24, { r: 5, fill: d.teal, width: 0 });
    }),
    d.show(a(1), d.text(310, 592, "2 of 100 are lost", { size: 28, weight: 600, fill: d.orange, anchor: "middle" })),
    d.show(drop ? a(2) : 0, d.path("M660 190V540H1130", { stroke: d.soft }), d.text(1144, 548, "time", { size: 24, fill: d.soft }), d.text(676, 204, "speed", { size: 24, fill: d.soft }),
      d.path("M660 250H1130", { stroke: d.line, dash: "4 12" }), d.text(1130, 236, "what the line could carry", { size: 22, fill: d.soft, anchor: "end" }),
      d.path("M660 536L780 330V440L900 350V448L960 404V474L1070 384V462L1130 410", { stroke: d.orange, width: 5 }),
      [[780, 330], [900, 350], [960, 404], [1070, 384]].map(([x, y]) => d.cross(x, y - 6, 0.7)),
      d.text(895, 592, "at each loss the sender slows down", { size: 28, weight: 600, fill: d.orange, anchor: "middle" })));
}

function which(k, u) {
  const a = d.at(k, u), x = (i) => 80 + i * 384;
  const curves = ["M20 190H150L210 30H300", "M20 190L300 100", "M20 190L70 140H120L150 100H215L240 70H300"];
  const names = ["latency", "bandwidth", "loss"], signs = [["starts late,", "then runs well"], ["starts at once,", "big things crawl"], ["stops and goes,", "calls break up"]];
  const cures = [["ask less often,", "take it all in one go"], ["take the smaller video,", "or only the sound"], ["go nearer,", "or use a cable"]];
  return d.slide("Look how it is slow",
    [0, 1, 2].map((i) => [
      d.show(a(1 + i), d.rect(x(i), 150, 352, 226, { r: 16, stroke: d.line }), d.move(x(i) + 16, 150, d.path("M20 36V190H310", { stroke: d.line }), d.path(curves[i], { stroke: d.orange, width: 6 })),
        d.text(x(i) + 176, 416, signs[i], { size: 26, anchor: "middle" }), d.text(x(i) + 176, 502, names[i], { size: 30, weight: 600, fill: d.orange, anchor: "middle" })),
      d.show(a(4 + i), d.text(x(i) + 176, 552, cures[i], { size: 26, weight: 600, fill: d.teal, anchor: "middle" }))]));
}

export default {
  id: "two-kinds-of-slow",
  scenes: [
    { chapter: "One word, two things", draw: opening, poster: 1, lines: [
      { say: "The internet is slow today. People say this as if slow were one thing." },
      { say: "It is at least two. How wide is the line? And how long is it?" },
      { say: "This matters, because a cure for the one does nothing for the other." }] },
    { chapter: "Width: bandwidth", draw: width, lines: [
      { say: "Think of a water pipe. Its width decides how much comes out each second.", move: 1 },
      { say: "For a line, this is called bandwidth. It is counted in megabits per second." },
      { say: "Eight bits make one byte. So, eight megabits per second bring one megabyte, each second." },
      { say: "A lecture of forty megabytes then takes forty seconds.", move: 3 },
      { say: "On a line of one megabit per second, the same lecture takes more than five minutes.", move: 4 }] },
    { chapter: "Length: latency", draw: length, lines: [
      { say: "Now think of distance. However wide the pipe is, the first drop needs time to arrive.", move: 3 },
      { say: "The time for one question to go, and for its answer to come back, is called latency.", move: 3 },
      { say: "To the next town: about twenty milliseconds, that is, thousandths of a second.", move: 0.8 },
      { say: "Across an ocean: about a hundred and fifty.", move: 1.5 },
      { say: "By way of a satellite, high above the equator: six hundred.", move: 3.2 }] },
    { chapter: "Why small things feel slow", draw: ladder, lines: [
      { say: "A page is rarely one question. First the name, then a greeting, then the page, then the pictures in it, one after the other.", move: 5 },
      { say: "Twenty questions in a row, with six hundred milliseconds for each, are twelve seconds." },
      { say: "That is so even on the widest pipe in the world." }] },
    { chapter: "Loss: pieces that vanish", draw: loss, lines: [
      { say: "And there is a third thing. On a weak radio signal, packets get lost." },
      { say: "They are sent again, and that takes time. But there is something worse." },
      { say: "A sender that sees losses believes that the line is crowded, and slows down. Two lost packets in a hundred can cost far more than two percent of the speed." }] },
    { chapter: "Which one is it?", draw: which, lines: [
      { say: "So, when it is slow, look how it is slow." },
      { say: "Everything starts late, but then runs well: that is latency." },
      { say: "It starts at once, but big things crawl: that is bandwidth." },
      { say: "It stops and goes, and calls break up: that is loss." },
      { say: "Against latency: ask less often, and take everything along in one go." },
      { say: "Against too little bandwidth: choose the smaller video, or only its sound." },
      { say: "Against loss: go nearer to the box or the mast, or use a cable." }] },
  ],
};
