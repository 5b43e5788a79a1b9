/**
 * Express gives every request and every response its own prototype when it begins to handle them. V8 pays for an object
 * whose prototype changes in everything that touches it afterwards, Node's own code included: two thirds of what a small
 * Express route costs (bench/HISTORY.md). Node can make them with that prototype in the first place; Express then sets
 * what is there already, which costs nothing.
 */
import { IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** @returns for `createServer`, of either protocol, whose listener is `app` */
export function messagesOf(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Req extends IncomingMessage = IncomingMessage> extends ServerResponse<Req> {}
  // Documented in Express' guide "Overriding the Express API", but missing in its types.
  const { request, response } = app as Express & { request: object; response: object };
  Object.setPrototypeOf(AppRequest.prototype, request);
  Object.setPrototypeOf(AppResponse.prototype, response);
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype });
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
