import { describe, expect, it } from "vitest";
import { cues, marked, saidAt } from "../src/lib/player/cues";
import { deedOf } from "../src/lib/player/keys";
import { jump, turned } from "../src/lib/player/repeat";

const FILE = `WEBVTT - a title

NOTE written by hand

STYLE
::cue { color: red }

1
00:01.000 --> 00:03.500 align:start
<v Ada>Hello <i>there</i> &amp; welcome</v>

01:00:02.000 --> 01:00:04.000
two
lines

00:05.000 --> 00:04.000
an end before its beginning

nonsense --> 00:09.000
no time
`;

describe("the words of a lecture", () => {
  it("are read out of its captions, without tags and notes", () => {
    expect(cues(FILE)).toEqual([
      { from: 1000, to: 3500, text: "Hello there & welcome", voice: "Ada" },
      { from: 3_602_000, to: 3_604_000, text: "two lines", voice: "" },
    ]);
    expect(cues("\ufeffWEBVTT\r\n\r\n00:00.000 --> 00:01.000\r\nwith returns\r\n")).toHaveLength(1);
    expect(cues("1\n00:00:01,500 --> 00:00:02,000\nan SRT")[0]?.from).toBe(1500);
    expect(cues("no captions at all")).toEqual([]);
  });
  it("know which of them is said", () => {
    const list = cues(FILE);
    expect([0, 1000, 2000, 90_000, 3_602_000].map((now) => saidAt(list, now))).toEqual([-1, 0, 0, 0, 1]);
    expect(saidAt([], 5)).toBe(-1);
  });
  it("are searched without regard to capitals, and nothing of them is lost", () => {
    const parts = marked("Packets, packets", "PACKET");
    expect(parts.filter((part) => part.found).map((part) => part.text)).toEqual(["Packet", "packet"]);
    expect(parts.map((part) => part.text).join("")).toBe("Packets, packets");
    expect(
      marked("İstanbul", "i")
        .map((part) => part.text)
        .join(""),
    ).toBe("İstanbul");
    expect(marked("as it is", " ")).toEqual([{ text: "as it is", found: false }]);
  });
});

describe("repeating a part", () => {
  it("is set by its beginning and its end, in any order, and ended by the third press", () => {
    const begun = turned(null, 9000);
    expect(begun).toEqual({ from: 9000, to: null });
    expect(turned(begun, 12_000)).toEqual({ from: 9000, to: 12_000 });
    expect(turned(begun, 4000)).toEqual({ from: 4000, to: 9000 });
    expect(turned({ from: 4000, to: 9000 }, 5000)).toBeNull();
    expect(turned(begun, 9100)).toBeNull();
  });
  it("goes back at the end of the part only", () => {
    expect(jump({ from: 4000, to: 9000 }, 9010)).toBe(4000);
    expect(jump({ from: 4000, to: 9000 }, 8000)).toBeNull();
    expect(jump({ from: 4000, to: null }, 99_000)).toBeNull();
    expect(jump(null, 1)).toBeNull();
  });
});

describe("the player's keys", () => {
  const press = (key: string, shiftKey = false) => deedOf(new KeyboardEvent("keydown", { key, shiftKey }));
  it("tell a step from a leap, and do not mind Shift where a letter needs it", () => {
    expect(press("ArrowLeft")).toEqual({ do: "seek", by: -5 });
    expect(press("ArrowLeft", true)).toEqual({ do: "seek", by: -30 });
    expect(press("?", true)).toEqual({ do: "help" });
    expect(press(".")).toEqual({ do: "frame", by: 1 });
    expect(press("B", true)).toEqual({ do: "bookmark" });
    expect(press("x")).toBeNull();
  });
});
