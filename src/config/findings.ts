/** A key of the config as a path: `["providers", "app", "skip_path_regex", 1]`. */
export type Path = readonly (string | number)[];

/** The place of a finding: a key, its value, a character of its decoded string value, or a known line and column. */
export type Spot =
  | { readonly kind: "key" }
  | { readonly kind: "value" }
  | { readonly kind: "character"; readonly offset: number } // UTF-16 units from the start of the string value
  | { readonly kind: "place"; readonly line: number; readonly column: number };

/** A problem before its line and column are known. */
export interface Finding {
  readonly severity: "error" | "warning";
  readonly path: Path;
  readonly message: string;
  readonly hint: string | null;
  readonly spot: Spot;
}

/** Collects the problems of one run. The same message about the same key is kept once. */
export interface Findings {
  readonly all: readonly Finding[];
  error(path: Path, message: string, hint: string | null, spot?: Spot): void;
  warning(path: Path, message: string, hint: string | null, spot?: Spot): void;
  isFaulty(path: Path): boolean; //                is there an error at exactly this key?
}

/** An empty collection. */
export function createFindings(): Findings {
  const all: Finding[] = [];
  const add = (finding: Finding): void => {
    const text = pathText(finding.path);
    const known = all.some(
      (other) =>
        other.message === finding.message &&
        pathText(other.path) === text &&
        JSON.stringify(other.spot) === JSON.stringify(finding.spot),
    );
    if (!known) all.push(finding);
  };
  return {
    all,
    error: (path, message, hint, spot = { kind: "value" }) => add({ severity: "error", path, message, hint, spot }),
    warning: (path, message, hint, spot = { kind: "value" }) => add({ severity: "warning", path, message, hint, spot }),
    isFaulty: (path) => all.some((known) => known.severity === "error" && pathText(known.path) === pathText(path)),
  };
}

/** `providers.app.skip_path_regex[1]`; a key that is not a bare TOML key is quoted. */
export function pathText(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += (text === "" ? "" : ".") + (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part));
  }
  return text;
}
