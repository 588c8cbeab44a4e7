// The first thing a newcomer runs is the quick start in the README, so it is run here as it stands.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '../fixtures.mjs';

test('the quick start of the README works as printed', async ({ flint }) => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const [script] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map((m) => m[1]).filter((s) => s.includes('dev.json'));
  expect(script, 'a shell block that reads dev.json').toBeTruthy();

  const folder = await mkdtemp(join(tmpdir(), 'flint-readme-'));
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data/dev.json'), JSON.stringify(flint.facts));
  const { stdout } = await promisify(execFile)('bash', ['-euc', `${script}\necho; echo "order:$ORDER"`], { cwd: folder, timeout: 20_000 });
  await rm(folder, { recursive: true });

  const [, orderID] = stdout.match(/order:(ord_\w+)/) ?? [];
  expect(orderID, stdout).toBeTruthy();
  const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(data.payment_status, stdout).toBe('paid');
  expect(data.settlement_amounts.refunded_money.amount, stdout).toBe(1000);
});
