// The keys for sound and film that keyboards and headphones have, where the system hands them on.
export type MediaDeeds = {
  play: () => void;
  pause: () => void;
  /** Seconds, back when negative. */
  seek: (by: number) => void;
  next: (() => void) | null;
};

/** Listens to media keys for a lecture with this title; the answer stops that. */
export function mediaKeys(title: string, deeds: MediaDeeds): () => void {
  if (!("mediaSession" in navigator)) return () => undefined;
  const session = navigator.mediaSession;
  if (typeof MediaMetadata === "function") session.metadata = new MediaMetadata({ title });
  const all: [MediaSessionAction, (() => void) | null][] = [
    ["play", deeds.play],
    ["pause", deeds.pause],
    ["seekbackward", () => deeds.seek(-10)],
    ["seekforward", () => deeds.seek(10)],
    ["nexttrack", deeds.next],
  ];
  const set = (on: boolean) => {
    for (const [action, deed] of all) {
      try {
        session.setActionHandler(action, on ? deed : null);
      } catch {
        // A web view without this action.
      }
    }
  };
  set(true);
  return () => {
    set(false);
    session.metadata = null;
  };
}
