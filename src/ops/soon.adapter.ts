/** Waits for it, but not longer than so many milliseconds; what it throws is thrown while it is waited for. */
export async function soon(work: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, waitMs); });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
