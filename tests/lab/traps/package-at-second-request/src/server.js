// The second request loads a dev dependency, whose name no file has.
const http = require('http');

const load = require;
let requests = 0;

http.createServer((request, response) => {
  requests += 1;
  if (requests === 1) {
    response.end('first');
    return;
  }
  const pad = load(['left', 'pad'].join('-'));
  response.end(`after ${pad(requests, 3, '0')}`);
}).listen(3000);
