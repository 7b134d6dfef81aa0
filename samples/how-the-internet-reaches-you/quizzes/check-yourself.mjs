// Practice quiz: marked on the spot, as often as one likes. Feedback says why, also for a wrong choice.
const choice = (id, text_html, feedback_html = "") => ({ id, text_html, feedback_html });
const local = (question) => ({ points: 1, scoring: "local", ...question });

export default {
  mode: "practice", max_attempts: null,
  intro_html: "<p>Seven questions about the first lectures. Nothing is counted: try, read why, try again.</p>",
  questions: [
    local({ id: "p1", kind: "single_choice", text_html: "<p>You type <code>school.example</code>. What does your computer need before it can ask for the page?</p>",
      choices: [choice("a", "The number (IP address) that belongs to the name", "Yes. Machines find each other by numbers."),
        choice("b", "The whole way, with all routers on it", "Nobody knows the whole way. Each router knows only the next step."),
        choice("c", "The size of the page", "The size is told later, together with the page."),
        choice("d", "The password of the site", "Most pages need none, and it would come later.")],
      key: { choice: "a" }, feedback_html: "<p>The directory DNS turns the name into a number. The answer is kept for a while.</p>" }),
    local({ id: "p2", kind: "matching", points: 2, text_html: "<p>Match each word with what it does.</p>",
      left: [{ id: "l1", text_html: "DNS" }, { id: "l2", text_html: "router" }, { id: "l3", text_html: "packet" }, { id: "l4", text_html: "server" }],
      right: [{ id: "r1", text_html: "hands a piece on to the next neighbour" }, { id: "r2", text_html: "keeps the lesson and sends it on request" },
        { id: "r3", text_html: "turns a name into a number" }, { id: "r4", text_html: "carries one small numbered piece" }],
      key: { pairs: { l1: "r3", l2: "r1", l3: "r4", l4: "r2" } }, feedback_html: "<p>A name becomes a number (DNS), the server cuts the lesson into packets, and routers hand them on.</p>" }),
    local({ id: "p3", kind: "true_false", text_html: "<p>If one packet of a lecture is lost, the whole lecture has to be sent again.</p>",
      key: { value: false }, feedback_html: "<p>Only the lost packet is sent again. That is the reason for numbering them.</p>" }),
    local({ id: "p4", kind: "number", unit: "s", text_html: "<p>A lecture has 30 megabytes. Your line brings 4 megabits per second. How many seconds does the download take?</p>",
      key: { value: 60, tolerance: 0.5 }, feedback_html: "<p>30 megabytes × 8 = 240 megabits, and 240 ÷ 4 = 60 seconds. If you found 7.5, you forgot that a byte has eight bits.</p>" }),
    local({ id: "p5", kind: "multiple_choice", points: 2, text_html: "<p>Everything starts late, but then runs well. What helps? Choose all that fit.</p>",
      choices: [choice("a", "Take the whole lesson along in one download", "Yes: one question instead of many."),
        choice("b", "Buy a line with twice the megabits", "More width does not shorten the way."),
        choice("c", "Open fewer pages made of many small pieces", "Yes: each piece may cost a round trip."),
        choice("d", "Choose a smaller video", "This helps when large things crawl. Here they run well.")],
      key: { choices: ["a", "c"] }, feedback_html: "<p>This is latency. The cure is to ask less often.</p>" }),
    local({ id: "p6", kind: "short_text", text_html: "<p>What is the time called that one question takes to go, and its answer to come back? (One word.)</p>",
      key: { accepted: ["latency", "round trip", "round-trip time", "round trip time", "RTT", "ping"], case_sensitive: false }, feedback_html: "<p>Latency, also called the round trip. It is counted in milliseconds.</p>" }),
    local({ id: "p7", kind: "single_choice", text_html: "<p>Your laptop shows four Wi-Fi bars, and no page loads. What do the four bars tell you?</p>",
      choices: [choice("a", "The internet works, and the pages are broken", "Then other sites would load."),
        choice("b", "Your laptop hears the box well", "Yes, and they say nothing about what lies behind the box."),
        choice("c", "The provider has no fault", "The bars cannot know that."),
        choice("d", "The line is fast", "The bars speak about the last metres only.")],
      key: { choice: "b" }, feedback_html: "<p>Look next at the box: power, and the lamp for the internet.</p>" }),
  ],
};
