// A smoke test: starts the server, and asks it twice.
require('./server.js');

const ask = async () => (await fetch('http://127.0.0.1:3000/')).text();

setTimeout(async () => {
  console.log(await ask());
  console.log(await ask());
  process.exit(0);
}, 300);
