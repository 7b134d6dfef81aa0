// Graded quiz: marked by the site, the essay by a teacher. The practice campus marks with these keys;
// a real site keeps its own, and a published package carries none.
const choice = (id, text_html, feedback_html = "") => ({ id, text_html, feedback_html });
const server = (question) => ({ scoring: "server", ...question });

export default {
  mode: "graded", max_attempts: 2,
  intro_html: "<p>Five questions and one short essay. You may work on it without the internet; it is handed in when the line is back. You have two attempts.</p>",
  questions: [
    server({ id: "g1", kind: "single_choice", points: 2, text_html: "<p>At your home no site loads. Your neighbour, who has the same provider, has no internet either. Where do you look first?</p>",
      choices: [choice("a", "At the date and time of my laptop"), choice("b", "At the place where my box stands"), choice("c", "At the provider: I ask, or I wait"), choice("d", "At the site that I wanted to open")],
      key: { choice: "c" }, feedback_html: "<p>Two homes at once: the fault is in what they share.</p>" }),
    server({ id: "g2", kind: "multiple_choice", points: 3, text_html: "<p>What stands on a packet, besides the piece of the lesson? Choose all that fit.</p>",
      choices: [choice("a", "where it comes from"), choice("b", "where it is going"), choice("c", "its place in the row"), choice("d", "the list of all routers on the way")],
      key: { choices: ["a", "b", "c"] }, feedback_html: "<p>No router, and no packet, knows the whole way.</p>" }),
    server({ id: "g3", kind: "number", points: 2, unit: "s", text_html: "<p>Opening a page takes 15 questions, one after the other. Your latency is 400&nbsp;ms. How many seconds pass in waiting for answers?</p>",
      key: { value: 6, tolerance: 0.05 }, feedback_html: "<p>15 × 400 ms = 6000 ms = 6 s.</p>" }),
    server({ id: "g4", kind: "true_false", points: 1, text_html: "<p>Packets of the same lecture can take different ways and arrive in the wrong order.</p>",
      key: { value: true }, feedback_html: "<p>Your computer lays them in order again.</p>" }),
    server({ id: "g5", kind: "matching", points: 3, text_html: "<p>Match each sign with its most likely cause.</p>",
      left: [{ id: "l1", text_html: "Calls break up, far from the box" }, { id: "l2", text_html: "Starts at once, large videos crawl" }, { id: "l3", text_html: "Every click waits, then all comes at once" }],
      right: [{ id: "r1", text_html: "high latency" }, { id: "r2", text_html: "lost packets" }, { id: "r3", text_html: "too little bandwidth" }],
      key: { pairs: { l1: "r2", l2: "r3", l3: "r1" } }, feedback_html: "<p>Look how it is slow, before you ask why.</p>" }),
    { id: "g6", kind: "essay", points: 9, scoring: "manual", min_words: 80, max_words: 400, key: null,
      text_html: "<p>A friend writes: “My lesson does not load, I have pressed reload ten times.” Write an answer that helps. Say what your friend should check, in which order and why, and what can be done while waiting.</p>",
      feedback_html: "<p>A good answer goes from near to far, says what each check tells, and does not leave your friend idle.</p>" },
  ],
};
