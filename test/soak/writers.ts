/** Clients that update, each a staff member of its own, one update after the other, until they are stopped. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './traffic';

export interface Sent {
  staff: string;
  role: string;
  key: string | undefined;
  at: number;
  /** 0 as long as it is under way. */
  answeredAt: number;
  /** Undefined without an answer. */
  status: number | undefined;
}

/** Done, or accepted for later. */
export function isTaken({ status }: Sent): boolean {
  return status === 200 || status === 202;
}

export class Writers {
  readonly sent: Sent[] = [];
  #stopped = false;
  readonly #work: Promise<unknown>;

  /** @param name the values that are written begin with it */
  constructor(url: string, name: string, staff: readonly string[]) {
    this.#work = Promise.all(
      staff.map((id, client) => this.#client(url, `${name}-${client}`, id, client % 2 === 0)),
    );
  }

  /** Resolves when all is answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** @returns the statuses of the same updates, with their keys, once more */
  static async repeat(url: string, sent: readonly Sent[]): Promise<(number | undefined)[]> {
    const agent = new Agent();
    const answers = await Promise.all(
      sent.map(({ staff, role, key }) =>
        call({ agent, url, staff, role, headers: { ...(key !== undefined && { 'idempotency-key': key }) } }),
      ),
    );
    return answers.map(({ status }) => status);
  }

  /** @param queues has some of its updates queued; those behind one are then queued with it */
  async #client(url: string, name: string, staff: string, queues: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let count = 0; !this.#stopped; count += 1) {
      const key = count % 2 === 0 ? randomUUID() : undefined;
      const role = `${name}-${count}`;
      const one: Sent = { staff, role, key, at: performance.now(), answeredAt: 0, status: undefined };
      this.sent.push(one);
      const headers = {
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(queues && count % 3 === 0 && { prefer: 'respond-async' }),
      };
      const { status } = await call({ agent, url, staff, role, headers });
      one.status = status;
      one.answeredAt = performance.now();
      // A gateway that is gone is not asked in a tight loop.
      if (status === undefined) await sleep(20);
    }
    agent.destroy();
  }
}
