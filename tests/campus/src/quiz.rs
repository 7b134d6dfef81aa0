//! Quizzes: the life of an attempt, marking, and the HTML of questions.

pub mod attempt;
pub mod html;
pub mod marking;
