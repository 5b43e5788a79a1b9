import { runBatch } from './batch';

runBatch('processes');
