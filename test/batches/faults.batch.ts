import { runBatch } from './batch';

runBatch('faults');
