// What there is to see while the data folder is being opened and takes its time: the courses, and how far it is.
import type { OpeningView } from "$host/bindings";
import { host } from "$host";
import { dressAsComputer } from "./state.svelte";

/** A usual start is over before this, and nothing of it shows. */
const PATIENCE_MS = 400;

let view = $state.raw<OpeningView | null>(null);

export const opening = {
  /** `null` while there is nothing to say. */
  get view(): OpeningView | null {
    return view;
  },
};

/** Looks on until the returned function is called. */
export function watchOpening(): () => void {
  let over = false;
  const look = async () => {
    const fresh = await host.call("opening", {}).catch(() => null);
    if (!fresh?.way) return;
    if (view === null) await dressAsComputer();
    if (!over) view = fresh;
  };
  const first = setTimeout(() => void look(), PATIENCE_MS);
  const stop = host.on((event) => {
    if (over || event.event !== "opening" || view === null) return;
    view = { ...view, way: event.way };
    if (view.courses === null) void look();
  });
  return () => {
    over = true;
    clearTimeout(first);
    stop();
    view = null;
  };
}
