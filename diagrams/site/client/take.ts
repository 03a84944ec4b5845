/** A way as text: for a mail, and as Mermaid. */
import type { BeatInfo, Story } from '../types.ts'
import { type Child, data, h } from './dom.ts'

const beatsOf = (story: Story, from: number): (readonly BeatInfo[])[] =>
  story.frames.slice(from).map(number => data.frames[number]?.beats ?? [])

/** A line for each thing that is seen or done. */
export function plainText(story: Story, from = 0): string {
  const who = (side: string): string => story.cast[side] ?? 'both sides'
  const line = ([kind, side, text, to]: BeatInfo): string => {
    switch (kind) {
      case 'command':
        return `-> ${who(side)}: ${text}`
      case 'reply':
      case 'event':
        return `<- ${who(side)}: ${text}`
      case 'message':
      case 'lost':
        return `   ${who(side)} to ${who(to ?? side)}: ${text}${kind === 'lost' ? ' (lost)' : ''}`
      case 'fault':
        return ` ! ${text}`
      default:
        return `   ${who(side)}: ${text.replaceAll('\n', '; ')}`
    }
  }
  const lines = beatsOf(story, from).flatMap((beats, i) =>
    beats.map(beat => `${String(from + i + 1).padStart(3)}  ${line(beat)}`),
  )
  return `${story.title}, QEMU ${story.release}\n\n${lines.join('\n')}\n`
}

/** The same as a sequence diagram in Mermaid. */
export function mermaidText(story: Story, from = 0): string {
  // Mermaid ends a message at a semicolon, and reads # as the begin of an entity.
  const safe = (text: string): string =>
    text.replaceAll('\n', '<br>').replaceAll(/[#;]/g, mark => `#${mark.charCodeAt(0)};`)
  const line = ([kind, side, text, to]: BeatInfo): string => {
    switch (kind) {
      case 'command':
        return `operator->>${side}: ${safe(text)}`
      case 'reply':
      case 'event':
        return `${side}-->>operator: ${safe(text)}`
      case 'message':
      case 'lost':
        return `${side}${kind === 'lost' ? '-x' : '->>'}${to ?? side}: ${safe(text)}`
      default:
        return `Note over ${side === '' ? 'src,dst' : side}: ${safe(text)}`
    }
  }
  const parts = ['operator', ...['src', 'dst'].map(side => `${side} as ${story.cast[side] ?? side}`)]
  return [
    'sequenceDiagram',
    ...parts.map(part => `participant ${part}`),
    ...beatsOf(story, from).flatMap(beats => beats.map(line)),
  ].join('\n  ')
}

/** Both, to be copied or kept as a file. */
export function takeAlong(story: Story, from = 0): Child {
  const box = h('details', { class: 'take' }, h('summary', {}, 'As text, for a mail; as Mermaid, for a page'))
  box.addEventListener('toggle', () => {
    if (box.childElementCount > 1) return
    for (const [name, end, text] of [
      ['Text', 'txt', plainText(story, from)],
      ['Mermaid', 'mmd', mermaidText(story, from)],
    ] as const) {
      const file = `${story.id}.${end}`
      const href = `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`
      box.append(
        h('h3', {}, name, ' ', h('a', { class: 'button', href, download: file }, `Save as ${file}`)),
        h('pre', { tabindex: 0, 'aria-label': name }, text),
      )
    }
  })
  return box
}
