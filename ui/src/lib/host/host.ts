// The only way out of the user interface: commands, events, and what the system's own dialogs give.
import type { Commands, Event, Failure, FailureCode } from "./bindings";

export type CommandName = keyof Commands;
export type PickKind = "course" | "work" | "archive" | "school";

/** What closing the window does. */
export type Leave = "close" | "background" | "stay";

/** The words of the tray's menu. */
export type TrayWords = { waiting: string; open: string; send: string; quit: string };

/** What the window asks of the page. */
export interface Desk {
  /** Keeps everything that is not kept yet. */
  flush(): Promise<unknown>;
  /** Opens files the learner double-clicked. */
  open(paths: string[]): void;
  /** The learner closes the window; answers at once. */
  closing(tray: boolean): Leave;
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
  /** Asks the learner where an archive goes, offering a name. */
  pickSave(name: string): Promise<string | null>;
  /** Whether Daypack starts with the computer, changed by `on`; `null` where that cannot be chosen here. */
  autostart(on?: boolean): Promise<boolean | null>;
  /** The learner's answer to closing. */
  leave(how: Leave): void;
  /** Hands the tray its words. */
  tray(words: TrayWords): void;
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
