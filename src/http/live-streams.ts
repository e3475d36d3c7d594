/** Something that stays open between an application and somebody: a WebSocket or an event stream. */
export interface LiveStream {
  readonly person: string | null; //               issuer and subject; null: nobody's, or it may outlive a sign-out
  readonly sessionId: string | null; //            the session it was opened with; null: none, or it may outlive its session
  readonly close: (code: number, reason: string) => void; // a close frame where there is one, else the connection is cut
}

/** What is open now, so that it can be closed with its session, at a sign-out or at a stop (decisions 11 and 42). */
export interface LiveStreams {
  /** Registers an open stream; the answer is to be called once it is closed. */
  add(stream: LiveStream): () => void;
  closeOf(person: string, code: number, reason: string): void;
  closeAll(code: number, reason: string): void;
  /**
   * Closes with 1008 each stream whose session is over, whatever ended it: a sign-out elsewhere, a limit, a refused refresh. One whose
   * session can't be looked at stays until it can: while the store is away nothing new is let in anyway.
   */
  closeEnded(isOver: (sessionId: string) => Promise<boolean>): Promise<void>;
  count(): number;
}

export function liveStreams(): LiveStreams {
  const streams = new Set<LiveStream>();
  return {
    add(stream) {
      streams.add(stream);
      return () => void streams.delete(stream);
    },
    closeOf(person, code, reason) {
      for (const stream of [...streams]) if (stream.person === person) stream.close(code, reason);
    },
    closeAll(code, reason) {
      for (const stream of [...streams]) stream.close(code, reason);
    },
    async closeEnded(isOver) {
      const bySession = Map.groupBy(
        [...streams].filter(({ sessionId }) => sessionId !== null),
        ({ sessionId }) => sessionId ?? "",
      );
      for (const [sessionId, open] of bySession) {
        if (!(await isOver(sessionId))) continue;
        for (const stream of open) if (streams.has(stream)) stream.close(1008, "session ended");
      }
    },
    count: () => streams.size,
  };
}
