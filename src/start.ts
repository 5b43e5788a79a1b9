#!/usr/bin/env node
/** The bundle's entry, a file of its own: a bundle loads what it takes from Node before it runs its first line. */
import './lib/checkNode';
import { createRequire } from 'node:module';

createRequire(__filename)('./program.js');
