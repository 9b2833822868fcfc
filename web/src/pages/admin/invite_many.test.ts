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

const addresses = (text: string) => readList(text).people.map(({ email }) => email);

describe("a list in other forms", () => {
  it("may have all in one line, as mail programs copy whom a mail goes to", () => {
    expect(addresses("a@x.example; b@x.example;c@x.example")).toEqual([
      "a@x.example",
      "b@x.example",
      "c@x.example",
    ]);
    expect(readList('Ada Lovelace <a@x.example>, "O\'Brien, Pat" <b@x.example>').people).toEqual([
      { email: "a@x.example", full_name: "Ada Lovelace" },
      { email: "b@x.example", full_name: "O'Brien Pat" },
    ]);
  });

  it("has the signs of running text around addresses, and lines of old spreadsheets", () => {
    expect(addresses("mailto:a@x.example\r(b@x.example)\rWrite to c@x.example.")).toEqual([
      "a@x.example",
      "b@x.example",
      "c@x.example",
    ]);
  });

  it("is a table whose columns say which is the name, and which address counts", () => {
    const table = [
      "full_name,role,email,phone,parent",
      '"Teacher, ""Ada""",teacher,ada@x.example,+49 30 1,mum@x.example',
      "Sam,student,sam@x.example,,",
    ].join("\n");
    expect(readList(table)).toEqual({
      people: [
        { email: "ada@x.example", full_name: "Teacher Ada" },
        { email: "sam@x.example", full_name: "Sam" },
      ],
      left: [],
    });
    expect(readList("E-Mail;First name;Last name\nada@x.example;Ada;Lovelace").people).toEqual([
      { email: "ada@x.example", full_name: "Ada Lovelace" },
    ]);
  });

  it("hides no line that has no address for the word in it", () => {
    expect(readList("a@x.example\nSam has no email").left).toEqual(["Sam has no email"]);
  });

  it("cuts a name where the server would, between letters", () => {
    const name = readList(`a@x.example ${"𝒜".repeat(201)}`).people[0]?.full_name;
    expect(name).toBe("𝒜".repeat(200));
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
      new AbortController().signal,
    );
    expect(told).toEqual([1, 2, 3]);
    expect(outcomes.map((one) => one.link ?? one.error)).toEqual([
      "https://x/a@x.example",
      "They are here already.",
      "https://x/c@x.example",
    ]);
    expect(linesOf(outcomes)).toBe("a@x.example\thttps://x/a@x.example\nc@x.example\thttps://x/c@x.example");
  });

  it("ends where it is told to, and says of whom is left that they were not invited", async () => {
    const done: string[] = [];
    const stop = new AbortController();
    const invite = async ({ email }: { email: string }) => {
      if (done.length === 1) {
        stop.abort();
        throw new ApiError("Too many.", 429, "rate_limited", {}, 3600);
      }
      return link(done[done.push(email) - 1] as string);
    };
    const outcomes = await inviteAll(people, invite, () => undefined, stop.signal);
    expect(outcomes.map((one) => one.link ?? one.error)).toEqual([
      "https://x/a@x.example",
      "It was stopped before.",
      "It was stopped before.",
    ]);
    expect(done).toEqual(["a@x.example"]);
  });

  it("makes a table in which no name is a formula", () => {
    const one: Outcome = { email: "a@x.example", full_name: '=1+1 "A"', link: "https://x/1", error: "" };
    expect(tableOf([one])).toBe('email,full_name,link,error\r\na@x.example,"\'=1+1 ""A""",https://x/1,\r\n');
  });
});
