// The teacher's recorded messages that the practice campus sends back.
export default {
  "assignment.m4a": [
    "Hello. I have read your description, and I liked it.",
    "You followed the way from your own computer to the box, and from there to the mast, in the right order.",
    "One thing to think about: you measured only once. Measure again in the evening, and compare.",
    "Well done."],
  "quiz.m4a": [
    "Hello. I have now read your essay.",
    "You looked from near to far, and you said what each check would tell you. That is exactly the idea.",
    "Next time, say also what you would do while you wait. Well done."],
};
