import { randomBytes } from "node:crypto";
import { Argument, Command } from "commander";
import type {
  EndableSessions,
  ListedSessions,
  SessionsNotOpened,
  SessionsOpened,
} from "../../compose/session-admin.ts";
import type { Config } from "../../core/config.ts";
import { Failure } from "../../core/failure.ts";
import { configOption, usableConfig } from "../config-file.ts";
import { type ExitCode, err, error, finish, out, warning } from "../terminal.ts";
import { choiceArgument, repeatable } from "../usage.ts";
import {
  type ChosenSessions,
  chosenSessions,
  handleOf,
  type SessionAction,
  type SessionsOptions,
  sessionActions,
} from "./chosen-sessions.ts";
import { sessionJson, sessionTable, sessionText } from "./sessions-text.ts";

/** `akproxy sessions`: lists sessions, and ends them on every running instance (spec: cli). */
export function sessionsCommand(): Command {
  return new Command("sessions")
    .description("list sessions, and end them on every running instance")
    .addArgument(choiceArgument("<action>", "what to do", sessionActions))
    .addArgument(
      new Argument("[handle...]", "handles of sessions: the first column of the list").argParser(repeatable(handleOf)),
    )
    .addOption(configOption())
    .option("--user <user>", "list, revoke: the sessions of this user name")
    .option("--all", "revoke: every session")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit: 0 success, 1 no session has that handle, or the sessions are in a process's memory," +
        "\n      2 usage, 74 no config file, secret or store, 77 no permission to read or write," +
        "\n      78 the config is unusable" +
        "\n\nExamples:\n  akproxy sessions list --user alice\n  akproxy sessions revoke kJ3_x9Tq2w",
    )
    .action(async (action: SessionAction, handles: readonly string[], options: SessionsOptions) => {
      finish(await administer(action, handles, options));
    });
}

async function administer(
  action: SessionAction,
  handles: readonly string[],
  options: SessionsOptions,
): Promise<ExitCode> {
  const chosen = chosenSessions(action, handles, options);
  if (chosen.kind === "unclear") {
    error(chosen.message, chosen.hint);
    return 2;
  }
  const read = await usableConfig(options.config);
  if (read.kind === "unusable") return read.exitCode;
  const { config } = read;
  const format = options.json === true ? "json" : "text";
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
  const { viewSessions } = await import("../../compose/session-admin.ts");
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
    error("no session has that handle", "see which sessions there are: akproxy sessions list");
    return 1;
  }
  out(view.format === "json" ? JSON.stringify(sessionJson(found), null, 2) : sessionText(found, view.now));
  return 0;
}

async function revoke(
  config: Config,
  chosen: Extract<ChosenSessions, { kind: "revoke" }>,
  format: View["format"],
): Promise<ExitCode> {
  const { administerSessions } = await import("../../compose/session-admin.ts");
  return withSessions(await administerSessions(config, world), async (sessions: EndableSessions) => {
    const handles = chosen.handles ?? (await sessions.list({ username: chosen.username })).map(({ handle }) => handle);
    const counts: number[] = [];
    for (const handle of handles) counts.push(await sessions.deleteByHandle(handle));
    // a running instance may still have sessions in memory whose rows the store has lost: no handle is left for them
    await sessions.announceAll();
    const ended = counts.reduce((sum, count) => sum + count, 0);
    out(format === "json" ? JSON.stringify({ ended }) : `${ended} ${ended === 1 ? "session" : "sessions"} ended`);
    if (chosen.handles === null || counts.every((count) => count > 0)) return 0;
    const missing = counts.filter((count) => count === 0).length;
    error(
      `${missing} of ${counts.length} handles did not match a session`,
      "see which sessions there are: akproxy sessions list",
    );
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
        'sessions: store "memory" is inside the running process, and no command can reach it',
        'restart akproxy to end all sessions; set store = "sqlite" to list and end single ones',
      );
      return 1;
    case "never_made":
      error(
        `sessions: the store "${opened.file}" does not exist: no user has logged in yet`,
        "use the config of the running outpost, and set STATE_DIRECTORY if systemd sets it there",
      );
      return 74;
    case "of_another_user":
      error(
        `sessions: the directory "${opened.directory}" belongs to user ${opened.uid}`,
        `run as that user: sudo -u '#${opened.uid}' akproxy sessions revoke …`,
      );
      return 77;
    case "no_secret":
      error(
        `outpost: secret: none is set, and "${opened.path}" does not exist`,
        "run as akproxy's user, with the config of the running outpost; akproxy serve makes the secret at its first start",
      );
      return 74;
    case "unusable":
      error(opened.message);
      return opened.exitCode;
  }
}
