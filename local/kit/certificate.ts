import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for `localhost`, and the file to name in `NODE_EXTRA_CA_CERTS` so that clients trust it. */
export interface Certificate {
  key: string;
  cert: string;
  caFile: string;
}

/** Reads the certificate kept in `folder`, or makes one that is valid for five years. */
export async function ensureCertificate(folder: string): Promise<Certificate> {
  const keyFile = join(folder, 'localhost.key');
  const caFile = join(folder, 'localhost.pem');
  if (!existsSync(keyFile) || !existsSync(caFile)) {
    const made = await generate([{ name: 'commonName', value: 'localhost' }], {
      keySize: 2048,
      algorithm: 'sha256',
      notAfterDate: new Date(Date.now() + 5 * 365 * 86_400_000),
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, digitalSignature: true, keyEncipherment: true, critical: true },
        { name: 'extKeyUsage', serverAuth: true },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: 'localhost' },
            { type: 7, ip: '127.0.0.1' },
          ],
        },
      ],
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(keyFile, made.private, { mode: 0o600 });
    writeFileSync(caFile, made.cert);
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(caFile, 'utf8'), caFile };
}
