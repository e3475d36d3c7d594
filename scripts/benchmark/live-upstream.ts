/** An application on the load's core: echoes WebSocket messages, fans events out, swallows uploads. Usage: bun live-upstream.ts PORT */
const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
const event = new TextEncoder().encode(`data: ${"x".repeat(200)}\n\n`);

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  idleTimeout: 0,
  maxRequestBodySize: 4 * 1024 ** 3,
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (pathname === "/ws") return server.upgrade(request) ? undefined : new Response("no upgrade", { status: 400 });
    if (pathname === "/events") return eventStream();
    if (pathname === "/tick") {
      for (const stream of streams) stream.enqueue(event);
      return new Response("ok");
    }
    for await (const _bytes of request.body ?? []);
    return new Response("ok");
  },
  websocket: {
    perMessageDeflate: false,
    message: (socket, message) => void socket.send(message),
  },
});

function eventStream(): Response {
  let own: ReadableStreamDefaultController<Uint8Array> | null = null;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      own = controller;
      streams.add(controller);
      controller.enqueue(event);
    },
    cancel() {
      if (own !== null) streams.delete(own);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}
