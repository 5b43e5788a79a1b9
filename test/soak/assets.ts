/** `npm run soak -- assets`: what anyone can make a gateway hold in memory by asking for files and not reading them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureAssets } from '../support/assets';
import { soakConfiguration } from './configuration';

export async function runAssetSoak(requests: number) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-assets-'));
  try {
    const configPath = join(folder, 'gateway.yaml');
    await writeFile(
      configPath,
      soakConfiguration(`sqlite:${join(folder, 'gateway.db')}`, 'http://127.0.0.1:9'),
    );
    return await measureAssets(configPath, requests);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
