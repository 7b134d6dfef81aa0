// Keeps what is typed. The first unsaved change is on its way after at most `WAIT` milliseconds, however fast one
// types on; a failed save is tried again and the text stays where it is.
import type { Failure, Saved } from "$host/bindings";
import { asFailure } from "$host";

export const WAIT = 300;
const AGAIN = [1_000, 2_000, 5_000];
const open = new Set<{ flush: () => Promise<boolean> }>();

/** Saves everything that is not saved yet, now. True when all of it is on disk. */
export async function flushAll(): Promise<boolean> {
  const results = await Promise.all([...open].map((saver) => saver.flush()));
  return results.every(Boolean);
}

export type SaveState = "idle" | "saving" | "saved" | "failed";

export class Saver<T> {
  state = $state<SaveState>("idle");
  at = $state<number | null>(null);
  failure = $state.raw<Failure | null>(null);
  #pending: { value: T } | null = null;
  #running: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fails = 0;
  readonly #keep: (value: T) => Promise<Saved>;

  constructor(keep: (value: T) => Promise<Saved>, at: number | null = null) {
    this.#keep = keep;
    this.at = at;
    if (at !== null) this.state = "saved";
    open.add(this);
  }

  /** A new value; it replaces one that was not saved yet. */
  change(value: T): void {
    this.#pending = { value };
    this.state = "saving";
    if (this.#fails > 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#fails = 0;
    }
    this.#arm(WAIT);
  }

  /** Saves now. True when nothing is left unsaved. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#running ?? this.#pending) {
      const fails = this.#fails;
      await (this.#running ?? this.#save());
      if (this.#fails > fails) return false;
    }
    return true;
  }

  /** Saves now and is forgotten by `flushAll` once it is done. */
  async close(): Promise<void> {
    if (await this.flush()) open.delete(this);
  }

  #arm(wait: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void (this.#running ?? this.#save());
    }, wait);
  }

  #save(): Promise<void> {
    this.#running = this.#once().finally(() => {
      this.#running = null;
      if (this.#pending) this.#arm(this.#fails > 0 ? (AGAIN[Math.min(this.#fails, AGAIN.length) - 1] ?? WAIT) : WAIT);
    });
    return this.#running;
  }

  async #once(): Promise<void> {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = null;
    try {
      const { at } = await this.#keep(pending.value);
      this.#fails = 0;
      this.failure = null;
      this.at = at;
      // Saved is said only of what is on disk: a newer change keeps it at "saving".
      this.state = this.#pending ? "saving" : "saved";
    } catch (thrown) {
      this.#pending ??= pending;
      this.#fails += 1;
      this.failure = asFailure(thrown);
      this.state = "failed";
    }
  }
}
