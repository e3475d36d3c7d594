/** What `within` throws: the other side may be there and slow, or not there. */
export class DeadlinePassed extends Error {}

/** What `work` gives, if it does within so many milliseconds; throws DeadlinePassed otherwise. The work itself goes on. */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new DeadlinePassed(`no answer within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
