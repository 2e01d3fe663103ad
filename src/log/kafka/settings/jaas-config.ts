import { Secret } from './secret.js';

/** One login module of a `sasl.jaas.config`. */
export interface JaasConfig {
  /** Without its package: `PlainLoginModule`. */
  readonly loginModule: string;
  /** Any of them may be a password. */
  readonly options: ReadonlyMap<string, Secret>;
}

/**
 * Reads `package.LoginModule required name="value" other='value';`, as Java's JaasConfig does: a value
 * stands bare or in quotes of either kind, in which a backslash escapes.
 * @returns undefined where the text has another form; why is not told, since the text holds a password.
 */
export function parseJaasConfig(text: string): JaasConfig | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const [loginModule, flag, ...rest] = tokens;
  if (loginModule === undefined || flag === undefined || !controlFlags.has(flag.toLowerCase()))
    return undefined;
  if (rest.pop() !== ';') return undefined;
  const options = new Map<string, Secret>();
  for (let i = 0; i < rest.length; i += 3) {
    const [name, equals, value] = rest.slice(i, i + 3);
    if (name === undefined || equals !== '=' || value === undefined) return undefined;
    options.set(name, new Secret(value));
  }
  return { loginModule: loginModule.slice(loginModule.lastIndexOf('.') + 1), options };
}

const controlFlags: ReadonlySet<string> = new Set(['required', 'requisite', 'sufficient', 'optional']);

/** Words, quoted texts without their quotes, `=` and `;`. Undefined where a quote is left open. */
function tokensOf(text: string): string[] | undefined {
  const token = /\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([=;])|([^\s=;"']+))/suy;
  const tokens: string[] = [];
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const match = token.exec(text);
    if (match === null) return undefined;
    const quoted = match[1] ?? match[2];
    tokens.push(quoted === undefined ? (match[3] ?? match[4] ?? '') : unescaped(quoted));
  }
  return tokens;
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/gsu, (_, character: string) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
