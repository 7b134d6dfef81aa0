// The only way out of the user interface: commands, events, and what the system's own dialogs give.
import type { Commands, Event, Failure, FailureCode } from "./bindings";

export type CommandName = keyof Commands;
export type PickKind = "course" | "work";

/** What the window asks of the page. */
export interface Desk {
  /** Keeps everything that is not kept yet. */
  flush(): Promise<unknown>;
  /** Opens files the learner double-clicked. */
  open(paths: string[]): void;
}

export interface Host {
  /** Runs a command; rejects with a `Failure`. */
  call<K extends CommandName>(name: K, input: Commands[K]["input"]): Promise<Commands[K]["output"]>;
  /** Listens to events until the returned function is called. */
  on(listener: (event: Event) => void): () => void;
  /** Asks the learner for a file; `null` when they change their mind. */
  pickFile(kind: PickKind): Promise<string | null>;
  /** Asks the learner for a folder. */
  pickFolder(): Promise<string | null>;
  /** Opens an address in the system's browser. */
  openExternal(address: string): Promise<void>;
  /** Says that the page listens: keeps what is typed when the window closes, takes files opened from outside. */
  attend(desk: Desk): void;
}

export function isFailure(value: unknown): value is Failure {
  if (typeof value !== "object" || value === null) return false;
  const { code, facts } = value as { code?: unknown; facts?: unknown };
  return typeof code === "string" && typeof facts === "object" && facts !== null;
}

/** Whatever was thrown, as a failure that can be worded. */
export function asFailure(thrown: unknown): Failure {
  if (isFailure(thrown)) return thrown;
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: "internal" satisfies FailureCode, facts: { why } };
}
