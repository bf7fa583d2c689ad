/** Says on the terminal what takes long. Plain JavaScript, because the set-up needs it before any package is there. */

/** A step that ends sooner is not worth a line, milliseconds. */
const WORTH_SAYING_MS = 1000;
const REDRAW_MS = 200;

/**
 * Runs `action` and says `label` while it lasts: one line that counts seconds on a terminal, plain lines elsewhere.
 * Answers what the action answers; the action's error passes through.
 */
export async function step(label, action, out = process.stderr) {
  const startedAtMs = Date.now();
  const seconds = () => ((Date.now() - startedAtMs) / 1000).toFixed(1);
  const isTerminal = out.isTTY === true;
  let isSaid = false;
  const timer = setInterval(() => {
    if (Date.now() - startedAtMs < WORTH_SAYING_MS) return;
    if (isTerminal) out.write(`\r\u001b[2K${label} … ${seconds()} s`);
    else if (!isSaid) out.write(`${label} …\n`);
    isSaid = true;
  }, REDRAW_MS);
  let end = 'failed';
  try {
    const answer = await action();
    end = 'done';
    return answer;
  } finally {
    clearInterval(timer);
    if (isSaid) out.write(`${isTerminal ? '\r\u001b[2K' : ''}${label}: ${end} in ${seconds()} s\n`);
  }
}
