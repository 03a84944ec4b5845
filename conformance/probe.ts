/** What an endpoint that we did not start can do, and whether it is fit for a case: found out by asking it. */
import { isIn } from '../impl/flat.ts'
import type { Case } from '../spec/script.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { release } from './profile.ts'
import type { Client } from './qmp.ts'
import type { Side } from './transcript.ts'

/** What an endpoint said of itself.  What it would not tell is left out, and then nothing is concluded from it. */
export interface Facts {
  /** As it greets, such as `11.1.3`. */
  readonly version: string
  /** Who built it; may be empty. */
  readonly package: string
  readonly commands?: ReadonlySet<string>
  readonly capabilities?: ReadonlySet<string>
}

const ask = async (client: Client, query: string): Promise<Json | undefined> => {
  const reply = await client.execute(query)
  return 'return' in reply ? reply.return : undefined
}

/** The texts of one member in a list of objects; nothing where it is no such list, or an empty one. */
function namesIn(value: Json | undefined, member: string): ReadonlySet<string> | undefined {
  const names = Array.isArray(value)
    ? value.flatMap(one => (isObject(one) && typeof one[member] === 'string' ? [one[member]] : []))
    : []
  return names.length > 0 ? new Set(names) : undefined
}

/**
 * Asks an endpoint what it is and what it knows.
 *
 * @throws QmpError when it does not answer
 */
export async function probe(client: Client): Promise<Facts> {
  const version = await ask(client, 'query-version')
  const commands = namesIn(await ask(client, 'query-commands'), 'name')
  const capabilities = namesIn(await ask(client, 'query-migrate-capabilities'), 'capability')
  return {
    version: client.version,
    package: isObject(version) && typeof version.package === 'string' ? version.package : '',
    ...(commands && { commands }),
    ...(capabilities && { capabilities }),
  }
}

/** In a sentence, for people. */
export const printFacts = ({ version, package: by, commands, capabilities }: Facts): string =>
  [
    `QEMU ${version}${by === '' ? '' : ` (${by})`}`,
    ...(commands ? [`${commands.size} commands`] : []),
    capabilities ? `${capabilities.size} migration capabilities` : 'migration capabilities unknown',
  ].join(', ')

/** The commands that a script sends to each side, in this release. */
function commandsOf(acts: readonly unknown[], version: string): { at: Side; command: string }[] {
  return acts.flatMap(act => {
    if (!isObject(act as Json)) return []
    const { at, command, query, commands, script, since, until } = act as { readonly [member: string]: unknown }
    if (Array.isArray(script)) {
      const range = {
        ...(typeof since === 'string' && { since }),
        ...(typeof until === 'string' && { until }),
      }
      return isIn(version, range) ? commandsOf(script, version) : []
    }
    if (Array.isArray(commands))
      return commandsOf(
        commands.map(one => ({ ...one, at })),
        version,
      )
    const name = command ?? query
    return typeof name === 'string' ? [{ at: at as Side, command: name }] : []
  })
}

const called = { src: 'the source', dst: 'the destination' } as const

/** Why a case cannot be run on these endpoints; nothing when it can, as far as they told. */
export function lacks(of: Case, facts: { readonly [side in Side]?: Facts }): string | undefined {
  for (const side of of.sides) {
    const known = facts[side]
    if (known === undefined) continue
    const { version, commands, capabilities } = known
    const command = commandsOf(of.script, release(version)).find(
      one => one.at === side && commands !== undefined && !commands.has(one.command),
    )
    if (command !== undefined) return `it needs the command ${command.command}, which ${called[side]} does not have`
    const capability = of.capabilities
      .filter(item => typeof item === 'string' || (isIn(release(version), item) && (item.at ?? side) === side))
      .map(item => (typeof item === 'string' ? item : item.name))
      .find(name => capabilities !== undefined && !capabilities.has(name))
    if (capability !== undefined) return `it needs the capability ${capability}, which ${called[side]} does not have`
  }
  return undefined
}

/** Statuses of a migration that is over, after which the guest of the source runs as before. */
const over = ['none', 'failed', 'cancelled']

/**
 * Why an endpoint is not fit for a case to begin; nothing when it is.
 *
 * @param before what it said of itself when it was first asked
 * @param used whether it may have a migration behind it that came to nothing
 * @throws QmpError when it does not answer
 */
export async function unsound(client: Client, side: Side, before: Facts, used = false): Promise<string | undefined> {
  const who = `${called[side]} (${client.address})`
  if (client.version !== before.version) return `${who} was QEMU ${before.version}, and is ${client.version} now`
  const status = (await ask(client, 'query-status')) as JsonObject | undefined
  const migration = (await ask(client, 'query-migrate')) as JsonObject | undefined
  const had = String(migration?.status ?? 'none')
  if (had !== 'none' && !(used && side === 'src' && over.includes(had)))
    return `${who} is not fresh: its migration is ${had}`
  const wanted = side === 'src' ? 'running' : 'inmigrate'
  if (status?.status === wanted) return undefined
  const hint = side === 'src' ? 'cases begin with a guest that runs' : 'start it with -incoming defer'
  return `${who} is ${String(status?.status)}; ${hint}`
}
