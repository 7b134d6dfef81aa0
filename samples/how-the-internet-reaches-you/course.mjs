// The outline: sections and items, in the order in which they are learned.
// Must stay true: every id is unique, every item has one activity of the practice campus (cmid from 11 up).
import practice from "./quizzes/check-yourself.mjs";
import graded from "./quizzes/final.mjs";

/** Which activity of the site an item of each kind is. */
const MODULES = { video: "resource", "application/pdf": "resource", "text/html": "page", quiz: "quiz", assignment: "assign", discussion: "forum", link: "url" };

export const course = {
  format: "daypack-course-folder/1",
  id: "how-the-internet-reaches-you",
  title: "How the internet reaches you (and what to do when it doesn’t)",
  language: "en",
  summary: "Three short lectures, readings and exercises about packets, slow lines, and finding the place where the internet stops.",
  licence: "CC0-1.0",
  authors: ["Daypack"],
  version: 1,
  sites: { campus: "http://127.0.0.1:8642" },
  sections: [
    { id: "the-way", title: "The way from there to here", summary: "What happens between a tap and a page.", items: [
      { id: "the-long-way", kind: "video", title: "The long way to your screen", minutes: 3, summary: "Ask, find the number, cut, hop, put together: the five steps of every page." },
      { id: "packets", kind: "reading", title: "Why everything is cut into packets", minutes: 6, summary: "Postcards with numbers, and why they make repair cheap.",
        path: "readings/packets.html", media_type: "text/html", assets: ["readings/reading.css", "readings/packet.svg", "readings/resume.svg"] },
      { id: "cable-map", kind: "link", title: "A map of the cables under the sea", minutes: 5, summary: "See which cables land near you.",
        address: "https://www.submarinecablemap.com/", why_online: "The map is a site of its own that changes often; it cannot be taken along." },
    ] },
    { id: "slow", title: "When it is slow", summary: "Bandwidth, latency and loss, and how to tell which one it is.", items: [
      { id: "two-kinds-of-slow", kind: "video", title: "Slow is not one thing", minutes: 3, summary: "Width, length and loss: look how it is slow before you choose a cure." },
      { id: "weak-line", kind: "reading", title: "Working well with a weak line", minutes: 7, summary: "What costs how much, and how to spend a good hour.",
        path: "readings/weak-line.html", media_type: "text/html", assets: ["readings/reading.css", "readings/order.svg"] },
      { id: "check-yourself", kind: "quiz", title: "Check yourself", minutes: 10, summary: "Seven questions with answers explained; nothing is counted.", quiz: practice },
      { id: "your-line", kind: "discussion", title: "What is the line like where you live?", minutes: 10, summary: "Compare lines with the others.",
        prompt_html: "<p>Describe the line that you use most: radio or cable, shared with how many people, good at which hours? What do you do when it is gone? Then answer somebody whose line is quite different from yours.</p>" },
    ] },
    { id: "gone", title: "When it is gone", summary: "Find the open link, from near to far, and work meanwhile.", items: [
      { id: "find-where-it-stops", kind: "video", title: "Find where it stops", minutes: 3, summary: "Device, radio, box, provider, site: four checks in the right order." },
      { id: "fault-finder", kind: "reading", title: "Fault finder (to print)", minutes: 5, summary: "Three pages to pin up beside the box: a finder, a table of signs, a log.",
        path: "readings/fault-finder.pdf", media_type: "application/pdf", assets: [] },
      { id: "my-way", kind: "assignment", title: "Describe your own way", minutes: 40, summary: "Follow the internet from your device as far as you can see, and measure it.",
        brief_html: "<p>Follow the way from the device on which you learn, as far as you can see or find out.</p><ol><li>Name each link: device, radio or cable, box or mast, provider. Say how you know.</li><li>Measure twice, at different hours: latency (<code>ping</code>) or the time that a download takes.</li><li>Say in two or three sentences where your way is weakest, and what you could do about it.</li></ol><p>200 to 400 words. You may add a drawing or a photo of one. Leave out names, addresses and passwords.</p>",
        accepts_text: true, max_files: 2, max_file_bytes: 10485760, due: null, max_grade: 100 },
      { id: "final-quiz", kind: "quiz", title: "What have you learned?", minutes: 25, summary: "Five questions and a short essay; this one is graded.", quiz: graded },
    ] },
  ],
};

/** What the "look around" cut leaves out: later lectures, and what needs the internet. */
export const CUT = { id: "look-around", title: "Look around: how the internet reaches you", summary: "A short lecture, readings and exercises about packets and slow lines. Try everything; it needs no internet.", without: ["cable-map", "two-kinds-of-slow", "find-where-it-stops"] };

/** The one binding of each item, numbered in the order of the outline. */
export function bind(sections) {
  let cmid = 11;
  const instances = {};
  return sections.map((section) => ({ ...section, items: section.items.map((item) => {
    const module = MODULES[item.media_type ?? item.kind];
    instances[module] = (instances[module] ?? 0) + 1;
    return { ...item, bindings: [{ site: "campus", course: "2", module, cmid: String(cmid++), instance: String(instances[module]) }] };
  }) }));
}
