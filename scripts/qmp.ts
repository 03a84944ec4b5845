/**
 * Writes `spec/qmp/RELEASE.json`: what of QMP the reference endpoint knows besides the rules.
 *
 *     node scripts/qmp.ts                        # of every QEMU on this machine
 *     node scripts/qmp.ts --source DIR RELEASE   # of a source tree that nobody has built
 *
 * `schema` is that part of `query-qmp-schema` that the commands and events of the
 * rules need, its types numbered anew; `parameters` is what
 * `query-migrate-parameters` answers before anybody has set one.  A source tree
 * has no answers: its parameters are those of the releases around it, as far as
 * its own schema has them.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findQemus } from '../conformance/binaries.ts'
import { besides, pruned, type SchemaEntry } from '../conformance/introspect.ts'
import { profileOf } from '../conformance/profile.ts'
import { flatten } from '../impl/flatten.ts'
import { isObject, type Members } from '../impl/frames.ts'
import type { Json } from '../spec/lang.ts'
import { pair } from '../spec/systems.ts'
import { versions } from '../spec/versions.ts'

const folder = join(import.meta.dirname, '../spec/qmp')
const fileOf = (release: string) => join(folder, `${release}.json`)

/** What a binary answers to a few questions, in order. */
function ask(binary: string, ...commands: readonly string[]): Json[] {
  const lines = ['qmp_capabilities', ...commands, 'quit'].map(execute => JSON.stringify({ execute })).join('\n')
  const args = ['-machine', 'none', '-S', '-nographic', '-nodefaults', '-qmp', 'stdio']
  const { stdout } = spawnSync(binary, args, { input: lines, encoding: 'utf8', timeout: 60_000, maxBuffer: 1 << 26 })
  const replies = stdout.split('\n').flatMap(line => {
    const message: Json = line.trim() === '' ? null : JSON.parse(line)
    return isObject(message) && message.return !== undefined ? [message.return] : []
  })
  return replies.slice(1, 1 + commands.length)
}

// Every `if` of the schema is taken for true.
const introspect = `
import sys, json
sys.path.insert(0, sys.argv[1] + '/scripts')
from qapi.schema import QAPISchema
from qapi import introspect
plain = lambda v: plain(v.value) if isinstance(v, introspect.Annotated) else (
  {k: plain(w) for k, w in v.items()} if isinstance(v, dict) else
  [plain(w) for w in v] if isinstance(v, (list, tuple)) else v)
introspect._tree_to_qlit = lambda trees, *rest: print(json.dumps(plain(trees))) or ''
QAPISchema(sys.argv[1] + '/qapi/qapi-schema.json').visit(introspect.QAPISchemaGenIntrospectVisitor('x', False))
`

function write(release: string, schema: readonly SchemaEntry[], parameters: Members): void {
  const flat = flatten(pair, release)
  const commands = [...flat.rows.flatMap(({ cause }) => (cause?.kind === 'command' ? [cause.name] : []))]
  const events = flat.rows.flatMap(row => row.outputs.flatMap(output => (output.kind === 'event' ? [output.name] : [])))
  const names = new Set([...commands, ...flat.queries.map(({ command }) => command), ...besides, ...events])
  const entries = pruned(schema, names).map(entry => `    ${JSON.stringify(entry)}`)
  const given = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1))
  const values = given.map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  writeFileSync(
    fileOf(release),
    `{\n  "schema": [\n${entries.join(',\n')}\n  ],\n  "parameters": {\n${values.join(',\n')}\n  }\n}\n`,
  )
  console.log(`${release}: ${entries.length} entries, ${values.length} parameters`)
}

const [option, dir = '', release = ''] = process.argv.slice(2)
if (option === '--source') {
  const text = execFileSync('python3', ['-c', introspect, dir], { encoding: 'utf8', maxBuffer: 1 << 26 })
  const schema = JSON.parse(text) as SchemaEntry[]
  const known = versions
    .filter(one => one !== release && existsSync(fileOf(one)))
    .map(one => JSON.parse(readFileSync(fileOf(one), 'utf8')).parameters as Members)
  const answers = schema.find(({ name }) => name === 'query-migrate-parameters')?.['ret-type']
  const members = schema.find(({ name }) => name === answers)?.members
  const names = (Array.isArray(members) ? (members as Members[]) : []).map(({ name }) => String(name))
  const pairs = names.flatMap(name => known.flatMap(one => (one[name] === undefined ? [] : [[name, one[name]]])))
  write(release, schema, Object.fromEntries(pairs) as Members)
} else {
  for (const { path, version } of findQemus()) {
    const of = profileOf(version)
    const [schema, parameters] = ask(path, 'query-qmp-schema', 'query-migrate-parameters')
    if (of !== undefined) write(of, schema as unknown as SchemaEntry[], parameters as Members)
  }
}
