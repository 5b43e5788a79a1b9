/** Preloaded into programs that would listen on every interface: whatever listens on a port does so on 127.0.0.1 only. */
import { Server } from 'node:net';

const listen = Server.prototype.listen;
Server.prototype.listen = function listenOnLoopback(this: Server, ...given: unknown[]): Server {
  const [first, ...rest] = given;
  const options =
    typeof first === 'object' && first !== null
      ? { ...first, host: '127.0.0.1' }
      : { port: Number(first), host: '127.0.0.1' };
  const callback = rest.find((item): item is () => void => typeof item === 'function');
  return Reflect.apply(listen, this, callback ? [options, callback] : [options]);
};
