import 'durable-functions';
