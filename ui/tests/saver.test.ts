import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Saver, WAIT, flushAll, rest } from "../src/lib/app/saver.svelte";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const keeper = () => vi.fn((_: string) => Promise.resolve({ at: 42 }));

describe("a saver", () => {
  it("saves a change within its wait, however fast one types on", async () => {
    const keep = keeper();
    const saver = new Saver(keep);
    for (let i = 0; i < 20; i += 1) {
      saver.change("x".repeat(i + 1));
      await vi.advanceTimersByTimeAsync(WAIT / 10);
    }
    expect(keep.mock.calls.length).toBeGreaterThanOrEqual(1);
    expect(keep.mock.calls[0]?.[0].length).toBeLessThanOrEqual(11);
    await vi.advanceTimersByTimeAsync(WAIT);
    expect(keep.mock.lastCall?.[0]).toBe("x".repeat(20));
  });

  it("says saved only after the answer came", async () => {
    let answer: (saved: { at: number }) => void = () => undefined;
    const saver = new Saver(() => new Promise<{ at: number }>((done) => (answer = done)));
    saver.change("a");
    await vi.advanceTimersByTimeAsync(WAIT + 5_000);
    expect(saver.state).toBe("saving");
    answer({ at: 7 });
    await vi.advanceTimersByTimeAsync(0);
    expect([saver.state, saver.at]).toEqual(["saved", 7]);
  });

  it("does not say saved while a newer change waits", async () => {
    let answer: (saved: { at: number }) => void = () => undefined;
    const saver = new Saver(() => new Promise<{ at: number }>((done) => (answer = done)));
    saver.change("a");
    await vi.advanceTimersByTimeAsync(WAIT);
    saver.change("b");
    answer({ at: 7 });
    await vi.advanceTimersByTimeAsync(0);
    expect(saver.state).toBe("saving");
    await vi.advanceTimersByTimeAsync(WAIT);
    answer({ at: 8 });
    expect(await saver.flush()).toBe(true);
    expect([saver.state, saver.at]).toEqual(["saved", 8]);
  });

  it("flushes at once, and flushAll reaches every open saver", async () => {
    const keep = keeper();
    const saver = new Saver(keep);
    saver.change("now");
    expect(await flushAll()).toBe(true);
    expect(keep).toHaveBeenCalledExactlyOnceWith("now");
  });

  it("what could not be saved waits for its own learner, and another's desk never gets it", async () => {
    let desk = "locked";
    const got: string[] = [];
    const keep = (text: string) =>
      desk === "locked"
        ? Promise.reject(new Error("locked"))
        : (got.push(`${desk}: ${text}`), Promise.resolve({ at: 1 }));
    const saver = new Saver(keep);
    saver.change("Ada's words");
    expect(await flushAll()).toBe(false);
    const wake = rest();
    desk = "Ben";
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await saver.flush()).toBe(true);
    expect(got).toEqual([]);
    desk = "Ada";
    wake?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(got).toEqual(["Ada: Ada's words"]);
    expect(rest()).toBeNull();
  });

  it("a saver that does not rest would save at another's desk (negative control)", async () => {
    let desk = "locked";
    const got: string[] = [];
    const saver = new Saver((text: string) =>
      desk === "locked"
        ? Promise.reject(new Error("locked"))
        : (got.push(`${desk}: ${text}`), Promise.resolve({ at: 1 })),
    );
    saver.change("Ada's words");
    expect(await saver.flush()).toBe(false);
    desk = "Ben";
    await vi.advanceTimersByTimeAsync(60_000);
    expect(got).toEqual(["Ben: Ada's words"]);
    await saver.close();
  });

  it("without a flush nothing is saved before the wait is over (negative control)", async () => {
    const keep = keeper();
    new Saver(keep).change("later");
    await vi.advanceTimersByTimeAsync(WAIT - 1);
    expect(keep).not.toHaveBeenCalled();
  });

  it("keeps what could not be saved and tries again", async () => {
    const keep = vi.fn<(text: string) => Promise<{ at: number }>>();
    keep.mockRejectedValueOnce({ code: "no_space", facts: {} }).mockResolvedValue({ at: 9 });
    const saver = new Saver(keep);
    saver.change("dear");
    expect(await saver.flush()).toBe(false);
    expect([saver.state, saver.failure?.code]).toEqual(["failed", "no_space"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([saver.state, keep.mock.lastCall?.[0]]).toEqual(["saved", "dear"]);
  });
});
