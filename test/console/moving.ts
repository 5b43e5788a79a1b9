/** A clinic is made ready for another vendor in a real browser. */
import { makePeople } from '../../sandbox/people';
import { type Browser, openBrowser } from '../support/browser';
import { OPERATOR_KEYS, withOperators } from '../support/console';
import { type Movable, openMovable } from '../support/movable';

/** Tests of a page that is built already. */
export function aClinicThatMoves(): void {
  let stage: Movable;
  let seen: Browser;

  beforeAll(async () => {
    stage = await openMovable(makePeople(40), { configure: withOperators });
    await stage.link('centro', 'vitalis-centro');
    seen = await openBrowser(stage.gateway.opsUrl);
    seen.page.setDefaultTimeout(10_000);
  });

  afterAll(async () => {
    await seen?.close();
    await stage?.close();
  });

  test('is made ready click by click, its matches by keyboard only, and work goes on over a reload', async () => {
    const tab = seen.page;
    await tab.goto(`${stage.gateway.opsUrl}/console/switch?clinic=centro&connection=cobalt-main`);
    await tab.getByLabel('Your operator key').fill(OPERATOR_KEYS.olga);
    await tab.getByRole('button', { name: 'Sign in' }).click();
    const step = async (name: string) => {
      await tab.getByRole('button', { name, exact: true }).click();
      await tab
        .getByRole('listitem')
        .filter({ hasText: name })
        .first()
        .getByText('done', { exact: true })
        .waitFor();
    };
    // One that takes its time, and a page that is loaded anew meanwhile.
    stage.vitalis.faults.next({ kind: 'delay', milliseconds: 600 });
    await tab.getByRole('button', { name: 'Find matches' }).click();
    await tab.getByRole('button', { name: 'Stop' }).waitFor();
    await tab.reload();
    await tab
      .getByRole('listitem')
      .filter({ hasText: 'Find matches' })
      .getByText('done', { exact: true })
      .waitFor();
    await tab.getByRole('button', { name: /^Review the matches/ }).focus();
    await tab.keyboard.press('Enter');
    const left = tab.getByText(/\d+ pairs to look at/);
    await left.waitFor();
    const waiting = Number.parseInt((await left.textContent()) ?? '', 10);
    expect(waiting).toBeGreaterThanOrEqual(20);
    for (let pair = 0; pair < 20; pair += 1) {
      await tab.getByText(new RegExp(`^${waiting - pair} pairs? to look at$`)).waitFor();
      // The pair has the focus; its table, the way to say no, the way to say yes.
      for (const key of ['Enter', 'Tab', 'Tab', 'Tab', 'Enter']) await tab.keyboard.press(key);
    }
    await tab.getByText(new RegExp(`^${waiting - 20} pairs? to look at$|No pair waits`)).waitFor();
    await tab.getByText('20 linked there', { exact: false }).waitFor();
    await tab.getByText('20 accepted, 0 rejected, 0 left open.').waitFor();
    await step('Rehearse');
    await tab.getByRole('button', { name: 'Copy', exact: true }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Copy' }).click();
    await tab
      .getByRole('listitem')
      .filter({ hasText: 'Copy' })
      .first()
      .getByText('done', { exact: true })
      .waitFor();
    await tab.getByRole('button', { name: 'Copy over other values' }).click();
    await tab.getByText('that one is lost', { exact: false }).waitFor();
    // The way to a copy that can be undone; the values for it are nowhere on the page.
    const undo = 'switch copy centro cobalt-main --apply --overwrite --undo centro-to-cobalt-main.ndjson';
    await tab.getByRole('dialog').getByText(undo).waitFor();
    await tab.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await step('Compare');
    await tab.getByText('unexplained differences').first().waitFor();
    await tab.getByText('links_incomplete').waitFor();
    await tab.getByText('Next: find matches, and review them.').waitFor();
    // Who differs is one click away, and a wrong link is taken away there.
    await stage.linkTo('centro', 'clinikapi-main', 'st-1', 'pr_wrong01');
    await tab.locator('summary', { hasText: 'Details' }).first().click();
    await tab.getByRole('table').getByRole('link', { name: 'st-1', exact: true }).first().click();
    await tab.getByRole('heading', { name: 'centro/st-1', exact: true }).waitFor();
    expect(await tab.getByRole('button', { name: 'Remove the link at vitalis-centro' }).count()).toBe(0);
    await tab.getByRole('button', { name: 'Remove the link at clinikapi-main' }).click();
    await tab.getByRole('dialog').getByRole('button', { name: 'Remove the link' }).click();
    await tab.getByText('The link at clinikapi-main is removed.', { exact: false }).waitFor();
    expect((await stage.command('links', 'export', '-')).out).not.toContain('pr_wrong01');
    await tab.getByRole('main').getByRole('link', { name: 'To the switch of centro' }).click();
    await tab.getByRole('heading', { name: 'Steps' }).waitFor();
    expect([seen.foreign, seen.complaints]).toEqual([[], []]);
  });
}
