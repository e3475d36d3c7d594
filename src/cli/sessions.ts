import { randomBytes } from "node:crypto";
import { Argument, Command } from "commander";
import type { EndableSessions, ListedSessions, SessionsNotOpened, SessionsOpened } from "../compose/session-admin.ts";
import type { Config } from "../core/config.ts";
import { Failure } from "../core/failure.ts";
import { problemText } from "../core/problem.ts";
import { readConfig } from "./read-config.ts";
import { sessionJson, sessionTable, sessionText } from "./sessions-text.ts";
import { type Chosen, chosenSessions, type SessionsOptions } from "./sessions-wishes.ts";
import { type ExitCode, err, error, finish, out, warning } from "./terminal.ts";

/** `akproxy sessions`: who is logged in, and the end of it in every running instance (spec: cli). */
export function sessionsCommand(): Command {
  return new Command("sessions")
    .description("list sessions, show one, or end them in every running instance")
    .addArgument(new Argument("<action>", "what to do").choices(["list", "show", "revoke"]))
    .argument("[handle...]", "which sessions, by the first column of the list")
    .option("-c, --config <file>", "config file (else $AKPROXY_CONFIG, ./akproxy.toml, /etc/akproxy/config.toml)")
    .option("--user <user>", "list, revoke: those of this user name")
    .option("--all", "revoke: every session")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      "\nExit: 0 fine, 1 no session has that handle, or they live in a process's memory," +
        "\n      2 usage, 74 no config, secret or store, 77 may not be read or written," +
        "\n      78 the config is unusable" +
        "\n\nExamples:\n  akproxy sessions list --user alice\n  akproxy sessions revoke kJ3_x9Tq2w",
    )
    .action(async (action: Action, handles: readonly string[], options: SessionsOptions) => {
      finish(await administer(action, handles, options));
    });
}

type Action = "list" | "show" | "revoke";

async function administer(action: Action, handles: readonly string[], options: SessionsOptions): Promise<ExitCode> {
  const chosen = chosenSessions(action, handles, options);
  if (chosen.kind === "unclear") {
    error(chosen.message, chosen.hint);
    return 2;
  }
  const { loaded } = await readConfig(options.config);
  if (loaded.config === null) {
    for (const problem of loaded.problems) if (problem.severity === "error") err(problemText(problem));
    return loaded.unreadable === "permission" ? 77 : loaded.unreadable === "no" ? 78 : 74;
  }
  const format = options.json === true ? "json" : "text";
  const { config } = loaded;
  switch (chosen.kind) {
    case "list":
      return look(config, (sessions, now) => printList(sessions, chosen.username, { format, now }));
    case "show":
      return look(config, (sessions, now) => printOne(sessions, chosen.handle, { format, now }));
    case "revoke":
      return revoke(config, chosen, format);
  }
}

interface View {
  readonly format: "json" | "text";
  readonly now: number; //                         epoch seconds
}

const world = { now: () => Math.floor(Date.now() / 1000), randomBytes: (count: number) => randomBytes(count) };

async function look(
  config: Config,
  print: (sessions: ListedSessions, now: number) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { viewSessions } = await import("../compose/session-admin.ts");
  return withSessions(await viewSessions(config, world), (sessions) => print(sessions, world.now()));
}

async function printList({ list }: ListedSessions, username: string | null, view: View): Promise<ExitCode> {
  const summaries = await list({ username });
  if (view.format === "json") out(JSON.stringify({ sessions: summaries.map(sessionJson) }, null, 2));
  else if (summaries.length === 0) err("no sessions");
  else out(sessionTable(summaries, { now: view.now, columns: process.stdout.isTTY ? process.stdout.columns : null }));
  return 0;
}

async function printOne({ list }: ListedSessions, handle: string, view: View): Promise<ExitCode> {
  const found = (await list({ username: null })).find((summary) => summary.handle === handle);
  if (found === undefined) {
    error("no session has that handle", "it may have ended; see: akproxy sessions list");
    return 1;
  }
  out(view.format === "json" ? JSON.stringify(sessionJson(found), null, 2) : sessionText(found, view.now));
  return 0;
}

async function revoke(
  config: Config,
  chosen: Extract<Chosen, { kind: "revoke" }>,
  format: View["format"],
): Promise<ExitCode> {
  const { administerSessions } = await import("../compose/session-admin.ts");
  return withSessions(await administerSessions(config, world), async (sessions: EndableSessions) => {
    const handles = chosen.handles ?? (await sessions.list({ username: chosen.username })).map(({ handle }) => handle);
    const counts: number[] = [];
    for (const handle of handles) counts.push(await sessions.deleteByHandle(handle));
    const ended = counts.reduce((sum, count) => sum + count, 0);
    out(format === "json" ? JSON.stringify({ ended }) : `${ended} ${ended === 1 ? "session" : "sessions"} ended`);
    if (chosen.handles === null || counts.every((count) => count > 0)) return 0;
    const missing = counts.filter((count) => count === 0).length;
    error(`${missing} of ${counts.length} handles are no session's`, "see: akproxy sessions list");
    return 1;
  });
}

async function withSessions<Sessions extends ListedSessions>(
  opened: SessionsOpened<Sessions>,
  act: (sessions: Sessions) => Promise<ExitCode>,
): Promise<ExitCode> {
  if (opened.kind !== "open") return reportNotOpened(opened);
  for (const text of opened.warnings) warning(text);
  try {
    return await act(opened.sessions);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    error(thrown.message);
    return 74;
  } finally {
    await opened.sessions.close();
  }
}

function reportNotOpened(opened: SessionsNotOpened): ExitCode {
  switch (opened.kind) {
    case "in_process":
      error(
        'sessions: store "memory" lives in the running process, where no command reaches it',
        'a restart ends all of them; store = "sqlite" keeps them where they can be listed and ended',
      );
      return 1;
    case "never_made":
      error(
        `sessions: the store "${opened.file}" does not exist: nobody has logged in yet`,
        "the config must be that of the running outpost, and STATE_DIRECTORY as systemd gives it, where it is used",
      );
      return 74;
    case "of_another_user":
      error(
        `sessions: the directory "${opened.directory}" belongs to user ${opened.uid}`,
        `run it as that user: sudo -u '#${opened.uid}' akproxy sessions revoke …`,
      );
      return 77;
    case "no_secret":
      error(
        `outpost: secret: none is set, and "${opened.path}" does not exist`,
        "run it as akproxy's user with the config of the running outpost; akproxy serve makes the secret at its first start",
      );
      return 74;
    case "unusable":
      error(opened.message);
      return opened.exitCode;
  }
}
