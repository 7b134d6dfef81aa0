// Which host: the window's, or (only while developing) one that lives in memory.
import type { Host } from "./host";
import { insideWindow, tauriHost } from "./tauri";

let current: Host = tauriHost;

/** The host in use. */
export const host: Host = {
  attend: (desk) => current.attend(desk),
  call: (name, input) => current.call(name, input),
  on: (listener) => current.on(listener),
  pickFile: (kind) => current.pickFile(kind),
  pickFolder: () => current.pickFolder(),
  pickSave: (name) => current.pickSave(name),
  autostart: (on) => current.autostart(on),
  leave: (how) => current.leave(how),
  tray: (words) => current.tray(words),
  openExternal: (address) => current.openExternal(address),
};

export function useHost(chosen: Host): void {
  current = chosen;
}

/** Called once before the first page. The fake is not part of what is shipped. */
export async function chooseHost(): Promise<void> {
  if (insideWindow()) return;
  if (__FAKE__) {
    const { fakeHost } = await import("./fake");
    useHost(fakeHost());
  }
}

export { asFailure, isFailure, type Host } from "./host";
