/**
 * Traces. Spans go through `@opentelemetry/api` alone: without a registered SDK they cost nothing and lead nowhere. The W3C
 * `traceparent` of a request is passed on to vendors if the configuration says so, with or without an SDK.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { context, propagation, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';

interface TraceContext {
  traceId: string;
  flags: string;
}

const carried = new AsyncLocalStorage<TraceContext>();

const tracer = trace.getTracer('provider-directory-gateway');

/** A span for one vendor call. Its attributes are names of the configuration and closed lists. */
export function startSpan(connection: string, adapter: string, operation: string): Span {
  return tracer.startSpan(`vendor ${operation}`, {
    kind: SpanKind.CLIENT,
    attributes: {
      'gateway.connection': connection,
      'gateway.adapter': adapter,
      'gateway.operation': operation,
    },
  });
}

/**
 * Runs a request's work under the trace that its `traceparent` header names, if it is well-formed. To be called only where a
 * vendor connection carries traces on: following a context through all promises has its price.
 */
export function withTrace<Result>(traceparent: string | string[] | undefined, work: () => Result): Result {
  const [, traceId, flags] =
    /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/.exec(
      typeof traceparent === 'string' ? traceparent : '',
    ) ?? [];
  if (traceId === undefined || flags === undefined) return work();
  // An instrumentation of HTTP has entered the caller's context already; without one this is the place. No SDK: no change.
  const entered = trace.getSpan(context.active()) !== undefined;
  const parent = entered ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent });
  return carried.run({ traceId, flags }, () => context.with(parent, work));
}

/**
 * The headers that carry the trace on: those of the SDK if there is one, else the caller's trace with a span id of our
 * own. `tracestate` stays behind: what others have put into it is not meant for the vendor.
 */
export function traceHeaders(span: Span): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  if (carrier.traceparent !== undefined) return { traceparent: carrier.traceparent };
  const parent = carried.getStore();
  if (parent === undefined) return {};
  return { traceparent: `00-${parent.traceId}-${randomBytes(8).toString('hex')}-${parent.flags}` };
}
