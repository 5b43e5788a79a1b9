/** The public keys of what the gateway signs with, for the vendors that check it (RFC 7517). */
import type { Request, Response } from 'express';
import { Problem } from '../../problem';
import type { Runtime } from '../../runtime/runtime';
import { sendJson } from '../answer';
import { refuseUnknownQuery } from '../query';

/** @throws Problem `not_found` if no connection signs anything */
export async function getKeys(runtime: Runtime, req: Request, res: Response): Promise<void> {
  refuseUnknownQuery(req, []);
  const { connections } = runtime.current;
  const found = await Promise.all(
    [...connections.values()].map(({ adapter }) => adapter.publicKeys?.() ?? []),
  );
  // Two connections may have one key.
  const keys = [...new Map(found.flat().map((key) => [key.kid, key])).values()];
  if (keys.length === 0) throw new Problem('not_found', 'The gateway signs nothing.');
  sendJson(res, 200, { keys });
}
