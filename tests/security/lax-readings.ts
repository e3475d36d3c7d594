/**
 * The paths that servers which read laxly may take a target for: escapes decoded up to three times, backslashes as slashes, `;` parameters
 * dropped before or after decoding, slashes merged, dot segments resolved. This code does not use akproxy's own.
 */
export function laxReadings(target: string): readonly string[] {
  const path = target.split("?")[0] ?? "";
  const readings = new Set<string>();
  for (const first of [path, withoutParameters(path)]) {
    let decoded = first;
    for (let round = 0; round < 3; round++) {
      decoded = decodedOnce(decoded);
      readings.add(resolved(decoded));
      readings.add(resolved(withoutParameters(decoded)));
      readings.add(resolved(decoded.split("\0")[0] ?? ""));
    }
  }
  return [...readings];
}

function withoutParameters(path: string): string {
  return path.replace(/;[^/\\]*/g, "");
}

function decodedOnce(path: string): string {
  return path.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function resolved(path: string): string {
  const out: string[] = [];
  for (const segment of path.replaceAll("\\", "/").split("/")) {
    if (segment === "..") out.pop();
    else if (segment !== "" && segment !== ".") out.push(segment);
  }
  return `/${out.join("/")}`;
}
