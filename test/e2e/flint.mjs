// Starts and stops a whole Flint for a test: the built binary, an empty data folder, a free port.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = process.env.FLINT_BIN || fileURLToPath(new URL('../../bin/flint', import.meta.url));

/** startFlint returns a running development environment, or fails with what the program said. */
export async function startFlint({ program = binary, readyWithin = 20_000 } = {}) {
  await access(program).catch(() => {
    throw new Error(`${program} is not there: run "make build" first`);
  });
  const data = await mkdtemp(join(tmpdir(), 'flint-e2e-'));
  const child = spawn(program, ['dev', '--data', data, '--addr', `127.0.0.1:${await freePort()}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listen = (chunk) => {
    said = (said + chunk).slice(-8_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const ended = new Promise((resolve) => {
    child.once('error', (err) => resolve(err.message));
    child.once('exit', (code, signal) => resolve(signal ?? code));
  });
  let exit;
  ended.then((how) => {
    exit = how;
  });

  /** stop asks the program to end and fails when it does not do so cleanly within its ten seconds. */
  async function stop() {
    const impatient = setTimeout(() => child.kill('SIGKILL'), 11_000);
    child.kill('SIGTERM');
    const how = await ended;
    clearTimeout(impatient);
    await rm(data, { recursive: true, force: true });
    if (how !== 0) {
      throw new Error(`flint ended with ${how} after SIGTERM, want 0:\n${said}`);
    }
  }

  const deadline = Date.now() + readyWithin;
  for (;;) {
    const facts = await readFacts(join(data, 'dev.json'));
    if (facts) {
      return { facts, data, api: client(facts), stop, output: () => said };
    }
    if (exit !== undefined || Date.now() > deadline) {
      const what = exit !== undefined ? `ended with ${exit}` : `wrote no dev.json within ${readyWithin} ms`;
      child.kill('SIGKILL');
      await ended;
      await rm(data, { recursive: true, force: true });
      throw new Error(`flint dev ${what}:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** readFacts returns the parsed dev.json, or null while it is missing or half written. */
async function readFacts(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * client returns api(method, path, body, {key, headers, status}), which sends one request with the
 * sandbox's key and returns the parsed body. Any status but `status` (default: 2xx) is an error.
 */
function client({ base_url, api_key }) {
  return async function api(method, path, body, { key = api_key, headers = {}, status } = {}) {
    const response = await fetch(new URL(path, base_url), {
      method,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'Idempotency-Key': randomUUID() }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (status ? response.status !== status : !response.ok) {
      throw new Error(`${method} ${path}: ${response.status}, want ${status ?? '2xx'}: ${text.slice(0, 2_000)}`);
    }
    return text === '' ? null : JSON.parse(text);
  };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
