// The first thing a newcomer runs is the quick start in the README, so it is run here as it stands.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '../fixtures.mjs';

test('the quick start of the README works as printed', async ({ flint }) => {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const [script] = [...readme.matchAll(/```sh\n(.*?)```/gs)].map((m) => m[1]).filter((s) => s.includes('dev.json'));
  expect(script, 'a shell block that reads dev.json').toBeTruthy();

  // The block stands in the folder of a clone: the program in bin/, its data in data/.
  const folder = await mkdtemp(join(tmpdir(), 'flint-readme-'));
  await symlink(flint.data, join(folder, 'data'));
  await symlink(fileURLToPath(new URL('../../../bin', import.meta.url)), join(folder, 'bin'));
  const { stdout } = await promisify(execFile)('bash', ['-euc', `${script}\necho; echo "order:$ORDER"`], { cwd: folder, timeout: 20_000 });
  await rm(folder, { recursive: true });

  const [, orderID] = stdout.match(/order:(ord_\w+)/) ?? [];
  expect(orderID, stdout).toBeTruthy();
  expect(stdout).toContain(`${flint.facts.base_url}/checkout/cs_`);
  expect(stdout).toContain('"payment_status":"paid"');
  expect(stdout).toContain('Every amount follows from the journal.');
  const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(data.payment_status, stdout).toBe('paid');
  // The processor settles a refund a moment after it has taken it.
  await expect
    .poll(async () => (await flint.api('GET', `/v1/orders/${orderID}`)).data.settlement_amounts.refunded_money.amount)
    .toBe(1000);
  const calls = script.split('# 4.')[0].match(/^.*post \/v1\//gm);
  expect(calls.length, 'calls to the first paid order').toBeLessThanOrEqual(4);
});
