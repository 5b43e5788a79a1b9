/** What helmet recommends. Its headers are the same for every answer, so it is asked once instead of by every request. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

/** @returns sets the headers on an answer */
export function securityHeaders(): (res: ServerResponse) => void {
  const headers = headersOfHelmet();
  return (res) => {
    for (const [name, value] of headers) res.setHeader(name, value);
  };
}

function headersOfHelmet(): readonly (readonly [name: string, value: string])[] {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  helmet()(request, response, (error) => {
    if (error) throw error;
  });
  return response.getHeaderNames().map((name) => [name, String(response.getHeader(name))]);
}
