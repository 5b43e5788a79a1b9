import { runBatch } from './batch';

runBatch('others');
