// A text with places to fill in, as a tree that Svelte can draw: the places become fields where they stand.
import { cleaned } from "$lib/parts/clean";

export type Branch =
  | { is: "text"; text: string }
  | { is: "place"; id: string }
  | { is: "element"; tag: string; attributes: Record<string, string>; children: Branch[] };

/** As `course::quiz::blanks::OPEN` and `CLOSE`. */
const PLACE = /\uE000([^\uE001]*)\uE001/u;

export function branches(html: string): Branch[] {
  return below(new DOMParser().parseFromString(cleaned(html), "text/html").body);
}

function below(node: Node): Branch[] {
  return [...node.childNodes].flatMap((child): Branch[] => {
    if (child instanceof Element) {
      const attributes = Object.fromEntries([...child.attributes].map((one) => [one.name, one.value]));
      return [{ is: "element", tag: child.localName, attributes, children: below(child) }];
    }
    // Every second part is the id of a place.
    const parts = (child.nodeValue ?? "").split(PLACE);
    return parts.flatMap((part, at): Branch[] =>
      at % 2 === 1 ? [{ is: "place", id: part }] : part === "" ? [] : [{ is: "text", text: part }],
    );
  });
}

/** The words of a piece of HTML; a picture says what it shows. */
export function plain(html: string): string {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const picture of body.querySelectorAll("img")) picture.replaceWith(picture.alt);
  for (const end of body.querySelectorAll("br")) end.replaceWith(" ");
  return (body.textContent ?? "").trim();
}

export type Values = Record<string, string | undefined>;

/** `values` with `piece` in `place`; a piece there is only one of leaves the place where it was. */
export function put(
  values: Values,
  place: string,
  piece: { id: string; group: string; many: boolean } | null,
  sameGroup: (other: string) => boolean,
): Record<string, string> {
  const next: Record<string, string> = {};
  for (const [id, value] of Object.entries(values)) {
    const moved = piece !== null && !piece.many && value === piece.id && sameGroup(id);
    if (value && id !== place && !moved) next[id] = value;
  }
  if (piece) next[place] = piece.id;
  return next;
}
