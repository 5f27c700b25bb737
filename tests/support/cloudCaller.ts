export * from '../../local/soak/cloudCaller.ts';
