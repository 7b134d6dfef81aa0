// The figures of the HTML readings.
import * as d from "../drawing.mjs";

const packet = d.figure(720, 250, "A packet: header above, a piece of the lesson below",
  d.rect(150, 30, 420, 190, { r: 16 }), d.path("M150 122H570", { stroke: d.line, width: 2 }),
  [["from", "203.0.113.25"], ["to", "198.51.100.9"], ["number", "117"]].map(([what, value], i) => [
    d.text(174 + [0, 160, 310][i], 66, what, { size: 17, fill: d.soft }), d.text(174 + [0, 160, 310][i], 98, value, { size: 19, weight: 600, fill: i === 2 ? d.orange : d.ink })]),
  [0, 1, 2].map((i) => d.path(`M178 ${150 + i * 24}H${i === 2 ? 400 : 542}`, { stroke: d.tealSoft, width: 11 })),
  d.text(132, 82, ["for the", "way"], { size: 19, fill: d.soft, anchor: "end" }), d.text(132, 168, ["for", "you"], { size: 19, fill: d.soft, anchor: "end" }),
  d.text(588, 88, "40 bytes", { size: 19, fill: d.soft }), d.text(588, 172, "1460 bytes", { size: 19, fill: d.soft }));

const resume = d.figure(720, 190, "Seven of twelve pieces arrived, then the line broke",
  Array.from({ length: 12 }, (_, i) => d.packet(62 + i * 52 + (i > 6 ? 24 : 0), 82, i + 1, i > 6 ? { ghost: true, size: 40 } : { size: 40 })),
  d.path("M412 44V122", { stroke: d.orange, dash: "3 9" }), d.text(222, 156, "arrived, kept", { size: 20, weight: 600, fill: d.teal, anchor: "middle" }),
  d.text(554, 156, "still to fetch", { size: 20, weight: 600, fill: d.orange, anchor: "middle" }));

const order = d.figure(720, 220, "Send, then fetch small things, then fetch large things",
  [["1  send", "your answers", 54], ["2  fetch", "readings, quizzes", 92], ["3  fetch", "lectures", 150]].map(([head, what, size], i) => [
    d.rect(40 + i * 226, 36, 188, 148, { r: 14, stroke: d.line }), d.text(60 + i * 226, 76, head, { size: 22, weight: 600, fill: d.teal }), d.text(60 + i * 226, 110, what, { size: 19 }),
    d.rect(60 + i * 226, 138, size, 18, { r: 5, fill: i ? d.teal : d.orange, width: 0 }), i ? d.arrow(6 + i * 226, 110, 32 + i * 226, 110, { stroke: d.soft }) : ""]));

export default { "packet.svg": packet, "resume.svg": resume, "order.svg": order };
