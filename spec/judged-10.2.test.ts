/** Every system and every claim under QEMU 10.2. */
import { judging } from '../conformance/judging.ts'

judging('10.2')
