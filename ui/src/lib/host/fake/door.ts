// Several people at one computer, in memory: `?door=locked`, `?door=open`, `?door=one` (locked, one learner), `&due`.
// The passphrase is "a long walk", the code "2345-...".
import type { Commands, DoorView, Event, FailureCode, NewCode } from "../bindings";

type DoorCommand =
  | "door"
  | "share_begin"
  | "learner_add"
  | "learner_unlock"
  | "learner_recover"
  | "learner_lock"
  | "learner_here"
  | "passphrase_change"
  | "code_new"
  | "code_kept"
  | "share_idle"
  | "share_end";
type Answers = { [K in DoorCommand]: (input: Commands[K]["input"]) => Commands[K]["output"] };

const PASSPHRASE = "a long walk";
const CODE = "2345-6789-ABCD-EFGH-JKMN-PQRS-TVWX-YZ01";

export function fakeDoor(
  query: URLSearchParams,
  tell: (event: Event) => void,
  fail: (code: FailureCode) => never,
): Answers {
  const how = query.get("door");
  const people = [
    { id: "p1", name: "Lina" },
    { id: "p2", name: "Amir" },
  ];
  let view: DoorView = {
    standing: how === "open" ? "open" : how ? "locked" : "alone",
    learners: how === "one" || (how === "open" && query.has("last")) ? people.slice(0, 1) : how ? people : [],
    open: how === "open" ? "p1" : null,
    idle_minutes: how ? 10 : 0,
    code_due: query.has("due"),
    shortest_passphrase: 8,
  };
  const set = (change: Partial<DoorView>): DoorView => {
    view = { ...view, ...change };
    tell({ event: "door", door: view });
    return view;
  };
  const right = (passphrase: string) => (passphrase === PASSPHRASE ? undefined : fail("wrong_passphrase"));
  const coded = (learner: string): NewCode => ({ learner, code: CODE, door: view });
  return {
    door: () => view,
    share_begin: ({ name }) => {
      set({ standing: "open", learners: [{ id: "p1", name }], open: "p1", idle_minutes: 10, code_due: true });
      return coded("p1");
    },
    learner_add: ({ name }) => {
      const id = `p${view.learners.length + 1}`;
      set({ learners: [...view.learners, { id, name }] });
      return coded(id);
    },
    learner_unlock: ({ learner, passphrase }) => (right(passphrase), set({ standing: "open", open: learner })),
    learner_recover: ({ learner, code }) =>
      code.startsWith("2345") ? set({ standing: "open", open: learner }) : fail("wrong_code"),
    learner_lock: () => set({ standing: "locked", open: null }),
    learner_here: () => view,
    passphrase_change: ({ passphrase }) => (right(passphrase), view),
    code_new: ({ passphrase }) => (right(passphrase), coded(view.open ?? "")),
    code_kept: () => set({ code_due: false }),
    share_idle: ({ minutes }) => set({ idle_minutes: minutes }),
    share_end: ({ passphrase }) => (
      right(passphrase),
      set({ standing: "alone", learners: [], open: null, idle_minutes: 0, code_due: false })
    ),
  };
}
