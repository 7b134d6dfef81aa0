// Made-up downloads for looking at the pages in a browser. Never shipped. `?waits=ask|hours|month` in the address.
import type { DownloadsView, InternetView, Waits } from "../bindings";
import { job, NOW } from "./data";

const GB = 1_000_000_000;
const flow = {
  waits: null,
  opens_in: null,
  cap: null,
  left: 1.2 * GB,
  free_hour: false,
  network: "n1",
  network_name: "Village mast",
};

const item = (id: string, title: string, state: "running" | "queued", size: number) => ({
  item: id,
  title,
  kind: "video" as const,
  state,
  done_bytes: state === "running" ? size / 3 : 0,
  total_bytes: size,
  due: id === "s4" ? NOW + 86_400_000 : null,
});

export function downloadsOf(empty: boolean, waits: string | null): DownloadsView {
  return {
    order: "mine",
    courses: empty
      ? []
      : [
          {
            job,
            tier: "low",
            tiers: [
              { tier: "standard", size: 412_000_000 },
              { tier: "low", size: 150_000_000 },
            ],
            items: [
              item("s3", "Where the water goes", "running", 48_000_000),
              item("s4", "Seeds that wait", "queued", 31_000_000),
            ],
          },
          {
            job: { ...job, course: "c1", title: "How the internet reaches you", state: "queued", speed: null },
            tier: "standard",
            tiers: [{ tier: "standard", size: 96_000_000 }],
            items: [item("v3", "Why waiting is worse than slowness", "queued", 24_000_000)],
          },
        ],
    room: { needed: 0.3 * GB, at_least: false, free: 18.4 * GB, keeps: 1.07 * GB },
    flow: { ...flow, waits: waits as Waits | null, opens_in: waits === "hours" ? 190 : null },
  };
}

export function moved(view: DownloadsView, course: string, item: string | null, to: number): DownloadsView {
  const put = <T>(list: T[], at: number): T[] => {
    const rest = list.filter((_, n) => n !== at);
    return [...rest.slice(0, to), ...list.slice(at, at + 1), ...rest.slice(to)];
  };
  const at = view.courses.findIndex((one) => one.job.course === course);
  if (item === null) return { ...view, order: "mine", courses: put(view.courses, at) };
  const courses = view.courses.map((one) =>
    one.job.course === course
      ? {
          ...one,
          items: put(
            one.items,
            one.items.findIndex((entry) => entry.item === item),
          ),
        }
      : one,
  );
  return { ...view, order: "mine", courses };
}

export const INTERNET: InternetView = {
  rules: { cap: 50_000, hours: { from: 60, to: 360 }, only_hours: false },
  networks: [
    { id: "n1", name: "Village mast", here: true, budget: 2 * GB, always: false, used: 0.8 * GB, used_free: 0.4 * GB },
    { id: "unknown", name: "", here: false, budget: null, always: false, used: 31_000_000, used_free: 0 },
  ],
  flow,
};
