/** Loaded into the gateway of a soak: on SIGUSR2 it tells how many transactions SQLite has committed, each of which is one disk flush. */
const { DatabaseSync } = require('node:sqlite');

let commits = 0;
const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  const counts = (run) =>
    function (...values) {
      const isOpen = database.isTransaction;
      const result = run.apply(this, values);
      // A write without a transaction is one of its own.
      if (sql === 'commit' || (!isOpen && !database.isTransaction && WRITES.test(sql))) commits += 1;
      return result;
    };
  const database = this;
  for (const way of ['run', 'get', 'all']) statement[way] = counts(statement[way]);
  return statement;
};

const WRITES = /^\s*(insert|update|delete|with\b[^;]*\b(insert into|update|delete from))/i;

process.on('SIGUSR2', () => process.stdout.write(`commits ${commits}\n`));
