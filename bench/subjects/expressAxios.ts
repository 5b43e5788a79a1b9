/** (b) What a team would write: Express, its JSON middleware, axios with a keep-alive agent. */
import { Agent, createServer } from 'node:http';
import axios from 'axios';
import express from 'express';
import { announce, VENDOR_KEY, vendorUrl } from './announce';
import { fromVendor, type RoleAnswer, rolePath, toVendor } from './translate';

const vendor = axios.create({
  baseURL: vendorUrl(),
  httpAgent: new Agent({ keepAlive: true }),
  headers: { 'x-api-key': VENDOR_KEY },
  timeout: 10_000,
});

const app = express();
app.use(express.json());
app.patch('/staff/:id', async (req, res) => {
  const { id } = req.params;
  const answer = await vendor.patch<RoleAnswer>(rolePath(id), toVendor(req.body));
  res.json(fromVendor(id, answer.data));
});

announce(createServer(app));
