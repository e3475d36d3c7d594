/** A WebSocket or an event stream that is open between a client and an application. */
export interface LiveStream {
  readonly person: string | null; //               issuer and subject; null: anonymous, or it may outlive a sign-out
  readonly sessionId: string | null; //            the session it was opened with; null: none, or it may outlive its session
  readonly close: (code: number, reason: string) => void; // sends a close frame to a WebSocket, cuts other connections
}

/** The open streams, which akproxy closes with their session, at a sign-out and at a stop (decisions 11 and 42). */
export interface LiveStreams {
  /** Registers an open stream. The caller calls the returned function once the stream is closed. */
  add(stream: LiveStream): () => void;
  closeOf(person: string, code: number, reason: string): void;
  closeAll(code: number, reason: string): void;
  /**
   * Closes with 1008 each stream whose session is over, for any reason: a sign-out elsewhere, a limit, a refused refresh. While the store is
   * unavailable a stream stays open; new requests are refused then anyway.
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
