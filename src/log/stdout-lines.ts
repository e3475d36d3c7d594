/** Takes finished lines. */
export interface LineSink {
  write(line: string): void;
  /** Resolves when the lines are written, or after one second when the reader does not read. */
  flush(): Promise<void>;
}

/** What a sink writes to. It may return a promise when the reader is slow (Bun's FileSink). */
export interface SlowWriter {
  write(text: string): unknown; // unknown: FileSink returns a number or a promise, neither of which matters
  flush(): unknown;
}

const flushMilliseconds = 100;
const eagerCharacters = 256 * 1024; //             written before the timer runs out
const patienceMilliseconds = 1000; //              how long a process that ends waits for a slow reader
const mostCharacters = 8 * 1024 * 1024; //         beyond this a stuck reader loses lines, so memory is bounded

/**
 * Lines that are collected for at most 100 ms and written with one call (528k lines/s, 235k one by one). When the reader has closed the pipe
 * (EPIPE), the log ends and the process goes on. A stuck reader loses lines; the first line it gets afterwards says how many.
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
      isGone = true; // EPIPE: the reader has closed the pipe
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

/** The waiting lines as one text, and how many were lost because the text was full. */
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

/** A promise when the reader is slow, null when the text is written. Throws when the reader has closed the pipe. */
function handOver(writer: SlowWriter, text: string): Promise<unknown> | null {
  const answers = [writer.write(text), writer.flush()].filter((answer) => answer instanceof Promise);
  return answers.length === 0 ? null : Promise.all(answers);
}
