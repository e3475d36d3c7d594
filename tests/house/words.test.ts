import { expect, test } from "bun:test";
import { Glob } from "bun";

async function linesOf(patterns: readonly string[]): Promise<readonly (readonly [place: string, line: string])[]> {
  const files = patterns
    .flatMap((pattern) => [...new Glob(pattern).scanSync({ cwd: ".", dot: true })])
    .filter((file) => !file.includes("node_modules/"));
  const texts = await Promise.all(files.map(async (file) => [file, await Bun.file(file).text()] as const));
  return texts.flatMap(([file, text]) =>
    text.split("\n").map((line, index) => [`${file}:${index + 1}`, line] as const),
  );
}

test("no work is left for later in the source, and no test is skipped or alone", async () => {
  const lines = await linesOf(["src/**/*.ts", "scripts/*", "tests/**/*.ts"]);
  const unfinished = /\b(TOD[O]|FIXM[E]|XX[X])\b|\b(test|describe|it)\.(ski[p]|onl[y]|tod[o]|skipI[f])\b/;

  expect(lines.length).toBeGreaterThan(1000);
  expect(lines.filter(([, line]) => unfinished.test(line))).toEqual([]);
});

test("decision 23: a page speaks ill of another project only beside a published advisory", async () => {
  const lines = await linesOf(["*.md", "docs/**/*.md"]);
  const project =
    /\b(oauth2-proxy|authelia|pomerium|authentik|keycloak|nginx|traefik|caddy|envoy|haproxy|apache|bun|elysia)\b/i;
  const ill =
    /\b(bug|bugs|buggy|broken|wrong|wrongly|insecure|vulnerable|bad|badly|worse|slow|bloated|fails? to|unlike)\b/i;
  const advisory = /\b(CVE-\d{4}-\d+|GHSA-)/;

  const found = lines.filter(([, line]) => project.test(line) && ill.test(line) && !advisory.test(line));

  expect(found).toEqual([]);
});
