console.log('ready nothing');
setInterval(() => undefined, 1000);
