import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];

/**
 * A headless Chromium (`CHROMIUM`, else Debian's), spoken to over pipes in its own protocol: no port, no driver. `page` is
 * its one page; `close` ends it and takes its profile along.
 */
export async function openChromium() {
  const profile = mkdtempSync(join(tmpdir(), 'gallery-'));
  const browser = spawn(
    process.env.CHROMIUM ?? '/usr/bin/chromium',
    [...flags, `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise((done) => browser.once('exit', done));
  const failed = new Promise((_, fail) => {
    browser.once('error', fail);
    browser.once('exit', (code, signal) => fail(new Error(`chromium ended with ${code ?? signal}`)));
  });
  failed.catch(() => {});
  const connection = connect(browser.stdio[3], browser.stdio[4]);
  const ask = (method, params, session) => Promise.race([connection.ask(method, params, session), failed]);

  const { targetInfos } = await ask('Target.getTargets');
  const target = targetInfos.find(({ type }) => type === 'page');
  const { sessionId } = await ask('Target.attachToTarget', { targetId: target.targetId, flatten: true });
  const page = pageOf((method, params) => ask(method, params, sessionId), connection.faults);
  await page.ask('Page.enable');
  await page.ask('Runtime.enable');
  await page.ask('Log.enable');
  return {
    page,
    close: async () => {
      // Asked, not killed: its helpers still write into the profile for a moment otherwise.
      if (browser.exitCode === null && browser.signalCode === null)
        connection.ask('Browser.close').catch(() => {});
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}

function pageOf(ask, faults) {
  /** The value of an expression in the page, awaited there. */
  async function evaluate(expression) {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  return {
    ask,
    evaluate,
    /** What the page has complained about so far: exceptions, and what the policy refused. */
    faults,
    async open(url, { width = 1280, height = 900 } = {}) {
      await ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      await ask('Page.navigate', { url });
      await evaluate(`new Promise((done) => {
        const ready = () => document.querySelector('main h1') ? requestAnimationFrame(() => setTimeout(done, 150)) : setTimeout(ready, 20);
        ready();
      })`);
    },
    async press(key, code = key, virtualKey = 0) {
      const event = { key, code, windowsVirtualKeyCode: virtualKey };
      await ask('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
      await ask('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    /** A PNG of the window, or of the whole page. */
    async picture(of = 'window') {
      let clip;
      if (of === 'page') {
        const [width, height] = await evaluate('[innerWidth, document.documentElement.scrollHeight]');
        clip = { x: 0, y: 0, width, height, scale: 1 };
      }
      const { data } = await ask('Page.captureScreenshot', {
        format: 'png',
        clip,
        captureBeyondViewport: of === 'page',
      });
      return Buffer.from(data, 'base64');
    },
  };
}

function connect(input, output) {
  const waiting = new Map();
  const faults = [];
  let last = 0;
  let rest = '';
  output.setEncoding('utf8');
  output.on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop() ?? '';
    for (const message of messages) take(JSON.parse(message));
  });

  function take({ id, result, error, method, params }) {
    if (method === 'Runtime.exceptionThrown')
      faults.push(params.exceptionDetails.exception?.description ?? 'exception');
    if (method === 'Log.entryAdded' && params.entry.level === 'error') faults.push(params.entry.text);
    const answer = waiting.get(id);
    waiting.delete(id);
    if (error) answer?.fail(new Error(error.message));
    else answer?.done(result);
  }

  return {
    faults,
    ask: (method, params = {}, sessionId = undefined) =>
      new Promise((done, fail) => {
        last += 1;
        waiting.set(last, { done, fail });
        input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
      }),
  };
}
