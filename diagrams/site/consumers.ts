/**
 * What consumers of QMP do with each status.
 *
 * libvirt, read: `src/qemu/qemu_monitor.h` (`qemuMonitorMigrationStatus`),
 * `src/qemu/qemu_migration.c` (`qemuMigrationUpdateJobType`),
 * `src/qemu/qemu_monitor_json.c` (`qemuMonitorJSONGetMigrationStatsReply`) and
 * `src/qemu/qemu_process.c` (`qemuProcessHandleMigrationStatus`).  Proxmox,
 * read: `PVE/QemuMigrate.pm`.  KubeVirt asks libvirt and sees its job.
 */
import type { ConsumerInfo } from './types.ts'

const unknown = {
  libvirt: 'not known',
  reaction: 'The event is dropped with a warning; an answer of query-migrate with it is an error.',
  kubevirt: 'sees nothing of the event; a failed job where libvirt asks',
} as const
const wakes = 'The waiting job looks again.'
const polls = 'waits and asks again'
const dies = 'cannot be parsed: the task ends with an error and cancels'

/** By status, in the order of a migration. */
export const consumers: readonly ConsumerInfo[] = [
  { status: 'none', libvirt: 'INACTIVE', reaction: wakes, proxmox: dies, kubevirt: 'no job' },
  { status: 'setup', libvirt: 'SETUP', reaction: wakes, proxmox: polls, kubevirt: 'a job that runs' },
  { status: 'wait-unplug', libvirt: 'WAIT_UNPLUG', reaction: wakes, proxmox: polls, kubevirt: 'a job that runs' },
  { status: 'active', libvirt: 'ACTIVE', reaction: wakes, proxmox: 'shows progress', kubevirt: 'a job that runs' },
  {
    status: 'pre-switchover',
    libvirt: 'PRE_SWITCHOVER, a paused job',
    reaction: 'The job ends its disk mirrors and sends migrate-continue.',
    proxmox: dies,
    kubevirt: 'a job that is paused',
  },
  {
    status: 'device',
    libvirt: 'DEVICE, a migrating job',
    reaction: wakes,
    proxmox: 'goes on as in active',
    kubevirt: 'a job that runs',
  },
  { status: 'postcopy-device', proxmox: dies, ...unknown },
  {
    status: 'postcopy-active',
    libvirt: 'POSTCOPY, a postcopy job',
    reaction: 'A source that a migration has paused is marked as paused for postcopy, and says so.',
    proxmox: dies,
    kubevirt: 'a postcopy job',
  },
  {
    status: 'postcopy-paused',
    libvirt: 'POSTCOPY_PAUSED',
    reaction: 'On the source: marked as failed in postcopy.',
    proxmox: dies,
    kubevirt: 'a failed postcopy job',
  },
  { status: 'postcopy-recover-setup', proxmox: dies, ...unknown },
  {
    status: 'postcopy-recover',
    libvirt: 'POSTCOPY_RECOVER, a postcopy job',
    reaction: 'Either side: no longer failed, and says suspended or resumed for postcopy.',
    proxmox: dies,
    kubevirt: 'a postcopy job',
  },
  {
    status: 'completed',
    libvirt: 'COMPLETED',
    reaction: 'The job ends; nobody attends to it after a restart of libvirt: it is finished then.',
    proxmox: 'ends the loop: the guest is resumed on the target',
    kubevirt: 'a completed job',
  },
  { status: 'failing', proxmox: dies, ...unknown },
  {
    status: 'failed',
    libvirt: 'ERROR, a failed job',
    reaction: 'error-desc of query-migrate becomes the error.',
    proxmox: 'the task ends with error-desc',
    kubevirt: 'a failed job',
  },
  { status: 'cancelling', libvirt: 'CANCELLING', reaction: wakes, proxmox: polls, kubevirt: 'a job that runs' },
  {
    status: 'cancelled',
    libvirt: 'CANCELLED, a cancelled job',
    reaction: wakes,
    proxmox: 'the task ends with an error',
    kubevirt: 'a cancelled job',
  },
  { status: 'colo', proxmox: dies, ...unknown },
]
