// What each question component gets and gives.
import type { Question, Response, Score } from "$host/bindings";

export type Kind = Question["kind"];
export type QuestionOf<K extends Kind> = Extract<Question, { kind: K }>;
export type ResponseOf<K extends Response["kind"]> = Extract<Response, { kind: K }>;

export type KindProps = {
  question: Question;
  /** What is kept so far. */
  response: Response | undefined;
  /** Finished: shown, not changed. */
  locked: boolean;
  score: Score | undefined;
  /** Id of the element that asks. */
  labelledby: string;
  answer: (response: Response) => void;
  /** The learner left the field: save now. */
  left: () => void;
};

/** The question as the kind a component was made for; the record of kinds makes sure it is. */
export function narrow<K extends Kind>(question: Question, kind: K): QuestionOf<K> {
  if (question.kind !== kind) throw new Error(`a ${question.kind} question in the component for ${kind}`);
  return question as QuestionOf<K>;
}

export function kept<K extends Response["kind"]>(response: Response | undefined, kind: K): ResponseOf<K> | undefined {
  return response?.kind === kind ? (response as ResponseOf<K>) : undefined;
}

/** Whether something was answered. */
export function isAnswered(response: Response | undefined): boolean {
  if (!response) return false;
  switch (response.kind) {
    case "single_choice":
      return response.choice !== null;
    case "multiple_choice":
      return response.choices.length > 0;
    case "true_false":
      return response.value !== null;
    case "matching":
      return Object.keys(response.pairs).length > 0;
    case "filled":
      return Object.values(response.values).some((value) => value?.trim());
    case "markers":
      return Object.values(response.points).some((all) => all && all.length > 0);
    case "ordering":
      return response.order.length > 0;
    case "short_text":
    case "number":
    case "essay":
      return response.text.trim() !== "";
  }
}

export function countWords(text: string): number {
  // As sites count: long dashes part words, too.
  return text.split(/[\p{Z}\p{Cc}–—]+/u).filter(Boolean).length;
}
