// The PDF reading: three A4 pages to print and pin up beside the box.
// Must stay true: real text (it can be searched and read aloud), readable in black and white.
import * as d from "../drawing.mjs";

const W = 794, H = 1123;
const sheet = (number, title, lead, ...body) => `<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm" viewBox="0 0 ${W} ${H}" font-family="Inter, Arial, sans-serif"><rect width="${W}" height="${H}" fill="#ffffff"/>`
  + d.text(72, 112, title, { size: 34, weight: 600 }) + d.text(72, 152, lead, { size: 17, fill: d.soft }) + body.flat(9).join("")
  + d.text(72, H - 52, "How the internet reaches you", { size: 13, fill: d.soft }) + d.text(W - 72, H - 52, `${number} of 3`, { size: 13, fill: d.soft, anchor: "end" }) + "</svg>";

const ask = (y, question, no, mend) => [
  d.rect(72, y, 330, 92, { r: 12, width: 2 }), d.text(92, y + (question.length > 1 ? 40 : 52), question, { size: 18, weight: 600 }),
  d.arrow(402, y + 46, 470, y + 46, { stroke: d.orange, width: 2 }), d.text(436, y + 36, no, { size: 15, weight: 600, fill: d.orange, anchor: "middle" }),
  d.rect(474, y, 248, 92, { r: 12, width: 0, fill: d.orangeSoft }), d.text(490, y + (mend.length > 2 ? 28 : 40), mend, { size: 16 })];
const down = (y, word) => [d.arrow(237, y, 237, y + 44, { stroke: d.teal, width: 2 }), d.text(252, y + 28, word, { size: 15, weight: 600, fill: d.teal })];

const finder = sheet(1, "Fault finder", "Begin at the top. Stop at the first orange box that fits, mend, and try again.",
  ask(190, ["Does another device load", "the page on this Wi-Fi?"], "yes", ["It is your device: flight", "mode, Wi-Fi, date and", "time, then restart it."]), down(282, "no"),
  ask(328, ["Do you see the Wi-Fi,", "with two bars or more?"], "no", ["Go closer. Move metal", "away. Try a cable."]), down(420, "yes"),
  ask(466, ["Are the lamps for power", "and internet in order?"], "no", ["Off for 30 seconds, on,", "wait for 2 minutes.", "Look at the plugs."]), down(558, "yes"),
  ask(604, ["Does any other site load,", "one that is new to you?"], "no", ["It is the provider. Ask", "the neighbours, then", "call, or wait."]), down(696, "yes"),
  ask(742, ["Is there a page that asks", "you to sign in?"], "yes", ["Sign in there first", "(library, station, café)."]), down(834, "no"),
  d.rect(72, 880, 650, 104, { r: 12, width: 0, fill: d.tealSoft }), d.text(92, 918, "Only this one site is away.", { size: 18, weight: 600 }),
  d.text(92, 948, "Nothing to mend on your side. Work on what you have, and try again later.", { size: 16 }));

const table = (y, columns, rows, height) => [
  columns.map(([x, name]) => d.text(x, y, name, { size: 14, weight: 600, fill: d.soft })),
  rows.map((cells, i) => [d.path(`M72 ${y + 16 + i * height}H722`, { stroke: d.line, width: 1 }), cells.map((cell, c) => d.text(columns[c][0], y + 44 + i * height, cell, { size: 16, weight: c ? 400 : 600 }))]),
  d.path(`M72 ${y + 16 + rows.length * height}H722`, { stroke: d.line, width: 1 })];

const signs = sheet(2, "What the signs mean", "Look how it is slow or gone, before you ask why.",
  table(214, [[72, "WHAT YOU SEE"], [300, "WHAT IT PROBABLY IS"], [520, "WHAT HELPS"]], [
    [["Starts late,", "then runs well"], ["Latency: a long way, or", "many small questions"], ["Take everything along", "in one go"]],
    [["Starts at once,", "large things crawl"], ["Too little bandwidth,", "or it is shared"], ["Smaller video, sound", "only, another hour"]],
    [["Stops and goes,", "calls break up"], ["Loss on a weak radio", "signal"], ["Go closer, or use", "a cable"]],
    [["Old pages work,", "new ones do not"], ["No line at all; the old", "ones are from memory"], ["See page 1"]],
    [["Sites by name fail,", "some programs work"], ["The directory (DNS)", "does not answer"], ["Restart the box; ask", "the provider"]],
    [["“Not secure”,", "everywhere"], ["Your clock is wrong, or", "you must sign in first"], ["Set the date; look for", "a sign-in page"]],
    [["Good at night,", "bad in the evening"], ["Many people share", "the same line"], ["Large downloads", "at night"]],
  ], 94),
  d.text(72, 950, ["If “not secure” stays although your clock is right, do not go on:", "somebody may be listening. Try another network."], { size: 16, weight: 600, fill: d.orange }));

const log = sheet(3, "My line: a log", "Three days of short notes show more than a week of memory.",
  [["date", 72], ["hour", 168], ["ping (ms)", 252], ["Mbit/s", 362], ["what I saw, and what I did", 450]].map(([name, x]) => d.text(x, 210, name, { size: 14, weight: 600, fill: d.soft })),
  d.text(72, 246, "3 May", { size: 16, fill: d.soft }), d.text(168, 246, "19:30", { size: 16, fill: d.soft }), d.text(252, 246, "180", { size: 16, fill: d.soft }), d.text(362, 246, "0.9", { size: 16, fill: d.soft }), d.text(450, 246, "video stopped; small size ran well", { size: 16, fill: d.soft }),
  Array.from({ length: 15 }, (_, i) => d.path(`M72 ${224 + i * 42}H722`, { stroke: d.line, width: 1 })),
  d.text(72, 868, "How to measure", { size: 20, weight: 600 }),
  d.text(72, 902, ["Latency: open a terminal and type  ping example.org  (stop with Ctrl and C).", "Read the time in milliseconds. Take the middle one of five.",
    "Bandwidth: download a file whose size you know, and take the time.", "Megabytes × 8 ÷ seconds = megabits per second (Mbit/s)."], { size: 16 }));

export default [finder, signs, log];
