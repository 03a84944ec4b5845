/** Every system and every claim under QEMU 7.2. */
import { judging } from '../conformance/judging.ts'

judging('7.2')
