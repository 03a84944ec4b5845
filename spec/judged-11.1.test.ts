/** Every system and every claim under QEMU 11.1. */
import { judging } from '../conformance/judging.ts'

judging('11.1')
