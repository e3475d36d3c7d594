import type { HeaderLines } from "../http/header-lines.ts";

/** What many servers take for all headers of a request together: Node and nginx 8 KiB a line or less, Tomcat 8 KiB in all. */
const mostBytes = 8 * 1024;

/** A warning when the identity is larger than many applications accept; it names the biggest header and no value. */
export function sizeWarnings(lines: HeaderLines): readonly string[] {
  let total = 0;
  let biggest = { name: "", bytes: 0 };
  for (const [name, value] of lines) {
    const bytes = name.length + value.length + 4; // ": " and the line's end
    total += bytes;
    if (bytes > biggest.bytes) biggest = { name, bytes };
  }
  if (total <= mostBytes) return [];
  const { name, bytes } = biggest;
  return [
    `${total} bytes of identity headers, ${bytes} of them ${name}: many servers refuse more than 8 KiB${wayOut(name)}`,
  ];
}

function wayOut(name: string): string {
  switch (name.toLowerCase()) {
    case "x-authentik-groups":
      return "; narrow it with groups_filter";
    case "x-authentik-jwt":
      return "; leave it out with send_jwt = false";
    default:
      return "";
  }
}
