import { type Request, type RequestHandler, type Response, Router } from 'express';
import { reachCommit } from '../faultGate';
import type { Tools } from '../kit';
import { isSentProvider, providerProblem, type SentProvider } from './bodies';
import type { DayHours, Provider, Shift } from './seeds';
import { type CobaltState, findFacility, type UpdatableMember } from './store';

/** /v1/providers (cobalt.md sections 2 and 3). */
export function providerRoutes(state: CobaltState, tools: Tools): Router {
  const router = Router();
  const byId = (id: string) => state.providers.get(id);
  const byEhrId = (id: string) => state.providers.all().find((provider) => provider.ehr_id === id);
  router.get('/', list(state));
  router.patch('/:id', update(state, tools, byId));
  router.patch('/ehr/:id', update(state, tools, byEhrId));
  return router;
}

function list(state: CobaltState): RequestHandler {
  return (_request, response) => {
    const providers = state.providers
      .all()
      .flatMap((provider) => state.providerLag.seen(provider.id, provider) ?? [])
      .map((provider) => ({ ...provider, hours: provider.hours.map((day) => showDay(day, state)) }));
    response.json({ success: true, providers });
  };
}

function showDay({ day, shifts }: DayHours, state: CobaltState): object {
  return { day, shifts: shifts.map((shift) => showShift(shift, state)) };
}

/** GET says `recurrence` for `set_recur`, the amount as text, no end of the repeat rule, and the facility's name. */
function showShift(
  { set_recur, set_description, visit_type_rules, ...shift }: Shift,
  state: CobaltState,
): object {
  const { start, end, facility_id, ...dates } = shift;
  const facility = facility_id === undefined ? undefined : findFacility(state, facility_id);
  return {
    start,
    end,
    ...(facility_id === undefined ? {} : { facility_id }),
    ...(facility ? { facility_name: facility.name } : {}),
    ...dates,
    ...(set_description === undefined ? {} : { set_description }),
    ...(set_recur ? { recurrence: showRecurrence(set_recur) } : {}),
    ...(visit_type_rules ? { visit_type_rules } : {}),
  };
}

function showRecurrence({ rec_end_date: _notShown, ...rule }: NonNullable<Shift['set_recur']>): object {
  const { recur_interval_amount: amount } = rule;
  return amount === undefined ? rule : { ...rule, recur_interval_amount: String(amount) };
}

function update(
  state: CobaltState,
  tools: Tools,
  find: (id: string) => Provider | undefined,
): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const { id } = request.params;
    if (!find(id)) return refuse(response, 404, 'Provider not found.');
    const sent: unknown = request.body;
    const problem = providerProblem(sent, state);
    if (problem !== undefined || !isSentProvider(sent)) {
      return refuse(response, 400, problem ?? 'The request body is invalid.');
    }
    await reachCommit(request);
    const provider = find(id);
    if (!provider) return refuse(response, 404, 'Provider not found.');
    store(request, provider, sent, state, tools);
    response.json({ success: true, message: acknowledgement(sent), provider_id: provider.id });
  };
}

function store(
  request: Request,
  provider: Provider,
  sent: SentProvider,
  state: CobaltState,
  tools: Tools,
): void {
  const effective = withEffect(sent, state);
  if (Object.keys(effective).length === 0) return;
  tools.commit(request, provider, apply(provider, effective, state), (next) => {
    state.providerLag.written(provider.id, provider);
    state.providers.set(next);
  });
}

/** The members that are really stored: all, but for the setting `acknowledgeWithoutEffect`. */
function withEffect(sent: SentProvider, state: CobaltState): SentProvider {
  const { acknowledgeWithoutEffect: ignored } = state.settings;
  if (ignored === true) return {};
  const effective = { ...sent };
  const names: readonly UpdatableMember[] = ignored === false ? [] : ignored;
  for (const name of names) delete effective[name];
  return effective;
}

function apply(provider: Provider, sent: SentProvider, state: CobaltState): Provider {
  const next = { ...provider };
  if (sent.status !== undefined) next.status = sent.status.toLowerCase();
  if (sent.hide_in_availability !== undefined)
    next.hide_in_availability = sent.hide_in_availability === 'true';
  if (sent.hours !== undefined) {
    next.hours = state.settings.hoursMode === 'replace' ? sent.hours : mergeDays(provider.hours, sent.hours);
  }
  return next;
}

/** The other reading of "hours": a day that is sent replaces that day, the rest of the week stays. */
function mergeDays(stored: readonly DayHours[], sent: readonly DayHours[]): DayHours[] {
  const days = new Map(stored.map((day) => [day.day, day]));
  for (const day of sent) days.set(day.day, day);
  return [...days.values()];
}

/** Two of these texts are in a source; those for hours alone and for hiding alone are ours. */
function acknowledgement({ status, hours }: SentProvider): string {
  if (status !== undefined && hours !== undefined) return 'Provider status and hours updated successfully.';
  if (status !== undefined) return 'Provider status updated successfully.';
  if (hours !== undefined) return 'Provider hours updated successfully.';
  return 'Provider updated successfully.';
}

/** Cobalt's error body as its other endpoints show it (cobalt.md section 2). */
export function refuse(response: Response, status: number, message: string, error?: string): void {
  response.status(status).json({ success: false, error, message });
}
