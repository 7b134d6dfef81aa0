// The door: whose work is open where several people use this computer, and the one moment a recovery code is shown.
import type { Commands, DoorView, Event, NewCode } from "$host/bindings";
import { host } from "$host";
import { flushAll, rest } from "$lib/app/saver.svelte";
import { tell, tellFailure } from "$lib/app/state.svelte";
import { t } from "$lib/text/current.svelte";

/** A sign of the learner is passed on at most this often. */
const SIGN_EVERY = 10_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "timeupdate"] as const;

let view = $state.raw<DoorView | null>(null);
let code = $state.raw<NewCode | null>(null);
let sealing = $state.raw<{ done: number; all: number } | null>(null);
let listening = false;
let lastSign = 0;
/** What a learner typed that could not be saved before it locked: it waits for that learner, and for nobody else. */
const waiting = new Map<string, () => void>();

export const door = {
  get view(): DoorView | null {
    return view;
  },
  /** A recovery code that the learner has not put away yet. */
  get code(): NewCode | null {
    return code;
  },
  /** How far sealing is, in bytes; `null` when nothing is being sealed. */
  get sealing(): { done: number; all: number } | null {
    return sealing;
  },
  get shared(): boolean {
    return (view?.learners.length ?? 0) > 0;
  },
};

/** First reading of the door; throws a `Failure`. */
export async function look(): Promise<DoorView> {
  if (!listening) {
    listening = true;
    host.on(receive);
    for (const sign of SIGNS) addEventListener(sign, giveSign, { capture: true, passive: true });
    addEventListener("keydown", lockByKey);
  }
  take(await host.call("door", {}));
  return view!;
}

type Opening = "learner_unlock" | "learner_recover";

/** Opens a learner's work; throws a `Failure`. */
export async function enter<K extends Opening>(how: K, input: Commands[K]["input"]): Promise<void> {
  take((await host.call(how, input)) as DoorView);
}

type Coding = "share_begin" | "learner_add" | "code_new";

/** Does what answers with a recovery code, which is then shown; throws a `Failure`. */
export async function coded<K extends Coding>(how: K, input: Commands[K]["input"]): Promise<void> {
  await flushAll();
  try {
    const made = (await host.call(how, input)) as NewCode;
    code = made;
    take(made.door);
  } finally {
    sealing = null;
  }
}

/** The learner has written the code down. */
export async function codeKept(): Promise<void> {
  if (!code) return;
  take(await host.call("code_kept", { learner: code.learner }));
  code = null;
}

/** One person uses this computer again; throws a `Failure`. */
export async function shareEnd(passphrase: string): Promise<void> {
  await flushAll();
  try {
    take(await host.call("share_end", { passphrase }));
    tell(t("people.ended"));
  } finally {
    sealing = null;
  }
}

/** Locks at the learner's word: what cannot be saved keeps it open, and is said. */
export async function lockNow(): Promise<void> {
  if (view?.standing !== "open") return;
  if (!(await flushAll())) return tell(t("people.not_saved"), "bad");
  try {
    take(await host.call("learner_lock", { flushed: true }));
  } catch (thrown) {
    tellFailure(thrown);
  }
}

/** Takes what a command of the door answered. */
export function take(fresh: DoorView): void {
  const before = view?.open ?? null;
  view = fresh;
  if (fresh.standing !== "busy") sealing = null;
  if (before !== null && before !== fresh.open) {
    const unsaved = rest();
    if (unsaved) waiting.set(before, unsaved);
  }
  if (fresh.open !== null && fresh.open !== before) {
    waiting.get(fresh.open)?.();
    waiting.delete(fresh.open);
  }
}

function receive(event: Event): void {
  if (event.event === "door") take(event.door);
  if (event.event === "sealing") sealing = { done: event.done, all: event.all };
  if (event.event === "locking")
    void flushAll().finally(() => host.call("learner_lock", { flushed: true }).catch(() => undefined));
}

function giveSign(): void {
  if (view?.standing !== "open" || view.idle_minutes === 0) return;
  const now = Date.now();
  if (Math.abs(now - lastSign) < SIGN_EVERY) return;
  lastSign = now;
  host.call("learner_here", {}).catch(() => undefined);
}

function lockByKey(event: KeyboardEvent): void {
  const command = event.ctrlKey !== event.metaKey && !event.altKey && !event.shiftKey;
  if (!command || event.key.toLowerCase() !== "l" || view?.standing !== "open") return;
  event.preventDefault();
  void lockNow();
}
