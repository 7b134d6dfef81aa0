// Something that is fetched and fetched again: data, failure or loading, and never a stale answer over a newer one.
import type { Failure } from "$host/bindings";
import { asFailure } from "$host";

export class Resource<T> {
  data = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  #turn = 0;
  #later: ReturnType<typeof setTimeout> | undefined;
  readonly #fetch: () => Promise<T>;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  async load(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const data = await this.#fetch();
      if (turn !== this.#turn) return;
      this.data = data;
      this.failure = null;
    } catch (thrown) {
      if (turn === this.#turn) this.failure = asFailure(thrown);
    }
  }

  /** Loads soon; many calls in a row make one load. */
  soon(): void {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => void this.load(), 150);
  }

  /** The page is gone: nothing is fetched any more. */
  stop(): void {
    clearTimeout(this.#later);
    this.#turn += 1;
  }

  /** Takes an answer that came another way. */
  set(data: T): void {
    this.#turn += 1;
    this.data = data;
    this.failure = null;
  }
}
