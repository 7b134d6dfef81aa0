import { describe, expect, it } from "vitest";
import { Watching } from "../src/lib/player/watching";

describe("watching", () => {
  it("joins what is played in one go", () => {
    const watching = new Watching();
    watching.play(1000);
    watching.reached(1250);
    watching.reached(2000);
    watching.stop();
    expect(watching.take()).toEqual([[1000, 2000]]);
    expect(watching.take()).toEqual([]);
  });
  it("does not count what was skipped", () => {
    const watching = new Watching();
    watching.play(0);
    watching.reached(900);
    watching.stop();
    watching.play(60_000);
    watching.reached(61_000);
    expect(watching.take()).toEqual([
      [0, 900],
      [60_000, 61_000],
    ]);
  });
  it("does not count a jump that came without a seek (negative control: a small step counts)", () => {
    const jump = new Watching();
    jump.play(0);
    jump.reached(30_000);
    expect(jump.take()).toEqual([]);
    const step = new Watching();
    step.play(0);
    step.reached(3_000);
    expect(step.take()).toEqual([[0, 3_000]]);
  });
  it("goes on after a report without a hole", () => {
    const watching = new Watching();
    watching.play(0);
    watching.reached(500);
    expect(watching.take()).toEqual([[0, 500]]);
    watching.reached(900);
    expect(watching.take()).toEqual([[500, 900]]);
  });
  it("tells again what could not be told", () => {
    const watching = new Watching();
    watching.play(0);
    watching.reached(500);
    watching.giveBack(watching.take());
    expect(watching.take()).toEqual([[0, 500]]);
  });
});
