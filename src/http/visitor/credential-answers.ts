import { Memory } from "../../core/bounds/memory.ts";
import { type Identity, identityBytes } from "../../core/identity.ts";
import type { Authenticated } from "../../ports/identity-provider.ts";

/** The issuer's answer to a credential; or too many credentials failed, so akproxy did not ask. */
export type CredentialAnswer = Authenticated | { readonly kind: "limited"; readonly waitSeconds: number };

/** The issuer's latest answers, by credential digest (decision 18). */
export interface CredentialAnswers {
  /** The cached answer, else the one of a request under way, else the answer of `ask`. An error of `ask` is not cached (M2M-14). */
  answerTo(digest: string, ask: () => Promise<CredentialAnswer>): Promise<CredentialAnswer>;
  /** After a sign-out: the issuer is asked again about the credentials of this user, or of this session at the issuer. */
  forget(
    ended: Pick<Identity, "issuer"> & { readonly subject: string | null; readonly idpSession: string | null },
  ): void;
}

const knownSeconds = 60;
const refusedSeconds = 5;

interface Kept {
  readonly answer: CredentialAnswer;
  readonly until: number; //                       epoch seconds
}

function answerBytes({ answer }: Kept): number {
  return answer.kind === "known" ? identityBytes(answer.identity) : 0;
}

/**
 * In memory, at most `limit` answers and 64 MiB; the oldest is evicted first. An accepted credential is kept for 60 s, or until its token
 * expires when that is sooner.
 */
export function credentialAnswers(now: () => number, limit = 10_000): CredentialAnswers {
  const kept = new Memory<Kept>({ entries: limit, bytes: 64 * 1024 * 1024, bytesOf: answerBytes });
  const underway = new Map<string, Promise<CredentialAnswer>>();
  let signOuts = 0;

  function keep(digest: string, answer: CredentialAnswer): void {
    if (answer.kind === "limited") return;
    const seconds = answer.kind === "known" ? knownSeconds : refusedSeconds;
    const end = answer.kind === "known" ? (answer.expiresAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    kept.set(digest, { answer, until: Math.min(now() + seconds, end) });
  }

  async function askedOnce(digest: string, ask: () => Promise<CredentialAnswer>): Promise<CredentialAnswer> {
    const before = signOuts;
    try {
      const answer = await ask();
      // the issuer may have answered before a sign-out that came meanwhile
      if (before === signOuts || answer.kind !== "known") keep(digest, answer);
      return answer;
    } finally {
      underway.delete(digest);
    }
  }

  return {
    answerTo(digest, ask) {
      const known = kept.get(digest);
      if (known !== undefined && now() < known.until) return Promise.resolve(known.answer);
      kept.delete(digest);
      const sent = underway.get(digest) ?? askedOnce(digest, ask);
      underway.set(digest, sent);
      return sent;
    },
    forget({ issuer, subject, idpSession }) {
      signOuts += 1;
      kept.deleteWhere(({ answer }) => {
        if (answer.kind !== "known" || answer.identity.issuer !== issuer) return false;
        const { identity } = answer;
        const isNamed = idpSession !== null && identity.idpSession === idpSession;
        return isNamed || identity.subject === subject;
      });
    },
  };
}
