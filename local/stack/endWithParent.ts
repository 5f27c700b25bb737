// Loaded before a program that another one starts and stops: whoever started it holds its standard input open, and may
// be killed without a chance to stop it.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume();
