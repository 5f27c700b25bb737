import * as df from 'durable-functions';

df.app.activity('hello', { handler: (name) => `Hello, ${name}!` });

df.app.orchestration('helloSequence', function* (context) {
  const greetings = [];
  for (const name of ['Tokyo', 'Seattle', 'Cairo']) greetings.push(yield context.df.callActivity('hello', name));
  return greetings;
});
