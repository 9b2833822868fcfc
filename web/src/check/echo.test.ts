import { describe, expect, it } from "vitest";
import { EchoMeter } from "./echo";

describe("EchoMeter", () => {
  it("counts what does not come back", () => {
    const meter = new EchoMeter();
    const numbers = [0, 20, 40, 60].map((now_ms) => meter.send(now_ms));
    meter.receive(numbers[0] ?? -1, 30);
    meter.receive(numbers[2] ?? -1, 60);
    expect(meter.read()).toMatchObject({ sent: 4, lost: 2 });
  });

  it("gives the middle of the times, and the mean step between neighbours whatever their order", () => {
    const meter = new EchoMeter();
    for (const now_ms of [0, 20, 40]) meter.send(now_ms);
    meter.receive(2, 70); // 30 ms
    meter.receive(0, 10); // 10 ms
    meter.receive(1, 34); // 14 ms
    expect(meter.read()).toEqual({ sent: 3, lost: 0, rtt_ms: 14, jitter_ms: (4 + 16) / 2 });
  });

  it("takes neither the same number twice nor one that was never sent", () => {
    const meter = new EchoMeter();
    meter.send(0);
    meter.receive(0, 10);
    meter.receive(0, 500);
    meter.receive(7, 500);
    expect(meter.read()).toMatchObject({ lost: 0, rtt_ms: 10 });
  });

  it("knows no times when nothing came back", () => {
    const meter = new EchoMeter();
    meter.send(0);
    expect(meter.read()).toEqual({ sent: 1, lost: 1, rtt_ms: null, jitter_ms: null });
  });
});
