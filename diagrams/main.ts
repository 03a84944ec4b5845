/** `node diagrams/main.ts [--check] [--svg [--all]]`: prints, checks, or draws what is in this folder. */
import { checkAll, drawEverything, writeAll } from './draw.ts'
import { renderSvgs } from './svg.ts'

const files = await drawEverything()
const all = process.argv.includes('--all')
if (process.argv.includes('--check')) {
  const found = checkAll(files)
  for (const [kind, names] of Object.entries(found)) for (const name of names) console.error(`${kind}: ${name}`)
  if (Object.values(found).some(names => names.length > 0)) process.exitCode = 1
} else {
  for (const name of writeAll(files)) console.error(`printed ${name}`)
  if (process.argv.includes('--svg'))
    for (const name of await renderSvgs(files, undefined, { all })) console.error(`drew ${name}`)
}
