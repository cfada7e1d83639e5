// Runs in the gateway before its own code.

import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// A gateway does not outlive the process that started it, even when that was killed.
const owner = Number(process.env.GATEWAY_OWNER);
if (isMainThread && process.platform !== 'win32' && process.ppid === owner) {
  const watch = () => {
    if (process.ppid !== owner) process.kill(-process.pid, 'SIGKILL');
  };
  setInterval(watch, 1000).unref();
}

// It finds no host but this one: some of what it asks for cannot be switched off.
const isLocal = (name) => /^(localhost|127\.[0-9.]+|::1)$/.test(name);
const refusal = (hostname) => {
  const details = { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname };
  return Object.assign(new Error(`${hostname} is beyond the loopback`), details);
};
const { lookup } = dns;
dns.lookup = (name, ...rest) =>
  isLocal(name) ? lookup(name, ...rest) : process.nextTick(rest.at(-1), refusal(name));
const { lookup: promisedLookup } = dns.promises;
dns.promises.lookup = async (name, ...rest) => {
  if (!isLocal(name)) throw refusal(name);
  return promisedLookup(name, ...rest);
};
syncBuiltinESMExports();
