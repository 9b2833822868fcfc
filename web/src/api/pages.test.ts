import { describe, expect, it } from "vitest";
import { HttpClient } from "./http";
import { readFirst } from "./pages";
import { peopleApi } from "./people";

/** A server's list of the numbers from 0 to `total`; its cursors are the numbers to go on from. */
function listOf(total: number) {
  const limits: number[] = [];
  const read = async ({ limit, cursor }: { limit: number; cursor: string | undefined }) => {
    limits.push(limit);
    const start = Number(cursor ?? 0);
    const end = Math.min(total, start + limit);
    return {
      items: Array.from({ length: end - start }, (_, index) => start + index),
      next_cursor: end < total ? String(end) : null,
    };
  };
  return { limits, read };
}

describe("readFirst", () => {
  it("asks once for what one page holds, and knows that there is more", async () => {
    const list = listOf(100);
    const { items, more, asked } = await readFirst(30, list.read);
    expect([items.length, more, asked]).toEqual([30, true, 30]);
    expect(list.limits).toEqual([30]);
  });

  it("goes on by cursor beyond what one page may hold", async () => {
    const list = listOf(1_000);
    const { items, more } = await readFirst(450, list.read);
    expect(items).toEqual(Array.from({ length: 450 }, (_, index) => index));
    expect(more).toBe(true);
    expect(list.limits).toEqual([200, 200, 50]);
  });

  it("stops at the end of the list", async () => {
    const list = listOf(230);
    const { items, more } = await readFirst(450, list.read);
    expect([items.length, more, list.limits.length]).toEqual([230, false, 2]);
  });

  it("has no more when the list ends with what was asked for", async () => {
    expect((await readFirst(200, listOf(200).read)).more).toBe(false);
    expect(await readFirst(30, listOf(0).read)).toEqual({ items: [], more: false, asked: 30 });
  });
});

describe("peopleApi", () => {
  it("always says which list it wants, and leaves out what was not asked for", async () => {
    const paths: string[] = [];
    const http = new HttpClient(async (path) => {
      paths.push(String(path));
      return new Response('{"items":[],"next_cursor":null}');
    });
    const people = peopleApi(http);
    await people.list({ pending: false, search: "", cursor: undefined });
    await people.list({ pending: true, search: "a b@", limit: 50, cursor: "x" });
    expect(paths).toEqual([
      "/api/v1/users?pending=false",
      "/api/v1/users?pending=true&search=a+b%40&limit=50&cursor=x",
    ]);
  });
});
