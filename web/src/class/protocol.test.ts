/** The types of the protocol are those that mediasoup-client takes and gives; `tsc` is what proves it. */
import type { types } from "mediasoup-client";
import { expectTypeOf, it } from "vitest";
import type { Acknowledgement, Calls, Payload, Pushed, Reply } from "./protocol";

it("gives what mediasoup-client takes", () => {
  expectTypeOf<Reply<"create-transport">>().toExtend<types.TransportOptions>();
  expectTypeOf<Reply<"consume">>().toExtend<types.ConsumerOptions>();
  expectTypeOf<Reply<"consume-data">>().toExtend<types.DataConsumerOptions>();
  expectTypeOf<Reply<"restart-ice">["iceParameters"]>().toExtend<types.IceParameters>();
  expectTypeOf<
    Extract<Reply<"join-room">, { success: true }>["mediasoup"]["rtpCapabilities"]
  >().toExtend<types.RtpCapabilities>();
});

it("takes what mediasoup-client gives", () => {
  expectTypeOf<types.DtlsParameters>().toExtend<Payload<"connect-transport">["dtlsParameters"]>();
  expectTypeOf<types.RtpParameters>().toExtend<Payload<"produce">["rtpParameters"]>();
  expectTypeOf<types.RtpCapabilities>().toExtend<Payload<"consume">["rtpCapabilities"]>();
  expectTypeOf<types.SctpStreamParameters>().toExtend<Payload<"produce-data">["sctpStreamParameters"]>();
});

it("tells a call's answer from its failure, and one push from another", () => {
  expectTypeOf<Extract<Acknowledgement<"produce">, { ok: true }>["kind"]>().toEqualTypeOf<
    "audio" | "video"
  >();
  expectTypeOf<Pushed<"new-producer">>().toExtend<{ seq: number; roomId: string; producerId: string }>();
  expectTypeOf<Pushed<"participant-left">>().not.toExtend<{ producerId: string }>();
  expectTypeOf<keyof Calls>().not.toEqualTypeOf<string>();
});
