// What the whole window knows: status, connection, jobs, and short messages. Kept fresh by the host's events.
import type { AppStatus, Event, Failure, JobView, Settings } from "$host/bindings";
import { asFailure, host } from "$host";
import { speak, t } from "$lib/text/current.svelte";
import { wordFailure } from "./failure";

export type Toast = { id: number; tone: "plain" | "bad"; text: string };

let status = $state.raw<AppStatus | null>(null);
let jobs = $state.raw<JobView[]>([]);
let toasts = $state.raw<Toast[]>([]);
let syncing = $state(false);
let counter = 0;
const listeners = new Set<(event: Event) => void>();

export const app = {
  get status(): AppStatus | null {
    return status;
  },
  get online(): boolean {
    return status?.link.state === "online";
  },
  get jobs(): JobView[] {
    return jobs;
  },
  get toasts(): Toast[] {
    return toasts;
  },
  get syncing(): boolean {
    return syncing;
  },
};

/** Listens to the host's events; call the result to stop. */
export function onEvent(listener: (event: Event) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tell(text: string, tone: Toast["tone"] = "plain"): void {
  const toast = { id: ++counter, tone, text };
  toasts = [...toasts.slice(-2), toast];
  setTimeout(() => dismiss(toast.id), tone === "bad" ? 12_000 : 6_000);
}

export function tellFailure(thrown: unknown): void {
  const { what, next } = wordFailure(asFailure(thrown));
  tell(`${what} ${next}`, "bad");
}

export function dismiss(id: number): void {
  toasts = toasts.filter((toast) => toast.id !== id);
}

let listening = false;

/** First reading of the state; throws a `Failure`. */
export async function begin(): Promise<AppStatus> {
  if (!listening) host.on(receive);
  listening = true;
  await refreshStatus();
  jobs = (await host.call("jobs", {})).jobs;
  return status!;
}

/** The learner has gone: nothing of theirs stays on the page. */
export function forget(): void {
  status = null;
  jobs = [];
  toasts = [];
}

export async function refreshStatus(): Promise<void> {
  await take(await host.call("app_status", {}));
}

/** Takes a status that a command returned. */
export async function take(fresh: AppStatus): Promise<void> {
  status = fresh;
  await dress(fresh.settings);
}

export async function saveSettings(change: Partial<Settings>): Promise<void> {
  if (!status) return;
  const settings = { ...status.settings, ...change };
  status = { ...status, settings };
  await dress(settings);
  try {
    await host.call("settings_save", settings);
  } catch (thrown) {
    tellFailure(thrown);
  }
}

/** The learner has read what was got back. */
export async function recoveredSeen(): Promise<void> {
  try {
    status = await host.call("recovered_seen", {});
  } catch (thrown) {
    tellFailure(thrown);
  }
}

export async function syncNow(): Promise<void> {
  if (syncing) return;
  syncing = true;
  try {
    status = await host.call("sync_now", {});
    tell(status.unsent === 0 ? t("sync.done") : t("sync.waiting", { n: status.unsent }));
  } catch (thrown) {
    tellFailure(thrown);
  } finally {
    syncing = false;
  }
}

export function needsSignIn(failure: Failure): boolean {
  return failure.code === "sign_in_needed";
}

function receive(event: Event): void {
  if (status) {
    if (event.event === "link") status = { ...status, link: event.link };
    if (event.event === "work") status = { ...status, unsent: event.unsent };
    if (event.event === "space") status = { ...status, short_of_space: event.short };
    if (event.event === "feedback") status = { ...status, unseen: event.unseen };
    if (event.event === "keys") status = { ...status, keys: event.keys };
    if (event.event === "sign_in_needed" || event.event === "library_changed" || event.event === "keys")
      refreshStatus().catch(() => undefined);
  }
  if (event.event === "jobs") jobs = event.jobs;
  for (const listener of listeners) listener(event);
}

/** Before the learner's settings can be read: as the computer is. */
export const dressAsComputer = (): Promise<void> => dress({ theme: "system", language: "" });

const dark = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
dark?.addEventListener("change", () => status && void dress(status.settings));

async function dress(settings: Pick<Settings, "theme" | "language">): Promise<void> {
  const isDark = settings.theme === "dark" || (settings.theme === "system" && (dark?.matches ?? false));
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
  await speak(settings.language);
}

/** As the computer looks and speaks: nobody's settings are known. */
export async function undress(): Promise<void> {
  await dress({ theme: "system", language: "" });
}
