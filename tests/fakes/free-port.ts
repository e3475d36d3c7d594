/** A port of 127.0.0.1 that nobody listens on at this moment. */
export function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server; // a stopped server says 0
  void server.stop(true);
  return port ?? 0;
}
