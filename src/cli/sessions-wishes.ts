import { writtenHandle } from "./sessions-text.ts";

/** The options of `akproxy sessions` as commander reads them. */
export interface SessionsOptions {
  readonly config?: string;
  readonly user?: string;
  readonly all?: true;
  readonly json?: true;
}

/** What is to be done with which sessions, or why that can't be told. */
export type Chosen =
  | { readonly kind: "list"; readonly username: string | null } // null: everybody's
  | { readonly kind: "show"; readonly handle: string }
  /** `handles` null: every session of the user, or of everybody. */
  | { readonly kind: "revoke"; readonly handles: readonly string[] | null; readonly username: string | null }
  | { readonly kind: "unclear"; readonly message: string; readonly hint: string };

/** Reads which sessions an action is about. Nothing is ended that was not named in one way. */
export function chosenSessions(
  action: "list" | "show" | "revoke",
  written: readonly string[],
  options: SessionsOptions,
): Chosen {
  const { user = null } = options;
  const handles = written.flatMap((text) => writtenHandle(text) ?? []);
  const stray = written.find((text) => writtenHandle(text) === null);
  if (stray !== undefined) {
    return unclear(`"${stray}" is no handle`, "a handle is 10 characters; see: akproxy sessions list");
  }
  switch (action) {
    case "list":
      if (handles.length > 0) return unclear("list takes no handle", "akproxy sessions show HANDLE");
      return options.all === true ? unclear("list takes no --all", listAll) : { kind: "list", username: user };
    case "show": {
      const [handle, another] = handles;
      const isOne = handle !== undefined && another === undefined && user === null && options.all !== true;
      return isOne ? { kind: "show", handle } : unclear("show takes one handle", "akproxy sessions show HANDLE");
    }
    case "revoke": {
      const ways = [handles.length > 0, user !== null, options.all === true].filter((isGiven) => isGiven);
      if (ways.length !== 1) return unclear("revoke: say which sessions, in one way", "HANDLE…, --user USER or --all");
      return { kind: "revoke", handles: handles.length > 0 ? handles : null, username: user };
    }
  }
}

const listAll = "without --user it lists every session";

function unclear(message: string, hint: string): Chosen {
  return { kind: "unclear", message: `sessions: ${message}`, hint };
}
