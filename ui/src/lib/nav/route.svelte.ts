// Where the learner is. Each move is kept (`place_save`), so that the next start opens at the same spot.
import type { CourseId, ItemId, Place, WorkId } from "$host/bindings";
import { host } from "$host";

export type Route =
  | { page: "welcome" }
  | { page: "library" }
  | { page: "course"; course: CourseId }
  | { page: "grades"; course: CourseId }
  | { page: "item"; course: CourseId; item: ItemId; detail?: string }
  | { page: "outbox"; work?: WorkId }
  | { page: "inbox"; feedback?: string }
  | { page: "downloads" }
  | { page: "settings" };

let route = $state.raw<Route>({ page: "library" });

export const nav = {
  get route(): Route {
    return route;
  },
};

export function placeOf(to: Route): Place {
  const course = to.page === "course" || to.page === "item" || to.page === "grades" ? to.course : null;
  const item = to.page === "item" ? to.item : null;
  const detail =
    to.page === "item" ? to.detail : to.page === "outbox" ? to.work : to.page === "inbox" ? to.feedback : undefined;
  return { page: to.page, course, item, detail: detail ?? null };
}

export function routeOf(place: Place): Route | null {
  switch (place.page) {
    case "library":
    case "welcome":
    case "downloads":
    case "settings":
      return { page: place.page };
    case "course":
    case "grades":
      return place.course ? { page: place.page, course: place.course } : null;
    case "item": {
      if (!place.course || !place.item) return null;
      const at = { page: "item", course: place.course, item: place.item } as const;
      return place.detail ? { ...at, detail: place.detail } : at;
    }
    case "outbox":
      return place.detail ? { page: "outbox", work: place.detail } : { page: "outbox" };
    case "inbox":
      return place.detail ? { page: "inbox", feedback: place.detail } : { page: "inbox" };
    default:
      return null;
  }
}

export function go(to: Route): void {
  route = to;
  keep(to);
}

/** Opens a place without writing it down again; the library where there is none. */
export function restore(place: Place | null): void {
  route = (place && routeOf(place)) ?? { page: "library" };
}

/** Keeps the question or field the learner is at. */
export function keepDetail(detail: string): void {
  if (route.page === "item") keep({ ...route, detail });
}

/** Closes the local servers, unless the page that came next has opened its own by now. */
export function closeServers(): void {
  if (route.page === "item" || route.page === "inbox") return;
  host.call("item_close", {}).catch(() => undefined);
}

function keep(to: Route): void {
  // A place that could not be kept costs nothing but the place.
  host.call("place_save", placeOf(to)).catch(() => undefined);
}
