/**
 * One vendor at a time, over all replicas: the store says where a clinic is. A new configuration moves it, if the guard lets it;
 * a process that starts with another one waits until nobody serves the clinic where it is.
 */
import AsyncLock from 'async-lock';
import { ConfigError, type ConfigProblem } from '../config/problem';
import type { ClinicConfig, GatewayConfig } from '../config/types';
import type { Log } from '../ops/log';
import type { OwnPresence } from '../runtime/presence';
import type { Runtime } from '../runtime/runtime';
import { act } from '../store/changes';
import type { Evidence } from '../store/evidence';
import type { Replicas, Served } from '../store/replicas';
import { StoreUnavailable } from '../store/unavailable';
import type { Move, Place, Whereabouts } from '../store/whereabouts';
import { evidenceDetail, type GuardReason, hasNothingToJudge, reasonsAgainst } from './guard';

export interface RelocationParts {
  runtime: Runtime;
  presence: OwnPresence;
  whereabouts: Whereabouts;
  replicas: Replicas;
  evidence: (clinic: string, here: string, there: string) => Promise<Evidence>;
  log: Log;
  /** Hears of each move. `warned`: the guard was closed, and only warns. */
  onMove: (clinic: string, guard: MoveGuard) => void;
}

export type MoveGuard = 'open' | 'warned' | 'off';

export interface Relocation {
  /** Before anything listens. @throws ConfigError if the guard is closed to the configuration @throws StoreUnavailable */
  start(): Promise<void>;
  /**
   * Takes a new configuration over, and moves the clinics whose connection it changes.
   * @throws ConfigError if the guard is closed; everything stays as it is then
   */
  replace(config: GatewayConfig): Promise<void>;
  /** To be called now and again: looks where clinics are, and shows that this process is alive. @throws StoreUnavailable */
  beat(): Promise<void>;
  /** This process serves nothing any more. */
  leave(): Promise<void>;
}

/** A clinic that the configuration has elsewhere than the store. */
interface Wish {
  from: Place;
  to: string;
  clinic: ClinicConfig;
}

interface Verdict {
  wish: Wish;
  /** Whether the guard has anything to say. */
  isJudged: boolean;
  reasons: readonly GuardReason[];
  evidence: Evidence;
}

export function createRelocation(parts: RelocationParts): Relocation {
  const { runtime, presence, whereabouts, replicas, log } = parts;
  const lock = new AsyncLock();
  const alone = <Result>(work: () => Promise<Result>) => lock.acquire('place', work);
  /** Clinics that this process wants to move: as soon as nobody serves them where they are, or at once. */
  const waiting = new Map<string, 'until free' | 'at once'>();
  /** What was said last of each, so that it is said once. */
  const told = new Map<string, string>();
  let served = '';

  async function verdictOn(wish: Wish): Promise<Verdict> {
    const { from, to, clinic } = wish;
    const evidence = await parts.evidence(from.clinic, from.vendor, to);
    // At a start the configuration in use is the new one already: then only the store knows how it was.
    const isJudged =
      clinic.switchGuard !== 'off' && !hasNothingToJudge(clinic.identity, from.identity, evidence);
    const reasons = isJudged
      ? reasonsAgainst({ there: to, since: from.since, evidence, now: new Date() })
      : [];
    return { wish, evidence, isJudged, reasons };
  }

  /** @returns whether they have moved; if not, somebody else was faster, or an update was queued meanwhile */
  async function move(verdicts: readonly Verdict[]): Promise<boolean> {
    if (!(await whereabouts.move(verdicts.map(moveOf)))) return false;
    for (const { wish, isJudged, reasons } of verdicts) {
      const { from, to } = wish;
      waiting.delete(from.clinic);
      told.delete(from.clinic);
      const text = `clinic ${from.clinic}: ${from.vendor} → ${to}`;
      if (reasons.length === 0) log.info(text);
      else log.notice(text, { despite: textOf(reasons) });
      parts.onMove(from.clinic, !isJudged ? 'off' : reasons.length === 0 ? 'open' : 'warned');
    }
    return true;
  }

  /** Once for each state. */
  function tell(clinic: string, text: string, facts: Record<string, string> = {}): void {
    const all = JSON.stringify([text, facts]);
    if (told.get(clinic) === all) return;
    told.set(clinic, all);
    log.notice(text, facts);
  }

  async function moveWaiting(config: GatewayConfig): Promise<void> {
    const places = await whereabouts.all();
    const wishes = wishesOf(config, places);
    for (const name of waiting.keys())
      if (!wishes.some(({ from }) => from.clinic === name)) waiting.delete(name);
    const wanted = wishes.filter(({ from }) => waiting.has(from.clinic));
    const held = await replicas.servedByOthers(wanted.map(({ from }) => from));
    for (const wish of wanted) {
      const { clinic } = wish.from;
      if (waiting.get(clinic) === 'until free' && held.some((other) => other.clinic === clinic)) continue;
      const verdict = await verdictOn(wish);
      if (isRefused(verdict)) {
        tell(clinic, `clinic ${clinic} stays at ${wish.from.vendor}: the guard is closed`, {
          reasons: textOf(verdict.reasons),
        });
      } else await move([verdict]);
    }
  }

  async function look(): Promise<void> {
    const { config } = runtime.current;
    if (waiting.size > 0) await moveWaiting(config);
    const wishes = wishesOf(config, await whereabouts.all());
    const away = new Set(wishes.map(({ from }) => from.clinic));
    for (const { from, to } of wishes) {
      if (waiting.has(from.clinic) && told.has(from.clinic)) continue;
      tell(
        from.clinic,
        `clinic ${from.clinic} is at ${from.vendor}, and at ${to} in this configuration: its updates are answered clinic_is_moving`,
      );
    }
    for (const clinic of told.keys()) if (!away.has(clinic)) told.delete(clinic);
    presence.found(away);
    await announce(
      Object.entries(config.clinics)
        .filter(([clinic]) => !away.has(clinic))
        .map(([clinic, { vendor }]) => ({ clinic, vendor })),
    );
  }

  async function announce(serving: readonly Served[]): Promise<void> {
    const text = JSON.stringify(serving);
    await replicas.beat(text === served ? undefined : serving);
    served = text;
  }

  /** What is new is put where the configuration has it. */
  async function settleNew(config: GatewayConfig): Promise<ReadonlyMap<string, Place>> {
    const known = await whereabouts.all();
    const added = Object.entries(config.clinics).filter(([clinic]) => !known.has(clinic));
    if (added.length === 0) return known;
    await whereabouts.settle(added.map(([clinic, { vendor, identity }]) => ({ clinic, vendor, identity })));
    return whereabouts.all();
  }

  /** How clinics that are where the configuration has them identify their staff, if the store has that otherwise. */
  async function identify({ clinics }: GatewayConfig): Promise<void> {
    const places = await whereabouts.all();
    const other = Object.entries(clinics).flatMap(([clinic, { vendor, identity }]) => {
      const place = places.get(clinic);
      return place?.vendor === vendor && place.identity !== identity ? [{ clinic, vendor, identity }] : [];
    });
    await whereabouts.identify(other);
  }

  async function judge(wishes: readonly Wish[]): Promise<Verdict[]> {
    const verdicts: Verdict[] = [];
    for (const wish of wishes) verdicts.push(await verdictOn(wish));
    const refused = verdicts.filter(isRefused);
    if (refused.length > 0) throw new ConfigError(refused.map(problemOf));
    return verdicts;
  }

  /** Moves what is `changed`. What is `added` may have been known before and be elsewhere: that is a move as well, which is judged now. */
  async function moveNow(
    config: GatewayConfig,
    changed: ReadonlySet<string>,
    added: readonly string[],
  ): Promise<void> {
    // Somebody may be faster: then what is there is looked at anew.
    for (let tries = 0; tries < 3; tries += 1) {
      const wishes = wishesOf(config, await settleNew(config));
      const asked = wishes.filter(({ from }) => changed.has(from.clinic) || added.includes(from.clinic));
      const verdicts = (await judge(asked)).filter(({ wish }) => changed.has(wish.from.clinic));
      if (verdicts.length === 0 || (await move(verdicts))) return;
    }
    for (const clinic of changed) waiting.set(clinic, 'at once');
  }

  async function take(config: GatewayConfig): Promise<void> {
    const before = runtime.current.config.clinics;
    const names = Object.keys(config.clinics);
    const changed = new Set(
      names.filter((name) => before[name] && before[name].vendor !== config.clinics[name]?.vendor),
    );
    const added = names.filter((name) => before[name] === undefined);
    if (changed.size + added.length > 0) {
      try {
        await moveNow(config, changed, added);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        const enforced = [...changed].filter((name) => config.clinics[name]?.switchGuard === 'enforce');
        if (enforced.length > 0) throw new ConfigError(enforced.map(notJudged));
        // Nothing can be written now; the clinics move when it can.
        for (const name of changed) waiting.set(name, 'at once');
        presence.found(new Set([...presence.away, ...changed]));
      }
    }
    // One that was known before may be elsewhere, and served there.
    for (const name of added) waiting.set(name, 'until free');
    runtime.replace(config);
    await identify(config).catch(ignoringStore);
    if (changed.size + added.length > 0) await look().catch(ignoringStore);
  }

  return {
    start: () =>
      alone(async () => {
        const { config } = runtime.current;
        const wishes = wishesOf(config, await settleNew(config));
        await judge(wishes);
        for (const { from } of wishes) waiting.set(from.clinic, 'until free');
        await identify(config);
        await look();
      }),
    replace: (config) => presence.taking(() => alone(() => take(config))),
    beat: () => alone(look),
    leave: () => alone(() => replicas.leave()),
  };
}

function wishesOf({ clinics }: GatewayConfig, places: ReadonlyMap<string, Place>): Wish[] {
  return Object.entries(clinics).flatMap(([name, clinic]) => {
    const from = places.get(name);
    return from === undefined || from.vendor === clinic.vendor ? [] : [{ from, to: clinic.vendor, clinic }];
  });
}

function isRefused({ wish, reasons }: Verdict): boolean {
  return wish.clinic.switchGuard === 'enforce' && reasons.length > 0;
}

function moveOf({ wish: { from, to, clinic }, isJudged, reasons, evidence }: Verdict): Move {
  const despite = reasons.map(({ code }) => code);
  return {
    from,
    to,
    identity: clinic.identity,
    despite,
    needsEmptyQueue: clinic.switchGuard === 'enforce' && isJudged,
    change: act({
      kind: 'switch',
      clinic: from.clinic,
      caller: 'gateway',
      vendor: to,
      detail: {
        from: from.vendor,
        to,
        guard: clinic.switchGuard,
        reasons: despite.join(', '),
        ...evidenceDetail(evidence),
      },
    }),
  };
}

function problemOf({ wish: { from, to }, reasons }: Verdict): ConfigProblem {
  return {
    path: `clinics.${from.clinic}.vendor`,
    message: `the guard refuses ${from.vendor} → ${to} (switchGuard: enforce): ${textOf(reasons)}`,
  };
}

function notJudged(clinic: string): ConfigProblem {
  return {
    path: `clinics.${clinic}.vendor`,
    message: 'cannot be changed while the store is not available (switchGuard: enforce)',
  };
}

function textOf(reasons: readonly GuardReason[]): string {
  return reasons.map(({ code, detail }) => `${code}: ${detail}`).join('; ');
}

function ignoringStore(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}
