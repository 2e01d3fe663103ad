import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type ClientCertificate,
  type KafkaSasl,
  type KafkaSsl,
  securityProtocols,
  tlsVersions,
} from '../kafka-security.js';
import type { PropertyReader } from './property-reader.js';
import { readSasl } from './sasl-properties.js';
import { Secret } from './secret.js';

/** Gives a file's text. @throws Error with a sentence */
export type ReadTextFile = (path: string) => string;

/** How a cluster is reached safely: `security.protocol` and all that belongs to it. */
export function readSecurity(
  properties: PropertyReader,
  readFile: ReadTextFile,
): { readonly ssl: KafkaSsl | undefined; readonly sasl: KafkaSasl | undefined } {
  const protocol = properties.oneOf('security.protocol', securityProtocols) ?? 'PLAINTEXT';
  const usesSsl = protocol === 'SSL' || protocol === 'SASL_SSL';
  const usesSasl = protocol === 'SASL_PLAINTEXT' || protocol === 'SASL_SSL';
  // Java's client would pass over them in silence, and connect less safely than somebody thinks.
  const isIdle = `means nothing with security.protocol=${protocol}: give security.protocol=`;
  if (!usesSsl) properties.refuseAll('ssl.', `${isIdle}SSL or SASL_SSL`);
  if (!usesSasl) properties.refuseAll('sasl.', `${isIdle}SASL_SSL`);
  return {
    ssl: usesSsl ? readSsl(properties, readFile) : undefined,
    sasl: usesSasl ? readSasl(properties) : undefined,
  };
}

function readSsl(properties: PropertyReader, readFile: ReadTextFile): KafkaSsl {
  const algorithm = 'ssl.endpoint.identification.algorithm';
  // The one setting that has a meaning when it is empty: don't look at the host name.
  const isEmpty = properties.isEmpty(algorithm);
  if (!isEmpty) properties.oneOf(algorithm, ['https']);
  const versions = properties.listOf('ssl.enabled.protocols', tlsVersions);
  const [lowest] = versions ?? [];
  const highest = versions?.at(-1);
  return {
    versions: lowest === undefined || highest === undefined ? undefined : [lowest, highest],
    trustedCertificates: readTrustStore(properties, readFile),
    client: readKeyStore(properties, readFile),
    verifiesHostName: !isEmpty,
  };
}

function readTrustStore(properties: PropertyReader, readFile: ReadTextFile): string | undefined {
  if (!isPem(properties, 'ssl.truststore')) return undefined;
  const pem = readPem(properties, readFile, 'ssl.truststore.certificates', 'ssl.truststore.location');
  if (pem === undefined) return undefined;
  return hasCertificates(properties, pem) ? pem.text.reveal() : undefined;
}

/** A key and its certificates, in one file or in two settings. */
function readKeyStore(properties: PropertyReader, readFile: ReadTextFile): ClientCertificate | undefined {
  const keyPassword = properties.secret('ssl.key.password');
  if (!isPem(properties, 'ssl.keystore')) return undefined;
  const key = readPem(properties, readFile, 'ssl.keystore.key', 'ssl.keystore.location');
  const chain = readPem(properties, readFile, 'ssl.keystore.certificate.chain', 'ssl.keystore.location');
  if (key === undefined && chain === undefined) return undefined;
  if (key === undefined || chain === undefined) {
    const [given, missing] = key === undefined ? ['certificate.chain', 'key'] : ['key', 'certificate.chain'];
    properties.mistake(`ssl.keystore.${given}`, `is given without ssl.keystore.${missing}`);
    return undefined;
  }
  if (!hasCertificates(properties, chain) || !isKeyOf(properties, key, keyPassword, chain)) return undefined;
  return { certificateChain: chain.text.reveal(), key: key.text, keyPassword };
}

/** Java's own kinds of stores are no text; where one is given by its name, the way to PEM is told. */
function isPem(properties: PropertyReader, store: 'ssl.truststore' | 'ssl.keystore'): boolean {
  const type = properties.text(`${store}.type`);
  const toPem = `convert it to PEM and give ${store}.type=PEM: keytool -importkeystore -srckeystore STORE -destkeystore STORE.p12 -deststoretype PKCS12, then openssl pkcs12 -in STORE.p12 -nodes -out STORE.pem`;
  if (type !== undefined && type.toUpperCase() !== 'PEM') {
    properties.mistake(`${store}.type`, `is "${type}", which is not supported: ${toPem}`);
    for (const part of ['location', 'password', 'key', 'certificate.chain', 'certificates'])
      properties.secret(`${store}.${part}`);
    return false;
  }
  if (properties.has(`${store}.password`)) {
    properties.secret(`${store}.password`);
    properties.mistake(`${store}.password`, `belongs to a store of Java's, which is not supported: ${toPem}`);
  }
  return true;
}

interface PemText {
  /** The setting that it came from. */
  readonly name: string;
  readonly text: Secret;
}

/** What a setting holds, or the file that another one names. */
function readPem(
  properties: PropertyReader,
  readFile: ReadTextFile,
  textName: string,
  locationName: string,
): PemText | undefined {
  const text = properties.secret(textName);
  const location = properties.text(locationName);
  if (text !== undefined) return { name: textName, text };
  if (location === undefined) return undefined;
  try {
    return { name: locationName, text: new Secret(readFile(location)) };
  } catch (error) {
    properties.mistake(
      locationName,
      `names a file that is no use: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

function hasCertificates(properties: PropertyReader, { name, text }: PemText): boolean {
  const certificates = text.reveal().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (certificates === null) {
    properties.mistake(name, 'holds no certificate in PEM (-----BEGIN CERTIFICATE-----)');
    return false;
  }
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
    return true;
  } catch {
    properties.mistake(name, 'holds a certificate that is damaged');
    return false;
  }
}

function isKeyOf(
  properties: PropertyReader,
  { name, text }: PemText,
  password: Secret | undefined,
  chain: PemText,
): boolean {
  try {
    const key = createPrivateKey({
      key: text.reveal(),
      ...(password === undefined ? {} : { passphrase: password.reveal() }),
    });
    if (new X509Certificate(chain.text.reveal()).checkPrivateKey(key)) return true;
    properties.mistake(name, 'holds another private key than that of the first certificate beside it');
  } catch {
    // Why is not told: OpenSSL's words for it help nobody.
    properties.mistake(
      name,
      'holds no private key in PEM that can be read; for an encrypted one give ssl.key.password',
    );
  }
  return false;
}
