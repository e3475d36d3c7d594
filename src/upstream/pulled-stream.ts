/** What is told of a stream on its way. */
export interface StreamEvents {
  readonly chunk?: () => void; //                  a chunk was taken from the source
  readonly failed?: (cause: unknown) => void; //   the source broke
  readonly cancelled?: () => void; //              the reader wants no more
  readonly ended?: () => void; //                  nothing is to come, whatever the reason
}

/**
 * `source` as a stream that is read only when its reader asks for more. Bun's server adds a Content-Type to an answer
 * whose body is the stream that `fetch` gives, and none to this one. A source that fails makes this one fail.
 */
export function pulledStream(source: ReadableStream<Uint8Array>, events: StreamEvents): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            events.ended?.();
          } else {
            events.chunk?.();
            controller.enqueue(value);
          }
        } catch (error) {
          events.failed?.(error);
          events.ended?.();
          controller.error(error);
        }
      },
      async cancel(reason) {
        events.cancelled?.();
        events.ended?.();
        await reader.cancel(reason).catch(() => undefined); // the source is gone already
      },
    },
    { highWaterMark: 0 }, // nothing is read ahead of the client
  );
}

/**
 * `bytes` as a stream that Bun's server sends with their Content-Length. It drops the one that a Response with a stream has (oven-sh/bun
 * issue 10507, 1.4.5) and counts for itself only what ends below the stream's high-water mark; to bytes that are no stream it adds a
 * Content-Type.
 */
export function wholeStream(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes);
        controller.close();
      },
    },
    { highWaterMark: bytes.length + 1, size: () => 1 },
  );
}
