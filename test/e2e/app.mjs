// An app of examples/, built, registered, running, and installed by a merchant through the consent page.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from './fixtures.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** The program that the tests run. */
export const binary = process.env.FLINT_BIN || join(root, 'bin/flint');

/** startApp registers an example with the second merchant as its owner and starts it. */
export async function startApp(flint, example, { name, events }) {
  const dir = await mkdtemp(join(tmpdir(), 'flint-app-'));
  await run('go', ['build', '-o', join(dir, 'app'), `./examples/${example}`], { cwd: root });
  const url = `http://127.0.0.1:${await freePort()}`;
  const register = ['app', 'register', '--data', flint.data, '--name', name, '--events', events.join(','), '--redirect-uri', `${url}/callback`];
  register.push('--webhook-url', `${url}/webhooks`, '--permissions', join(root, 'examples', example, 'permissions.json'));
  await run(binary, register, { cwd: dir });
  const child = spawn('./app', [], { cwd: dir, stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-8_000);
  });
  await expect.poll(() => fetch(url).then((r) => r.status, () => 0)).toBe(200);
  const stop = async () => {
    child.kill();
    await rm(dir, { recursive: true });
  };
  return { url, stop, output: () => said };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** doctor runs `flint doctor` and fails with what it found. */
export async function doctor(flint) {
  const { stdout } = await run(binary, ['doctor', '--data', flint.data]).catch((err) => {
    throw new Error(`flint doctor ended with ${err.code}:\n${err.stdout}${err.stderr}`);
  });
  expect(stdout).toContain('Every amount follows from the journal.');
}
