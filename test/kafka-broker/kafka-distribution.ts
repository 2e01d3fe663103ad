import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Apache Kafka's own jars from Maven Central, kept in the user's cache: a real broker and Java's own tools
 * without Docker. About 54 MB, fetched once.
 * TEST_KAFKA_VERSION takes another version.
 */
export const kafkaVersion = process.env.TEST_KAFKA_VERSION ?? '4.1.0';

const distributionFolder = join(
  process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
  'millrace',
  `kafka-${kafkaVersion}`,
);

/** The class path of Kafka's jars; fetches them when they are not there yet. */
export async function kafkaClassPath(): Promise<string> {
  if (!existsSync(distributionFolder)) await fetchDistribution();
  return join(distributionFolder, '*');
}

/** Whether a broker can be had here: one that runs already, or Java and a way to the jars. */
export function kafkaAvailable(): boolean {
  if (isKafkaRequired() || process.env.KAFKA_BROKERS !== undefined) return true;
  return canRun('java', '-version') && (existsSync(distributionFolder) || canRun('mvn', '--version'));
}

/** Where Kafka is required its absence must fail the tests, not skip them. */
export function isKafkaRequired(): boolean {
  return process.env.CI === 'true' || process.env.MILLRACE_REQUIRE_KAFKA === '1';
}

function canRun(command: string, argument: string): boolean {
  try {
    execFileSync(command, [argument], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Into a folder of its own, renamed when it is whole: two test processes may do this at once. */
async function fetchDistribution(): Promise<void> {
  await mkdir(dirname(distributionFolder), { recursive: true });
  const folder = await mkdtemp(`${distributionFolder}-`);
  try {
    await writeFile(join(folder, 'pom.xml'), projectObjectModel());
    const jars = join(folder, 'jars');
    await promisify(execFile)('mvn', [
      '-q',
      '-B',
      '-f',
      join(folder, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${jars}`,
    ]);
    await rename(jars, distributionFolder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw new Error(
      `Apache Kafka ${kafkaVersion} could not be fetched by Maven. Install Java 17 and Maven, or name a running broker in KAFKA_BROKERS.`,
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function projectObjectModel(): string {
  const dependency = (groupId: string, artifactId: string, version: string): string =>
    `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', kafkaVersion)}
    ${dependency('org.apache.kafka', 'kafka-tools', kafkaVersion)}
    ${dependency('org.slf4j', 'slf4j-nop', '1.7.36')}
  </dependencies>
</project>`;
}
