// Closing the window: with nothing to send it just closes; else the learner says what happens, once or for good.
import { host } from "$host";
import type { Leave } from "$host/host";
import { t } from "$lib/text/current.svelte";
import { app, saveSettings } from "./state.svelte";

let asking = $state.raw<{ tray: boolean } | null>(null);

export const closing = {
  /** The question that is open, with whether there is a tray. */
  get asking(): { tray: boolean } | null {
    return asking;
  },
};

/** The learner pressed the window's close button; `tray`: Daypack could go on without a window. */
export function askToClose(tray: boolean): Leave {
  const status = app.status;
  if (!status || status.unsent === 0) return "close";
  const way = status.settings.on_close;
  if (way === "close") return "close";
  if (way === "background" && tray) return "background";
  asking = { tray };
  return "stay";
}

/** The learner's answer; `remember` makes it the rule. */
export async function answerClose(how: Leave, remember: boolean): Promise<void> {
  asking = null;
  if (how === "stay") return;
  if (remember) await saveSettings({ on_close: how });
  host.leave(how);
}

/** Hands the tray its words. */
export function dressTray(): void {
  const unsent = app.status?.unsent ?? 0;
  host.tray({
    waiting: unsent > 0 ? t("tray.waiting", { n: unsent }) : t("tray.nothing"),
    open: t("tray.open"),
    send: t("sync.now"),
    quit: t("tray.quit"),
  });
}
