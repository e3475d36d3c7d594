import { expect, test } from "bun:test";
import { Glob } from "bun";

/** They run a program after another file has checked that it is installed. */
const askedBefore = ["house/left-out.test.ts", "stores/cluster.ts"];

test("a test that needs a program lists itself as left out where that is not installed", async () => {
  const silent: string[] = [];
  for (const file of new Glob("**/*.ts").scanSync("tests")) {
    const text = await Bun.file(`tests/${file}`).text();
    if (text.includes("Bun.which(") && !text.includes("isLeftOut(") && !askedBefore.includes(file)) silent.push(file);
  }

  expect(silent).toEqual([]);
});
