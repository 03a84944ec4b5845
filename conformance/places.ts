/** What the placeholders of scripts stand for on a stage: see spec/script.ts. */
import { parseAddress } from './address.ts'
import type { Json } from './json.ts'
import type { Stage } from './stage.ts'
import type { Side } from './transcript.ts'

/** An address as `migrate` and `migrate-incoming` want it in `channels`. */
function channels(uri: string): Json {
  const address = parseAddress(uri)
  const place =
    'path' in address
      ? { type: 'unix', path: address.path }
      : { type: 'inet', host: address.host, port: String(address.port) }
  return [{ 'channel-type': 'main', addr: { transport: 'socket', ...place } }]
}

/** Puts what they stand for in place of placeholders, for a command to one side. */
export function fill(value: Json, stage: Stage, side: Side): Json {
  const uri = () => (side === 'src' ? (stage.network?.via() ?? stage.uri) : stage.uri)
  const places: { readonly [placeholder: string]: () => Json } = {
    '{uri}': uri,
    '{dead}': () => stage.dead,
    '{other}': () => stage.other ?? stage.uri,
    '{channels}': () => channels(uri()),
    '{dead-channels}': () => channels(stage.dead),
  }
  return JSON.parse(JSON.stringify(value), (_, inner) => {
    if (typeof inner !== 'string') return inner
    return Object.hasOwn(places, inner) ? places[inner]?.() : inner.replaceAll('{dir}', stage.dir ?? '{dir}')
  })
}
