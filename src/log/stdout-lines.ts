/** Where finished lines go. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when the lines are out, or after a second with a reader that takes none. */
  flush(): Promise<void>;
}

/** What stands behind a sink: takes text, may answer with a promise when the reader is slow (Bun's FileSink). */
export interface SlowWriter {
  write(text: string): unknown; // unknown: FileSink says number or promise, neither of which matters
  flush(): unknown;
}

const flushMilliseconds = 100;
const eagerCharacters = 256 * 1024; //             written out before the timer
const patienceMilliseconds = 1000; //              that a process which ends gives a slow reader
const mostCharacters = 8 * 1024 * 1024; //         beyond this a stuck reader costs lines and not memory

/**
 * Lines gathered for at most 100 ms and written with one call (528k lines/s against 235k one by one). A reader that went away
 * (EPIPE) ends the log, not the process; one that is stuck loses lines, and the first line it gets afterwards says how many.
 */
export function bufferedLines(writer: SlowWriter): LineSink {
  let waiting = "";
  let lost = 0;
  let state: "open" | "busy" | "closed" = "open";
  let timer: ReturnType<typeof setTimeout> | null = null;
  let underWay: Promise<void> = Promise.resolve();

  const stateNow = () => state; // push changes it behind the type checker's back
  const close = (): void => {
    state = "closed";
    waiting = "";
  };
  const push = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (state !== "open" || waiting === "") return;
    const text = lost === 0 ? waiting : `${waiting}{"event":"log lines lost","count":${lost}}\n`;
    waiting = "";
    lost = 0;
    try {
      state = "busy";
      const answers = [writer.write(text), writer.flush()].filter((answer) => answer instanceof Promise);
      if (answers.length === 0) state = "open";
      else underWay = Promise.all(answers).then(reopen, close);
    } catch {
      close(); // EPIPE: there is nobody left to tell
    }
  };
  const reopen = async (): Promise<void> => {
    state = "open";
    push();
    if (stateNow() === "busy") await underWay; // the lines that came meanwhile
  };
  const flush = (): Promise<void> => {
    push();
    return state === "busy" ? Promise.race([underWay, Bun.sleep(patienceMilliseconds)]) : Promise.resolve();
  };
  const write = (line: string): void => {
    if (state === "closed") return;
    if (waiting.length > mostCharacters) {
      lost += 1;
      return;
    }
    waiting += `${line}\n`;
    if (waiting.length > eagerCharacters) push();
    else if (timer === null) timer = setTimeout(push, flushMilliseconds).unref();
  };
  return { write, flush };
}
