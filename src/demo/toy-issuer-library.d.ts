/** The part of oidc-provider that the toy issuer uses; the package has no types of its own. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }
  export interface IssuerContext {
    status: number;
    type: string;
    body: string;
    readonly oidc: {
      readonly client: { readonly clientId: string; readonly clientName?: string } | undefined;
      readonly session: { readonly accountId?: string; grantIdFor(clientId: string): string | undefined };
      readonly result?: { readonly consent?: { readonly grantId?: string } };
      readonly params: { readonly scope?: string };
    };
  }
  export interface Interaction {
    readonly uid: string;
    readonly prompt: { readonly name: string };
    readonly params: Readonly<Record<string, string | undefined>>;
  }
  /** What an issuer asks a person for, in order; `requestable` prompts may be asked for by `prompt=` (OIDC Core 3.1.2.1). */
  export interface PromptPolicy {
    add(prompt: Prompt, index: number): void;
  }
  export class Prompt {
    constructor(options: { readonly name: string; readonly requestable: boolean });
  }
  export const interactionPolicy: { base(): PromptPolicy; readonly Prompt: typeof Prompt };
  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: {
      new (grant: { readonly clientId: string; readonly accountId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    readonly Client: {
      find(id: string): Promise<{ readonly clientId: string; readonly clientName?: string } | undefined>;
    };
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Readonly<Record<string, unknown>>,
      options: { readonly mergeWithLastSubmission: boolean },
    ): Promise<void>;
    on(event: string, listener: (...args: readonly unknown[]) => void): this;
  }
}
