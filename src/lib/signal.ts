/** Wakes one who waits. */
export interface Signal {
  raise(): void;
  /** Resolves at the next `raise`, at once if one came since the last wait, or after so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
}

export function createSignal(): Signal {
  let raised = false;
  let resume: (() => void) | undefined;
  return {
    raise: () => {
      raised = true;
      resume?.();
    },
    wait: async (milliseconds) => {
      if (!raised) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      raised = false;
      resume = undefined;
    },
  };
}
