import { expect, test } from "bun:test";
import { directoryFault, isLinkOfRoots } from "../../src/sessions/private-directory.ts";

const directory = 0o040000;
const link = 0o120000;
const file = 0o100000;

test.each([
  ["ours alone", { mode: directory | 0o700, uid: 1000 }, null],
  ["ours, open to be read", { mode: directory | 0o755, uid: 1000 }, null],
  ["root's", { mode: directory | 0o755, uid: 0 }, null],
  ["everybody's", { mode: directory | 0o777, uid: 1000 }, "is writable by everybody; chmod o-w it"],
  ["everybody's and sticky", { mode: directory | 0o1777, uid: 0 }, "is writable by everybody; chmod o-w it"],
  ["another user's", { mode: directory | 0o700, uid: 1001 }, "belongs to another user; chown it"],
  ["a link", { mode: link | 0o777, uid: 1000 }, "is a symbolic link; use the directory it points to"],
  ["a file", { mode: file | 0o600, uid: 1000 }, "is not a directory"],
])("SES-11: the fault of a directory that is %s", (_, found, fault) => {
  expect(directoryFault(found, 1000)).toBe(fault);
});

test("a link is followed only when root made it and we are not root, as with systemd's DynamicUser=", () => {
  expect(isLinkOfRoots({ mode: link | 0o777, uid: 0 }, 1000)).toBe(true);
  expect(isLinkOfRoots({ mode: link | 0o777, uid: 1000 }, 1000)).toBe(false);
  expect(isLinkOfRoots({ mode: link | 0o777, uid: 1001 }, 1000)).toBe(false);
  expect(isLinkOfRoots({ mode: link | 0o777, uid: 0 }, 0)).toBe(false);
  expect(isLinkOfRoots({ mode: directory | 0o777, uid: 0 }, 1000)).toBe(false);
});
