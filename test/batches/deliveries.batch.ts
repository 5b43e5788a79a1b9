import { runBatch } from './batch';

runBatch('deliveries');
