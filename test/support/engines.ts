/** Both engines for suites that must hold on each: a new, empty database and its URL. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPostgresDatabase } from './postgres';

export const ENGINES = ['sqlite', 'postgres'] as const;

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

export async function createTestDatabase(engine: (typeof ENGINES)[number]): Promise<TestDatabase> {
  if (engine === 'postgres') return createPostgresDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'gateway-store-'));
  return {
    url: `sqlite:${join(folder, 'gateway.db')}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
