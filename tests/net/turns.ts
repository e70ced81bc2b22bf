/**
 * Owns the ways in which a test waits without any time going by; knows nothing of what it waits for.
 *
 * @module
 */

/** Lets everything go on that waits for nothing but its turn. */
export async function turns(count = 30): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

/** Lets the event loop turn once: sockets go on, and rejections that nobody handles are told. */
export function task(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
