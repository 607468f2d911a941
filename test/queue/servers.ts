/**
 * Starts redis-server and PostgreSQL for tests: on Unix sockets in a temporary folder, so that no port is taken and nobody else connects.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Pool } from 'pg';
import { Redis } from 'ioredis';

/** A server with its data in a folder of its own. */
export interface Server<Client> {
  /** For a client of another process: the path of the socket, or a URL. */
  readonly address: string;
  /** A new client. It fails at once while the server is down, and never sends anything twice. */
  readonly connect: () => Client;
  /** Ends the server with a signal, and resolves when its process is gone. */
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
  /** Starts the server again over the same data. */
  readonly start: () => Promise<void>;
  /** Ends the server and removes its data. */
  readonly remove: () => Promise<void>;
}

/** The path of a program. Throws an error that says which package to install. */
const find = (program: string, folders: readonly string[], debianPackage: string): string => {
  const path = folders.map((folder) => join(folder, program)).find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (path === undefined) throw new Error(`${program} is missing. Install it, on Debian by: apt-get install ${debianPackage}`);
  return path;
};

const pathFolders = (process.env.PATH ?? '').split(delimiter);

/** Debian keeps the programs of PostgreSQL outside PATH, in a folder for each version. */
const postgresFolders = (): readonly string[] => {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return [...pathFolders, ...versions.map((version) => join(root, version, 'bin'))];
};

/** Kills the server when this process is gone, however it ended. */
const guard = ({ pid }: ChildProcess): ChildProcess =>
  spawn('sh', ['-c', `read _; kill -9 ${pid}`], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a server, and resolves when it says that it is ready. Rejects with all that it said if it ends before. */
const launch = (program: string, options: readonly string[], user: User, ready: RegExp): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, options, { ...user, stdio: ['ignore', 'pipe', 'pipe'] });
    const guardian = guard(child);
    let said = '';
    const hear = (chunk: Buffer) => {
      if (ready.test(said)) return;
      said += chunk.toString();
      if (ready.test(said)) resolve(child);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('exit', () => {
      guardian.kill('SIGKILL');
      reject(new Error(`${program} ended before it was ready:\n${said}`));
    });
  });

/** A server that `run` starts, and whose data are in `folder`. */
const serverOf = async <Client>(folder: string, address: string, connect: () => Client, run: () => Promise<ChildProcess>): Promise<Server<Client>> => {
  let child = await run();
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  return {
    address,
    connect,
    end,
    start: async () => { child = await run(); },
    remove: async () => {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, maxRetries: 10 });
    },
  };
};

/** A port for the bus of a cluster, which cannot be a Unix socket. */
const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

/**
 * Starts redis-server with an append-only file, which is never rewritten: its size is what was written.
 *
 * @param fsync     when that is flushed to the disk
 * @param isCluster whether it is a cluster of one node, which refuses keys of several slots in one script
 */
export const startRedis = async (fsync: 'always' | 'everysec', isCluster = false): Promise<Server<Redis>> => {
  const program = find('redis-server', pathFolders, 'redis-server');
  const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-redis-'));
  const path = join(folder, 'socket');
  const options = ['--port', '0', '--unixsocket', path, '--dir', folder, '--appendonly', 'yes', '--appendfsync', fsync, '--auto-aof-rewrite-percentage', '0', '--save', '', '--maxmemory-policy', 'noeviction'];
  if (isCluster) {
    const port = await freePort();
    options.push('--cluster-enabled', 'yes', '--cluster-port', String(port), '--bind', '127.0.0.1');
    writeFileSync(join(folder, 'nodes.conf'), `${'0'.repeat(40)} 127.0.0.1:0@${port} myself,master - 0 0 0 connected 0-16383\nvars currentEpoch 0 lastVoteEpoch 0\n`);
  }
  return serverOf(
    folder,
    path,
    // The error of a server that goes away arrives at each command too.
    () => new Redis({ path, retryStrategy: () => null, maxRetriesPerRequest: 0 }).on('error', () => undefined),
    () => launch(program, options, {}, isCluster ? /Cluster state changed: ok/ : /ready to accept connections/i),
  );
};

/** PostgreSQL refuses to run as root. */
const unprivileged = (): User => {
  if (process.getuid?.() !== 0) return {};
  const idOf = (option: string): number => Number(execFileSync('id', [option, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
};

/** Starts PostgreSQL with an empty database. */
export const startPostgres = async (): Promise<Server<Pool>> => {
  const folders = postgresFolders();
  const [program, initdb] = [find('postgres', folders, 'postgresql'), find('initdb', folders, 'postgresql')];
  const user = unprivileged();
  const folder = mkdtempSync(join(tmpdir(), 'rx-seedance-postgres-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user.uid !== undefined && user.gid !== undefined) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  const encoding = ['--encoding=UTF8', '--locale=C.UTF-8'];
  execFileSync(initdb, ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', ...encoding], { ...user, stdio: 'pipe' });
  const run = async (): Promise<ChildProcess> => {
    for (;;) {
      try {
        return await launch(program, ['-D', data, '-k', folder, '-c', 'listen_addresses='], user, /database system is ready to accept connections/);
      } catch (error) {
        // After SIGKILL the children of the old server need a moment to notice.
        if (!(error instanceof Error && /still in use|lock file/.test(error.message))) throw error;
      }
    }
  };
  // The error of an idle connection arrives at the next query too.
  return serverOf(folder, `postgresql://postgres@/postgres?host=${encodeURIComponent(folder)}`, () => new Pool({ host: folder, user: 'postgres', database: 'postgres' }).on('error', () => undefined), run);
};
