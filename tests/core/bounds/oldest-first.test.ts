import { describe, expect, test } from "bun:test";
import { makingRoom, oldestFirst } from "../../../src/core/bounds/oldest-first.ts";

describe("the key that has stood longest", () => {
  test("is told in the order in which keys were set, whatever was deleted meanwhile", () => {
    const map = new Map(["a", "b", "c", "d"].map((key) => [key, 1]));
    const oldest = oldestFirst(map);
    const taken: (string | undefined)[] = [];
    const take = () => {
      const key = oldest();
      taken.push(key);
      if (key !== undefined) map.delete(key);
    };

    take();
    map.delete("b");
    take();
    map.set("e", 1);
    map.delete("d");
    map.set("d", 1); //                            again: it stands last now
    take();
    take();
    take(); //                                     nothing is left
    map.set("f", 1);
    take();
    map.set("g", 1);
    map.clear();
    map.set("h", 1);
    take();

    expect(taken).toEqual(["a", "c", "e", "d", undefined, "f", "h"]);
  });

  test("goes where there is no room for one more, and no other", () => {
    const map = new Map<string, number>();
    const makeRoom = makingRoom(map, 3);

    for (const key of ["a", "b", "c", "d", "e"]) {
      makeRoom();
      map.set(key, 1);
    }

    expect([...map.keys()]).toEqual(["c", "d", "e"]);
  });
});
