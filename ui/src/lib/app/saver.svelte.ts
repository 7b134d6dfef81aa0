// Keeps what is typed. The first unsaved change is on its way after at most `WAIT` milliseconds, however fast one
// types on; a failed save is tried again and the text stays where it is.
import type { Failure, Saved } from "$host/bindings";
import { asFailure } from "$host";

export const WAIT = 300;
const AGAIN = [1_000, 2_000, 5_000];
const open = new Set<{ flush: () => Promise<boolean>; rest: () => (() => void) | null }>();

/** Saves everything that is not saved yet, now. True when all of it is on disk. */
export async function flushAll(): Promise<boolean> {
  const results = await Promise.all([...open].map((saver) => saver.flush()));
  return results.every(Boolean);
}

/** Another learner may come to the desk: nothing that is open is saved any more, until the returned function is called.
 * `null` when all of it is on disk. */
export function rest(): (() => void) | null {
  const wakes = [...open].map((saver) => saver.rest()).filter((wake) => wake !== null);
  open.clear();
  return wakes.length === 0 ? null : () => wakes.forEach((wake) => wake());
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
  #resting = false;
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
    while (this.#running ?? (this.#resting ? null : this.#pending)) {
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

  /** Stops saving; what is not saved waits in memory for the returned function, `null` when there is nothing. */
  rest(): (() => void) | null {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#resting = true;
    if (!this.#pending && !this.#running) return null;
    return () => {
      this.#resting = false;
      open.add(this);
      void this.close();
    };
  }

  #arm(wait: number): void {
    if (this.#resting) return;
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
