/** The 4 or 16 bytes of an IP address; null for any other name. The URL parser knows every spelling of IPv6. */
export function addressBytes(name: string): Uint8Array | null {
  if (/^\d+(\.\d+){3}$/.test(name)) return Uint8Array.from(name.split(".").map(Number));
  if (!name.includes(":")) return null;
  const [head = "", tail] = new URL(`http://[${name}]`).hostname.slice(1, -1).split("::");
  const before = groupsOf(head);
  const after = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >>> 8, group & 0xff]));
}

function groupsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}
