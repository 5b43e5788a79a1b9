import { createMirrorPace } from '../../src/queue/mirrorPace';

const NORTH = { connection: 'copy', clinic: 'north' };
const SOUTH = { connection: 'copy', clinic: 'south' };
const SETTINGS = { baseDelayMs: 1_000, maxDelayMs: 300_000 };

describe('the pace of a mirror', () => {
  const paced = () => {
    const clock = { ms: 0 };
    const pace = createMirrorPace(() => clock.ms);
    const fail = (times: number) => {
      for (let time = 0; time < times; time += 1) pace.ended(NORTH, false, SETTINGS);
    };
    const isDown = () => pace.isDown(NORTH);
    return { clock, pace, fail, isDown };
  };

  it('does not change for what one or two people’s updates meet', () => {
    const { pace, fail, isDown } = paced();
    fail(2);
    expect([pace.restOf(NORTH), isDown()]).toEqual([0, false]);
    pace.ended(NORTH, true, SETTINGS);
    fail(2);
    expect([pace.restOf(NORTH), isDown()]).toEqual([0, false]);
  });

  it('is one at a time with growing pauses once it is down, and five seconds at most', () => {
    const { clock, pace, fail, isDown } = paced();
    fail(3);
    expect([pace.restOf(NORTH), isDown()]).toEqual([1_000, true]);
    clock.ms = 999.5;
    expect(pace.restOf(NORTH)).toBe(1);
    clock.ms = 1_000;
    expect([pace.restOf(NORTH), isDown()]).toEqual([0, true]);
    const pauses = Array.from({ length: 4 }, () => {
      fail(1);
      return pace.restOf(NORTH);
    });
    expect(pauses).toEqual([2_000, 4_000, 5_000, 5_000]);
    expect(pace.restOf(SOUTH)).toBe(0);
  });

  it('is as before with the first one that arrives', () => {
    const { pace, fail, isDown } = paced();
    fail(9);
    pace.ended(NORTH, true, SETTINGS);
    expect([pace.restOf(NORTH), isDown()]).toEqual([0, false]);
  });
});
