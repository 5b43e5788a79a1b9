import { runBatch } from './batch';

runBatch('hostile');
