// The host inside Daypack's window.
import { invoke } from "@tauri-apps/api/core";
import { emit, listen } from "@tauri-apps/api/event";
import type { Commands, Event } from "./bindings";
import { asFailure, type CommandName, type Host } from "./host";

export function insideWindow(): boolean {
  return "__TAURI_INTERNALS__" in globalThis;
}

async function ask<T>(name: string, args: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(name, args);
  } catch (thrown) {
    throw asFailure(thrown);
  }
}

export const tauriHost: Host = {
  call<K extends CommandName>(name: K, input: Commands[K]["input"]) {
    return ask<Commands[K]["output"]>("call", { name, input });
  },
  on(listener) {
    let stopped = false;
    let stop: (() => void) | undefined;
    void listen<Event>("daypack", (message) => {
      if (!stopped) listener(message.payload);
    }).then((unlisten) => {
      if (stopped) unlisten();
      else stop = unlisten;
    });
    return () => {
      stopped = true;
      stop?.();
    };
  },
  pickFile: (kind) => ask<string | null>("pick_file", { kind }),
  pickFolder: () => ask<string | null>("pick_folder", {}),
  pickSave: (name) => ask<string | null>("pick_save", { name }),
  autostart: (on) => ask<boolean | null>("autostart", { on: on ?? null }),
  leave: (how) => void emit("daypack-leave", how),
  tray: (words) => void emit("daypack-tray", words),
  openExternal: (address) => ask<void>("open_external", { address }),
  attend(desk) {
    void Promise.all([
      listen("daypack-flush", () => void desk.flush().finally(() => emit("daypack-flushed"))),
      listen<{ tray: boolean }>("daypack-close", (message) => {
        void desk.flush();
        void emit("daypack-leave", desk.closing(message.payload.tray));
      }),
      listen<string[]>("daypack-open", (message) => desk.open(message.payload)),
    ]).then(() => emit("daypack-ready"));
  },
};
