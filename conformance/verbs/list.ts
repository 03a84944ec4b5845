/** `lockstep list`: what there is, a line each, or as one JSON object. */
import { flatten } from '../../impl/flatten.ts'
import { cases } from '../../spec/cases.ts'
import { versions } from '../../spec/versions.ts'
import { print, releases, seenWhere, UsageError } from './common.ts'
import { allClaims, allSystems, rulesOf } from './ids.ts'

/** Columns of texts, with as much room as they need. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  return rows
    .map(row => row.map((text, i) => (i === row.length - 1 ? text : text.padEnd(widths[i] ?? 0))).join('  '))
    .join('\n')
}

type Listed = { readonly json: object[]; readonly rows: string[][] }

function rules(wanted: readonly string[]): Listed {
  const seen = seenWhere()
  const all = rulesOf(wanted)
  const json = all.map(({ id, machine, side, actor, rule }) => {
    const { name, on, where, does, would, says = [], cite, since, until, may } = rule
    return {
      ...{ id, machine, side, actor, name, on: on ?? null, where: where ?? {}, does, would: would ?? {}, says, cite },
      ...{ since: since ?? null, until: until ?? null, may: may ?? false, seen: seen(name) },
    }
  })
  return { json, rows: all.map(({ id, rule }) => [id, rule.cite]) }
}

function claims(wanted: readonly string[]): Listed {
  const json = allClaims.map(({ id, kind, name, system, broken, seen }) => ({ id, kind, name, system, broken, seen }))
  const rows = json.map(({ id, kind, broken }) => {
    const known = Object.keys(broken).filter(version => wanted.includes(version))
    return [id, kind, known.length > 0 ? `broken in ${known.join(', ')}` : '']
  })
  return { json, rows }
}

function systems(wanted: readonly string[]): Listed {
  const json = allSystems.map(system => ({
    name: system.name,
    about: system.about,
    explored: system.explored,
    variables: flatten(system, wanted.at(-1) ?? '').variables.length,
  }))
  return { json, rows: json.map(({ name, about }) => [name, about]) }
}

const kinds: { readonly [what: string]: (wanted: readonly string[]) => Listed } = {
  rules,
  claims,
  cases: () => ({ json: [...cases], rows: cases.map(({ id, description }) => [id, description]) }),
  systems,
  versions: () => ({ json: versions.map(version => ({ version })), rows: versions.map(version => [version]) }),
}

/** Runs the verb; answers the exit code. */
export function list(what: string, { json, version }: { readonly json?: boolean; readonly version?: string }): number {
  const kind = Object.hasOwn(kinds, what) ? kinds[what] : undefined
  if (kind === undefined) throw new UsageError(`"${what}" cannot be listed; there are ${Object.keys(kinds).join(', ')}`)
  const found = kind(releases(versions, version))
  print(json ? JSON.stringify({ [what]: found.json }, null, 2) : table(found.rows).replaceAll(/ +$/gm, ''))
  return 0
}
