/**
 * What the files and functions that rules cite were called in older releases.
 *
 * Rules cite in the words of the newest release that has them.  A line for a
 * function goes before the line for its file.  `until` is the last release
 * with the old name, or the last of those here where we did not look further.
 */

/** One file, or one function of a file, under the name it has now and one it had then. */
export interface Moved {
  readonly now: string
  readonly was: string
  readonly until: string
}

/** Old names. */
export const moved: readonly Moved[] = [
  { now: 'system/cpus.c', was: 'softmmu/cpus.c', until: '8.1' },
  { now: 'system/main.c', was: 'softmmu/main.c', until: '8.1' },
  { now: 'system/memory.c', was: 'softmmu/memory.c', until: '8.1' },
  { now: 'system/memory_mapping.c', was: 'softmmu/memory_mapping.c', until: '8.1' },
  { now: 'system/physmem.c', was: 'softmmu/physmem.c', until: '8.1' },
  { now: 'system/runstate-action.c', was: 'softmmu/runstate-action.c', until: '8.1' },
  { now: 'system/runstate.c', was: 'softmmu/runstate.c', until: '8.1' },
  { now: 'system/vl.c', was: 'softmmu/vl.c', until: '8.1' },
  { now: 'gdbstub/system.c:gdb_chr_event', was: 'gdbstub/gdbstub.c:gdb_chr_event', until: '7.2' },
  { now: 'gdbstub/system.c:gdb_continue', was: 'gdbstub/gdbstub.c:gdb_continue', until: '7.2' },
  {
    now: 'hw/core/machine-qmp-cmds.c:qmp_system_powerdown',
    was: 'monitor/qmp-cmds.c:qmp_system_powerdown',
    until: '7.2',
  },
  { now: 'hw/core/machine-qmp-cmds.c:qmp_system_reset', was: 'monitor/qmp-cmds.c:qmp_system_reset', until: '7.2' },
  { now: 'hw/core/machine-qmp-cmds.c:qmp_system_wakeup', was: 'monitor/qmp-cmds.c:qmp_system_wakeup', until: '7.2' },
  { now: 'migration/channel.c:migrate_uri_parse', was: 'migration/migration.c:migrate_uri_parse', until: '10.2' },
  {
    now: 'migration/channel.c:migration_channel_identify',
    was: 'migration/migration.c:migration_ioc_process_incoming',
    until: '10.2',
  },
  {
    now: 'migration/channel.c:migration_channel_parse_input',
    was: 'migration/migration.c:migrate_uri_parse',
    until: '10.2',
  },
  { now: 'migration/colo.c:colo_checkpoint_delay_set', was: 'migration/colo.c:colo_checkpoint_notify', until: '7.2' },
  {
    now: 'migration/colo.c:colo_checkpoint_notify_timer',
    was: 'migration/colo.c:colo_checkpoint_notify',
    until: '7.2',
  },
  {
    now: 'migration/colo.c:colo_incoming_co',
    was: 'migration/migration.c:process_incoming_migration_co',
    until: '7.2',
  },
  {
    now: 'migration/exec.c:exec_connect_outgoing',
    was: 'migration/exec.c:exec_start_outgoing_migration',
    until: '10.2',
  },
  { now: 'migration/file.c:file_connect_outgoing', was: 'migration/fd.c:fd_start_outgoing_migration', until: '8.1' },
  {
    now: 'migration/file.c:file_connect_outgoing',
    was: 'migration/file.c:file_start_outgoing_migration',
    until: '10.2',
  },
  { now: 'migration/migration.c:is_busy', was: 'migration/migration.c:migrate_add_blocker_internal', until: '7.2' },
  { now: 'migration/migration.c:migration_cleanup', was: 'migration/migration.c:migrate_fd_cleanup', until: '7.2' },
  {
    now: 'migration/migration.c:migration_completion_end',
    was: 'migration/migration.c:migration_completion',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:migration_completion_precopy',
    was: 'migration/migration.c:migration_completion',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:migration_connect_error_propagate',
    was: 'migration/migration.c:migrate_fd_error',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:migration_connect_error_propagate',
    was: 'migration/migration.c:migration_connect_set_error',
    until: '10.2',
  },
  {
    now: 'migration/migration.c:migration_connect_set_error',
    was: 'migration/migration.c:migrate_fd_error',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:migration_start_outgoing',
    was: 'migration/migration.c:migrate_fd_connect',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:migration_start_outgoing',
    was: 'migration/migration.c:migration_connect',
    until: '10.2',
  },
  { now: 'migration/migration.c:migration_stop_vm', was: 'migration/migration.c:bg_migration_thread', until: '7.2' },
  {
    now: 'migration/migration.c:migration_switchover_prepare',
    was: 'migration/migration.c:migration_maybe_pause',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:stop_return_path_thread_on_source',
    was: 'migration/migration.c:await_return_path_close_on_source',
    until: '7.2',
  },
  {
    now: 'migration/migration.c:stop_return_path_thread_on_source',
    was: 'migration/migration.c:close_return_path_on_source',
    until: '10.2',
  },
  {
    now: 'migration/multifd.c:multifd_send_error_propagate',
    was: 'migration/multifd.c:multifd_send_terminate_threads',
    until: '7.2',
  },
  {
    now: 'migration/multifd.c:multifd_send_error_propagate',
    was: 'migration/multifd.c:multifd_send_set_error',
    until: '10.2',
  },
  {
    now: 'migration/multifd.c:multifd_send_set_error',
    was: 'migration/multifd.c:multifd_send_terminate_threads',
    until: '7.2',
  },
  { now: 'migration/options.c:migrate_caps_check', was: 'migration/migration.c:migrate_caps_check', until: '7.2' },
  { now: 'migration/options.c:migrate_params_check', was: 'migration/migration.c:migrate_params_check', until: '7.2' },
  {
    now: 'migration/options.c:migrate_query_write_tracking',
    was: 'migration/migration.c:migrate_query_write_tracking',
    until: '7.2',
  },
  {
    now: 'migration/options.c:qmp_migrate_set_capabilities',
    was: 'migration/migration.c:qmp_migrate_set_capabilities',
    until: '7.2',
  },
  {
    now: 'migration/options.c:qmp_migrate_set_parameters',
    was: 'migration/migration.c:qmp_migrate_set_parameters',
    until: '7.2',
  },
  {
    now: 'migration/options.c:qmp_query_migrate_capabilities',
    was: 'migration/migration.c:qmp_query_migrate_capabilities',
    until: '7.2',
  },
  {
    now: 'migration/options.c:qmp_query_migrate_parameters',
    was: 'migration/migration.c:qmp_query_migrate_parameters',
    until: '7.2',
  },
  {
    now: 'migration/postcopy-ram.c:postcopy_listen_thread',
    was: 'migration/savevm.c:postcopy_ram_listen_thread',
    until: '10.0',
  },
  { now: 'migration/savevm.c:load_snapshot_resume', was: 'migration/savevm.c:snapshot_load_job_bh', until: '7.2' },
  {
    now: 'migration/savevm.c:qemu_savevm_state_do_setup',
    was: 'migration/savevm.c:qemu_savevm_state_setup',
    until: '10.2',
  },
  {
    now: 'migration/socket.c:socket_connect_incoming',
    was: 'migration/socket.c:socket_start_incoming_migration',
    until: '10.2',
  },
  {
    now: 'migration/socket.c:socket_connect_outgoing',
    was: 'migration/socket.c:socket_start_outgoing_migration',
    until: '10.2',
  },
  { now: 'system/cpus.c:vm_resume', was: 'softmmu/cpus.c:vm_start', until: '7.2' },
  { now: 'util/event.c:qemu_event_set', was: 'util/qemu-thread-posix.c:qemu_event_set', until: '10.0' },
]
