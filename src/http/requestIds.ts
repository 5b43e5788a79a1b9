import { randomUUID } from 'node:crypto';
import type { Response } from 'express';
import type { Caller } from '../callers/caller';
import { contextOf } from './answer';
import { authorized } from './authentication';

/** Ids that callers have given lately are remembered, so many of them. */
const REMEMBERED_IDS = 10_000;

/** The ids that callers gave their requests: one that another caller has used is not taken over as it is. */
export class RequestIds {
  readonly #users = new Map<string, string>();

  /** Once it is known who is calling. */
  settle({ clinic, name }: Caller, res: Response): void {
    const context = contextOf(res);
    if (!context.givenId) return;
    const user = `${clinic}\0${name}`;
    const known = this.#users.get(context.requestId);
    if (known === undefined) this.#remember(context.requestId, user);
    else if (known !== user) {
      context.requestId = `${context.requestId}.${randomUUID().slice(0, 8)}`;
      authorized(res).requestId = context.requestId;
      res.setHeader('x-request-id', context.requestId);
    }
  }

  #remember(id: string, user: string): void {
    this.#users.set(id, user);
    if (this.#users.size <= REMEMBERED_IDS) return;
    for (const oldest of this.#users.keys()) {
      this.#users.delete(oldest);
      return;
    }
  }
}
