/** Every system and every claim under QEMU 10.0. */
import { judging } from '../conformance/judging.ts'

judging('10.0')
