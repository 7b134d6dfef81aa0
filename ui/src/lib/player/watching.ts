// What was really played: `[from, to)` in milliseconds. A seek or a pause ends a stretch; nothing skipped counts.
export type Interval = [number, number];

/** A larger step between two reports is a jump, not playing (at speed 3, reports come at most every second). */
const JUMP = 4_000;

export class Watching {
  #from: number | null = null;
  #last = 0;
  #done: Interval[] = [];

  /** Playing begins or goes on at `at`. */
  play(at: number): void {
    this.#close();
    this.#from = at;
    this.#last = at;
  }

  /** Playing has reached `at`. */
  reached(at: number): void {
    if (this.#from === null) return;
    if (at < this.#last || at - this.#last > JUMP) this.play(at);
    else this.#last = at;
  }

  /** Playing stops, by pause, seek or end, where it last was. */
  stop(): void {
    this.#close();
    this.#from = null;
  }

  /** Everything since the last call; playing goes on. */
  take(): Interval[] {
    const from = this.#from;
    this.#close();
    this.#from = from === null ? null : this.#last;
    const done = this.#done;
    this.#done = [];
    return done;
  }

  /** Gives back what could not be reported. */
  giveBack(intervals: Interval[]): void {
    this.#done = [...intervals, ...this.#done];
  }

  #close(): void {
    if (this.#from !== null && this.#last > this.#from) {
      this.#done.push([Math.floor(this.#from), Math.ceil(this.#last)]);
    }
  }
}
