import { expect, it } from "vitest";
import type { LiveClass, LivePerson } from "../api/analytics";
import { howItGoes } from "./how_it_goes";
import type { ClassState } from "./state";

const person = (name: string, more: Partial<LivePerson> = {}): LivePerson => ({
  user_id: name,
  name,
  role: "student",
  here: true,
  first_join: "2026-03-02T08:00:00Z",
  late: false,
  late_s: 0,
  present_s: 60,
  talk_s: 0,
  camera_s: 0,
  messages: 0,
  hands: 0,
  reactions: 0,
  poor_s: 0,
  fair_s: 0,
  ...more,
});

const there = (name: string) => ({ id: `p-${name}`, userId: name, name, role: "student", joinedAt: "" });

it("puts first who needs a look, and goes by who is there at this moment", () => {
  const told = {
    people: [
      person("Teacher", { role: "teacher", talk_s: 900 }),
      person("Ada", { talk_s: 40 }),
      person("Ben", { late: true, late_s: 720, talk_s: 10 }),
      person("Cat", { here: true }), // left since
      person("Dan", { here: false, first_join: null }),
      person("Eva"),
    ],
  } as LiveClass;
  const now = {
    people: ["Teacher", "Ada", "Ben", "Eva"].map(there),
    media: [{ id: "m", owner: "p-Eva", kind: "video", source: "camera", paused: false }],
    hands: [{ participantId: "p-Ada" }],
    connections: { "p-Eva": { peerId: "p-Eva", quality: "poor", reason: "narrow" } },
    breakouts: null,
    me: "p-Teacher",
  } as unknown as ClassState;
  const found = howItGoes(told, now);
  expect(found.people.map(({ name, standing }) => [name, standing])).toEqual([
    ["Ada", "here"],
    ["Eva", "here"],
    ["Dan", "missing"],
    ["Cat", "gone"],
    ["Ben", "late"],
  ]);
  expect([found.here, found.late, found.missing, found.hands, found.troubled]).toEqual([3, 1, 2, 1, 1]);
  const [ada, eva, , , ben] = found.people;
  expect([ada?.talkShare, ben?.talkShare, eva?.camera, ada?.camera]).toEqual([1, 0.25, true, false]);
});

it("tells guests of one name apart by when they came", () => {
  const guest = (first_join: string, more: Partial<LivePerson> = {}) =>
    person("Guest", { user_id: null, first_join, ...more });
  const told = {
    people: [
      guest("2026-03-02T08:00:00Z"),
      guest("2026-03-02T08:00:02Z"),
      guest("2026-03-02T08:10:00Z", { here: false }),
      person("Guest"),
    ],
  } as LiveClass;
  const came = (id: string, joinedAt: string) => ({
    id,
    userId: null,
    name: "Guest",
    role: "guest",
    joinedAt,
  });
  const now = {
    people: [
      came("one", "2026-03-02T08:00:00.040Z"),
      came("two", "2026-03-02T08:00:02.003Z"),
      there("Guest"),
    ],
    media: [{ id: "m", owner: "two", kind: "video", source: "camera", paused: false }],
    hands: [{ participantId: "one" }],
    connections: {},
    breakouts: null,
    me: "p-Teacher",
  } as unknown as ClassState;
  const found = howItGoes(told, now);
  const of = (at: string) =>
    found.people.find(({ told: { first_join, user_id } }) => !user_id && first_join === at);
  const [one, two, left] = ["2026-03-02T08:00:00Z", "2026-03-02T08:00:02Z", "2026-03-02T08:10:00Z"].map(of);
  expect([one?.hand, one?.camera, one?.standing]).toEqual([true, false, "here"]);
  expect([two?.hand, two?.camera, two?.standing]).toEqual([false, true, "here"]);
  expect([left?.hand, left?.camera, left?.standing]).toEqual([false, false, "gone"]);
  expect(found.people.find(({ told: { user_id } }) => user_id)).toMatchObject({ hand: false, camera: false });
});
