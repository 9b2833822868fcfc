import { describe, expect, it } from "vitest";
import type { Invitation } from "../../api/invitations";
import { ApiError } from "../../api/problem";
import { inviteAll, linesOf, type Outcome, readList, tableOf } from "./invite_many";

describe("a list of people", () => {
  it("is read as people write it, and as tables and mail programs have it", () => {
    const text = [
      "\ufeffEmail;Name",
      "ada@school.example",
      "sam@school.example; Sam Okafor",
      "Mei Lin <mei@school.example>,",
      '"Hopper, Grace",grace@school.example',
      "",
      "ADA@school.example",
      "nobody at home",
    ].join("\r\n");
    expect(readList(text)).toEqual({
      people: [
        { email: "ada@school.example", full_name: "" },
        { email: "sam@school.example", full_name: "Sam Okafor" },
        { email: "mei@school.example", full_name: "Mei Lin" },
        { email: "grace@school.example", full_name: "Hopper Grace" },
      ],
      left: ["nobody at home"],
    });
  });
});

describe("inviting many", () => {
  const people = ["a", "b", "c"].map((name) => ({ email: `${name}@x.example`, full_name: name }));
  const link = (email: string) => ({ email, link: `https://x/${email}` }) as Invitation;

  it("gives every link in one list, says what was refused, and goes on", async () => {
    let tries = 0;
    const told: number[] = [];
    const invite = async ({ email }: { email: string }) => {
      if (email.startsWith("b")) throw new ApiError("They are here already.", 409);
      tries += 1;
      if (tries === 2) throw new ApiError("Too many.", 429, "rate_limited", {}, 0);
      return link(email);
    };
    const outcomes = await inviteAll(
      people,
      invite,
      (so) => told.push(so.length),
      () => false,
    );
    expect(told).toEqual([1, 2, 3]);
    expect(outcomes.map((one) => one.link ?? one.error)).toEqual([
      "https://x/a@x.example",
      "They are here already.",
      "https://x/c@x.example",
    ]);
    expect(linesOf(outcomes)).toBe("a@x.example\thttps://x/a@x.example\nc@x.example\thttps://x/c@x.example");
  });

  it("ends where it is told to", async () => {
    const done: string[] = [];
    const invite = async ({ email }: { email: string }) => link(done[done.push(email) - 1] as string);
    await inviteAll(
      people,
      invite,
      () => undefined,
      () => done.length === 1,
    );
    expect(done).toEqual(["a@x.example"]);
  });

  it("makes a table in which no name is a formula", () => {
    const one: Outcome = { email: "a@x.example", full_name: '=1+1 "A"', link: "https://x/1", error: "" };
    expect(tableOf([one])).toBe(
      'email,full_name,link,error\r\n"a@x.example","\'=1+1 ""A""","https://x/1",""',
    );
  });
});
