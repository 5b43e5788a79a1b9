/**
 * axios without its own transports, which are never used here. Its build for browsers is the same code, and leaves out what the
 * transport of its Node build loads: form data, redirects, proxies, HTTP/2.
 */

/** Where axios looks, once, whether it could use fetch. Node loads all of fetch as soon as one of them is touched. */
const FETCH = ['fetch', 'Request', 'Response', 'Headers', 'FormData'];

function load(): typeof import('axios') {
  const hidden = FETCH.flatMap((name) => {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
    return descriptor?.configurable ? [{ name, descriptor }] : [];
  });
  for (const { name } of hidden)
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true });
  try {
    return require('axios/dist/browser/axios.cjs');
  } finally {
    for (const { name, descriptor } of hidden) Object.defineProperty(globalThis, name, descriptor);
  }
}

export const { Axios, AxiosHeaders, CanceledError, isCancel } = load();
