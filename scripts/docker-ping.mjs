// Does a Docker Engine answer? Asks GET /_ping as the agent will: DOCKER_HOST when set
// (unix, tcp, http, https; TLS with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), or the socket
// given as the first argument. Prints the endpoint and exits 0, or prints why not and exits 1.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';

const PING_TIMEOUT_MS = 5_000;
const endpoint = process.env.DOCKER_HOST || `unix://${process.argv[2] ?? '/var/run/docker.sock'}`;

function optionsFor(url) {
  if (url.startsWith('unix://')) return { client: http, options: { socketPath: url.slice('unix://'.length) } };
  const { protocol, hostname, port } = new URL(url);
  if (!['tcp:', 'http:', 'https:'].includes(protocol)) {
    throw new Error(`DOCKER_HOST has the scheme ${protocol} which is not one of unix, tcp, http, https`);
  }
  const tls = protocol === 'https:' || (protocol === 'tcp:' && process.env.DOCKER_TLS_VERIFY);
  if (!tls) return { client: http, options: { hostname, port: port || 2375 } };
  const certs = process.env.DOCKER_CERT_PATH ?? join(process.env.HOME ?? '/root', '.docker');
  const pem = (name) => readFileSync(join(certs, name));
  return {
    client: https,
    options: { hostname, port: port || 2376, ca: pem('ca.pem'), cert: pem('cert.pem'), key: pem('key.pem') },
  };
}

function no(reason) {
  process.stderr.write(`${endpoint}: ${reason}\n`);
  process.exit(1);
}

try {
  const { client, options } = optionsFor(endpoint);
  const request = client.get({ ...options, path: '/_ping', timeout: PING_TIMEOUT_MS }, (response) => {
    response.resume();
    if (response.statusCode !== 200) no(`answers HTTP ${response.statusCode}, which is not Docker's 200`);
    response.on('end', () => process.stdout.write(`${endpoint}\n`));
  });
  request.on('timeout', () => request.destroy(new Error(`no answer in ${PING_TIMEOUT_MS} ms`)));
  request.on('error', (error) => no(error.message));
} catch (error) {
  no(error.message);
}
