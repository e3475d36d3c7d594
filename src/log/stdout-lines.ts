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
  const lines = waitingLines();
  let isGone = false;
  let underWay: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;

  const untilEmpty = async (slow: Promise<unknown>): Promise<void> => {
    try {
      await slow;
      while (lines.length() > 0) await handOver(writer, lines.take());
    } catch {
      isGone = true; // EPIPE: there is nobody left to tell
    }
    underWay = null;
  };
  const push = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (isGone || underWay !== null || lines.length() === 0) return;
    try {
      const slow = handOver(writer, lines.take());
      if (slow !== null) underWay = untilEmpty(slow);
    } catch {
      isGone = true;
    }
  };
  return {
    write(line) {
      if (isGone) return;
      lines.add(line);
      if (lines.length() > eagerCharacters) push();
      else if (timer === null) timer = setTimeout(push, flushMilliseconds).unref();
    },
    async flush() {
      push();
      if (underWay !== null) await Promise.race([underWay, Bun.sleep(patienceMilliseconds)]);
    },
  };
}

/** The lines that wait, as one text, and how many were lost beyond it. */
function waitingLines() {
  let text = "";
  let lost = 0;
  return {
    length: () => text.length,
    add(line: string): void {
      if (text.length > mostCharacters) lost += 1;
      else text += `${line}\n`;
    },
    take(): string {
      const taken = lost === 0 ? text : `${text}{"event":"log lines lost","count":${lost}}\n`;
      text = "";
      lost = 0;
      return taken;
    },
  };
}

/** A promise when the reader is slow, null when it has the text. Throws when it went away. */
function handOver(writer: SlowWriter, text: string): Promise<unknown> | null {
  const answers = [writer.write(text), writer.flush()].filter((answer) => answer instanceof Promise);
  return answers.length === 0 ? null : Promise.all(answers);
}
