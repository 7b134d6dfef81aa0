// The answers of one open attempt: what is typed, and a saver per question, so that one never holds up another.
import type { AttemptView, Failure, QuestionId, Response } from "$host/bindings";
import { host } from "$host";
import { Saver, type SaveState } from "$lib/app/saver.svelte";

export class Answers {
  responses = $state.raw<Record<QuestionId, Response>>({});
  #savers = $state.raw<Record<QuestionId, Saver<Response>>>({});
  readonly #attempt: AttemptView;

  constructor(attempt: AttemptView) {
    this.#attempt = attempt;
    this.responses = Object.fromEntries(Object.entries(attempt.responses).map(([id, kept]) => [id, kept.response]));
  }

  change(question: QuestionId, response: Response): void {
    this.responses = { ...this.responses, [question]: response };
    this.#saver(question).change(response);
  }

  async flush(question: QuestionId): Promise<void> {
    await this.#savers[question]?.flush();
  }

  /** True when every answer is on disk. */
  async flushAll(): Promise<boolean> {
    return (await Promise.all(Object.values(this.#savers).map((saver) => saver.flush()))).every(Boolean);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#savers).map((saver) => saver.close()));
  }

  /** The worst state of all questions: one unsaved answer is enough not to say "saved". */
  get state(): SaveState {
    const states = Object.values(this.#savers).map((saver) => saver.state);
    if (states.includes("failed")) return "failed";
    if (states.includes("saving")) return "saving";
    return this.at === null ? "idle" : "saved";
  }

  get at(): number | null {
    const before = Object.values(this.#attempt.responses).map((kept) => kept.at);
    const times = [...before, ...Object.values(this.#savers).flatMap((saver) => saver.at ?? [])];
    return times.length > 0 ? Math.max(...times) : null;
  }

  get failure(): Failure | null {
    return Object.values(this.#savers).find((saver) => saver.failure)?.failure ?? null;
  }

  #saver(question: QuestionId): Saver<Response> {
    const known = this.#savers[question];
    if (known) return known;
    const attempt = this.#attempt.id;
    const saver = new Saver<Response>((response) => host.call("response_save", { attempt, question, response }));
    this.#savers = { ...this.#savers, [question]: saver };
    return saver;
  }
}
