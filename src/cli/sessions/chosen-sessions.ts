import { badWord } from "../usage.ts";
import { writtenHandle } from "./sessions-text.ts";

/** What `akproxy sessions` can do. */
export const sessionActions = ["list", "show", "revoke"] as const;
export type SessionAction = (typeof sessionActions)[number];

/** The options of `akproxy sessions` as commander reads them. */
export interface SessionsOptions {
  readonly config?: string;
  readonly user?: string;
  readonly all?: true;
  readonly json?: true;
}

/** What to do with which sessions, or why the command line does not say so. */
export type ChosenSessions =
  | { readonly kind: "list"; readonly username: string | null } // null: of every user
  | { readonly kind: "show"; readonly handle: string }
  /** `handles` null: every session of the user, or of every user. */
  | { readonly kind: "revoke"; readonly handles: readonly string[] | null; readonly username: string | null }
  | { readonly kind: "unclear"; readonly message: string; readonly hint: string };

/** The parser of a handle. */
export function handleOf(word: string): string {
  const handle = writtenHandle(word);
  if (handle !== null) return handle;
  throw badWord(`${JSON.stringify(word)} is not a handle`, "a handle has 10 characters; see: akproxy sessions list");
}

/** Reads which sessions an action is about. It ends no session that the command line does not name in exactly one way. */
export function chosenSessions(
  action: SessionAction,
  handles: readonly string[],
  options: SessionsOptions,
): ChosenSessions {
  const { user = null } = options;
  switch (action) {
    case "list":
      if (handles.length > 0) return unclear("list takes no handle", "run: akproxy sessions show HANDLE");
      if (options.all === true) return unclear("list takes no --all", "leave it out: list shows every session");
      return { kind: "list", username: user };
    case "show": {
      const [handle, another] = handles;
      const isOne = handle !== undefined && another === undefined && user === null && options.all !== true;
      return isOne ? { kind: "show", handle } : unclear("show takes one handle", "run: akproxy sessions show HANDLE");
    }
    case "revoke": {
      const ways = [handles.length > 0, user !== null, options.all === true].filter((isGiven) => isGiven);
      if (ways.length !== 1) {
        return unclear("revoke needs sessions, named in one way", "give handles, or --user USER, or --all");
      }
      return { kind: "revoke", handles: handles.length > 0 ? handles : null, username: user };
    }
  }
}

function unclear(message: string, hint: string): ChosenSessions {
  return { kind: "unclear", message: `sessions: ${message}`, hint };
}
