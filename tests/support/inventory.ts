export * from '../../local/soak/inventory.ts';
