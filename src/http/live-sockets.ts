/** The WebSockets that are open now, by person, so that a sign-out or a stop can close them (decisions 11 and 42). */
export interface LiveSockets {
  /** Registers an open socket; the answer is to be called once it is closed. `person` null: nobody's, on a public path. */
  add(person: string | null, close: (code: number, reason: string) => void): () => void;
  closeOf(person: string, code: number, reason: string): void;
  closeAll(code: number, reason: string): void;
  count(): number;
}

export function liveSockets(): LiveSockets {
  const sockets = new Set<{ readonly person: string | null; readonly close: (code: number, reason: string) => void }>();
  return {
    add(person, close) {
      const entry = { person, close };
      sockets.add(entry);
      return () => void sockets.delete(entry);
    },
    closeOf(person, code, reason) {
      for (const socket of [...sockets]) if (socket.person === person) socket.close(code, reason);
    },
    closeAll(code, reason) {
      for (const socket of [...sockets]) socket.close(code, reason);
    },
    count: () => sockets.size,
  };
}
