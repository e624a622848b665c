/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of the runtime's structs that mapprobe knows where they are: the one list that struct
 * gobin_layout, the table of releases (layout_table.c, by the script layouts) and the DWARF reader
 * follow from.
 *
 *	F(member of struct gobin_layout, type in DWARF, field in the type)
 *
 * Both type and field may list alternatives, for names that have changed, separated by "|"; the
 * first that exists counts. A field of a nested struct is outer.inner. A final "#" asks for the
 * size in bytes instead of the offset: of a field ("nelems#"), or of the type itself ("#").
 */
#ifndef MAPPROBE_GOBIN_FIELDS_H
#define MAPPROBE_GOBIN_FIELDS_H

/* runtime/runtime2.go */
#define GOBIN_FIELDS_SCHED(F)                                                                      \
	F(g_size, "runtime.g", "#")                                                                \
	F(g_stack_lo, "runtime.g", "stack.lo")                                                     \
	F(g_stack_hi, "runtime.g", "stack.hi")                                                     \
	F(g_panic, "runtime.g", "_panic")                                                          \
	F(g_m, "runtime.g", "m")                                                                   \
	F(g_sched_sp, "runtime.g", "sched.sp")                                                     \
	F(g_sched_pc, "runtime.g", "sched.pc")                                                     \
	F(g_sched_bp, "runtime.g", "sched.bp")                                                     \
	F(g_syscallsp, "runtime.g", "syscallsp")                                                   \
	F(g_syscallpc, "runtime.g", "syscallpc")                                                   \
	F(g_syscallbp, "runtime.g", "syscallbp")                                                   \
	F(g_param, "runtime.g", "param")                                                           \
	F(g_atomicstatus, "runtime.g", "atomicstatus")                                             \
	F(g_goid, "runtime.g", "goid")                                                             \
	F(g_waitsince, "runtime.g", "waitsince")                                                   \
	F(g_waitreason, "runtime.g", "waitreason")                                                 \
	F(g_in_mark_assist, "runtime.g", "inMarkAssist")                                           \
	F(g_lockedm, "runtime.g", "lockedm")                                                       \
	F(g_sig, "runtime.g", "sig")                                                               \
	F(g_sigcode0, "runtime.g", "sigcode0")                                                     \
	F(g_sigcode1, "runtime.g", "sigcode1")                                                     \
	F(g_sigpc, "runtime.g", "sigpc")                                                           \
	F(g_parent_goid, "runtime.g", "parentGoid")                                                \
	F(g_gopc, "runtime.g", "gopc")                                                             \
	F(g_startpc, "runtime.g", "startpc")                                                       \
	F(g_waiting, "runtime.g", "waiting")                                                       \
	F(g_labels, "runtime.g", "labels")                                                         \
	F(g_gc_assist_bytes, "runtime.g", "gcAssistBytes")                                         \
	F(m_size, "runtime.m", "#")                                                                \
	F(m_g0, "runtime.m", "g0")                                                                 \
	F(m_procid, "runtime.m", "procid")                                                         \
	F(m_gsignal, "runtime.m", "gsignal")                                                       \
	F(m_tls, "runtime.m", "tls")                                                               \
	F(m_curg, "runtime.m", "curg")                                                             \
	F(m_caughtsig, "runtime.m", "caughtsig")                                                   \
	F(m_p, "runtime.m", "p")                                                                   \
	F(m_id, "runtime.m", "id")                                                                 \
	F(m_mallocing, "runtime.m", "mallocing")                                                   \
	F(m_throwing, "runtime.m", "throwing")                                                     \
	F(m_preemptoff, "runtime.m", "preemptoff")                                                 \
	F(m_locks, "runtime.m", "locks")                                                           \
	F(m_dying, "runtime.m", "dying")                                                           \
	F(m_spinning, "runtime.m", "spinning")                                                     \
	F(m_blocked, "runtime.m", "blocked")                                                       \
	F(m_incgo, "runtime.m", "incgo")                                                           \
	F(m_isextra, "runtime.m", "isextra")                                                       \
	F(m_ncgocall, "runtime.m", "ncgocall")                                                     \
	F(m_ncgo, "runtime.m", "ncgo")                                                             \
	F(m_alllink, "runtime.m", "alllink")                                                       \
	F(m_lockedg, "runtime.m", "lockedg")                                                       \
	F(m_lock_profile, "runtime.m", "mLockProfile")                                             \
	F(m_lock_profile_wait_time, "runtime.m", "mLockProfile.waitTime")                          \
	F(m_vdso_sp, "runtime.m", "vdsoSP")                                                        \
	F(p_size, "runtime.p", "#")                                                                \
	F(p_id, "runtime.p", "id")                                                                 \
	F(p_status, "runtime.p", "status")                                                         \
	F(p_schedtick, "runtime.p", "schedtick")                                                   \
	F(p_m, "runtime.p", "m")                                                                   \
	F(p_mcache, "runtime.p", "mcache")                                                         \
	F(p_runqhead, "runtime.p", "runqhead")                                                     \
	F(p_runqtail, "runtime.p", "runqtail")                                                     \
	F(p_runnext, "runtime.p", "runnext")                                                       \
	F(p_gc_assist_time, "runtime.p", "gcAssistTime")                                           \
	F(p_gc_fractional_mark_time, "runtime.p", "gcFractionalMarkTime")                          \
	F(p_gc_mark_worker_mode, "runtime.p", "gcMarkWorkerMode")                                  \
	F(p_gc_mark_worker_start_time, "runtime.p", "gcMarkWorkerStartTime")                       \
	F(p_gc_stop_time, "runtime.p", "gcStopTime")                                               \
	F(sched_size, "runtime.schedt", "#")                                                       \
	F(sched_lastpoll, "runtime.schedt", "lastpoll")                                            \
	F(sched_nmidle, "runtime.schedt", "nmidle")                                                \
	F(sched_mnext, "runtime.schedt", "mnext")                                                  \
	F(sched_nmsys, "runtime.schedt", "nmsys")                                                  \
	F(sched_nmfreed, "runtime.schedt", "nmfreed")                                              \
	F(sched_ngsys, "runtime.schedt", "ngsys")                                                  \
	F(sched_npidle, "runtime.schedt", "npidle")                                                \
	F(sched_nmspinning, "runtime.schedt", "nmspinning")                                        \
	F(sched_runqsize, "runtime.schedt", "runqsize|runq.size")                                  \
	F(sched_gcwaiting, "runtime.schedt", "gcwaiting")                                          \
	F(sched_stopwait, "runtime.schedt", "stopwait")                                            \
	F(sched_sysmonwait, "runtime.schedt", "sysmonwait")                                        \
	F(sched_procresizetime, "runtime.schedt", "procresizetime")                                \
	F(sched_totaltime, "runtime.schedt", "totaltime")                                          \
	F(sched_time_to_run, "runtime.schedt", "timeToRun")                                        \
	F(sched_idle_time, "runtime.schedt", "idleTime")                                           \
	F(sched_total_mutex_wait_time, "runtime.schedt", "totalMutexWaitTime")                     \
	F(sched_stw_stopping_time_gc, "runtime.schedt", "stwStoppingTimeGC")                       \
	F(sched_stw_stopping_time_other, "runtime.schedt", "stwStoppingTimeOther")                 \
	F(sched_stw_total_time_gc, "runtime.schedt", "stwTotalTimeGC")                             \
	F(sched_stw_total_time_other, "runtime.schedt", "stwTotalTimeOther")                       \
	F(sched_total_runtime_lock_wait_time, "runtime.schedt", "totalRuntimeLockWaitTime")        \
	F(time_histogram_size, "runtime.timeHistogram", "#")                                       \
	F(time_histogram_counts, "runtime.timeHistogram", "counts")                                \
	F(time_histogram_underflow, "runtime.timeHistogram", "underflow")                          \
	F(time_histogram_overflow, "runtime.timeHistogram", "overflow")                            \
	F(panic_arg, "runtime._panic", "arg")                                                      \
	F(panic_link, "runtime._panic", "link")                                                    \
	F(panic_recovered, "runtime._panic", "recovered")                                          \
	F(panic_goexit, "runtime._panic", "goexit")                                                \
	F(sudog_size, "runtime.sudog", "#")                                                        \
	F(sudog_g, "runtime.sudog", "g")                                                           \
	F(sudog_next, "runtime.sudog", "next")                                                     \
	F(sudog_prev, "runtime.sudog", "prev")                                                     \
	F(sudog_elem, "runtime.sudog", "elem")                                                     \
	F(sudog_acquiretime, "runtime.sudog", "acquiretime")                                       \
	F(sudog_releasetime, "runtime.sudog", "releasetime")                                       \
	F(sudog_ticket, "runtime.sudog", "ticket")                                                 \
	F(sudog_is_select, "runtime.sudog", "isSelect")                                            \
	F(sudog_parent, "runtime.sudog", "parent")                                                 \
	F(sudog_waitlink, "runtime.sudog", "waitlink")                                             \
	F(sudog_waittail, "runtime.sudog", "waittail")                                             \
	F(sudog_c, "runtime.sudog", "c")                                                           \
	F(sema_root_size, "runtime.semaRoot", "#")                                                 \
	F(sema_root_treap, "runtime.semaRoot", "treap")                                            \
	F(sema_root_nwait, "runtime.semaRoot", "nwait")

/*
 * Classic maps: runtime/map.go, up to 1.23 and with noswissmap; Swiss maps:
 * internal/runtime/maps/map.go and table.go; internal/abi/map*.go (runtime/type.go up to 1.20).
 */
#define GOBIN_MAP_TYPE                                                                             \
	"internal/abi.MapType|internal/abi.SwissMapType|internal/abi.OldMapType|runtime.maptype"

#define GOBIN_FIELDS_MAP(F)                                                                        \
	F(hmap_size, "runtime.hmap", "#")                                                          \
	F(hmap_count, "runtime.hmap", "count")                                                     \
	F(hmap_flags, "runtime.hmap", "flags")                                                     \
	F(hmap_b, "runtime.hmap", "B")                                                             \
	F(hmap_noverflow, "runtime.hmap", "noverflow")                                             \
	F(hmap_hash0, "runtime.hmap", "hash0")                                                     \
	F(hmap_buckets, "runtime.hmap", "buckets")                                                 \
	F(hmap_oldbuckets, "runtime.hmap", "oldbuckets")                                           \
	F(hmap_nevacuate, "runtime.hmap", "nevacuate")                                             \
	F(map_size, "internal/runtime/maps.Map", "#")                                              \
	F(map_used, "internal/runtime/maps.Map", "used")                                           \
	F(map_seed, "internal/runtime/maps.Map", "seed")                                           \
	F(map_dirptr, "internal/runtime/maps.Map", "dirPtr")                                       \
	F(map_dirlen, "internal/runtime/maps.Map", "dirLen")                                       \
	F(map_global_depth, "internal/runtime/maps.Map", "globalDepth")                            \
	F(map_global_shift, "internal/runtime/maps.Map", "globalShift")                            \
	F(map_writing, "internal/runtime/maps.Map", "writing")                                     \
	F(map_clear_seq, "internal/runtime/maps.Map", "clearSeq")                                  \
	F(table_size, "internal/runtime/maps.table", "#")                                          \
	F(table_used, "internal/runtime/maps.table", "used")                                       \
	F(table_capacity, "internal/runtime/maps.table", "capacity")                               \
	F(table_growth_left, "internal/runtime/maps.table", "growthLeft")                          \
	F(table_local_depth, "internal/runtime/maps.table", "localDepth")                          \
	F(table_index, "internal/runtime/maps.table", "index")                                     \
	F(table_groups_data, "internal/runtime/maps.table", "groups.data")                         \
	F(table_groups_length_mask, "internal/runtime/maps.table", "groups.lengthMask")            \
	F(maptype_key, GOBIN_MAP_TYPE, "Key|key")                                                  \
	F(maptype_elem, GOBIN_MAP_TYPE, "Elem|elem")                                               \
	F(maptype_bucket, GOBIN_MAP_TYPE, "Bucket|bucket")                                         \
	F(maptype_key_size, GOBIN_MAP_TYPE, "KeySize|keysize")                                     \
	F(maptype_value_size, GOBIN_MAP_TYPE, "ValueSize|elemsize")                                \
	F(maptype_bucket_size, GOBIN_MAP_TYPE, "BucketSize|bucketsize")                            \
	F(maptype_flags, GOBIN_MAP_TYPE, "Flags|flags")                                            \
	F(maptype_group, GOBIN_MAP_TYPE, "Group")                                                  \
	F(maptype_group_size, GOBIN_MAP_TYPE, "GroupSize")                                         \
	F(maptype_slot_size, GOBIN_MAP_TYPE, "SlotSize")                                           \
	F(maptype_elem_off, GOBIN_MAP_TYPE, "ElemOff")                                             \
	F(maptype_keys_off, GOBIN_MAP_TYPE, "KeysOff")                                             \
	F(maptype_key_stride, GOBIN_MAP_TYPE, "KeyStride")                                         \
	F(maptype_elems_off, GOBIN_MAP_TYPE, "ElemsOff")                                           \
	F(maptype_elem_stride, GOBIN_MAP_TYPE, "ElemStride")

/* runtime/mheap.go, mcache.go, mprof.go, mgc.go, mgcpacer.go, mstats.go */
#define GOBIN_FIELDS_MEMORY(F)                                                                     \
	F(mspan_next, "runtime.mspan", "next")                                                     \
	F(mspan_start_addr, "runtime.mspan", "startAddr")                                          \
	F(mspan_npages, "runtime.mspan", "npages")                                                 \
	F(mspan_freeindex, "runtime.mspan", "freeindex")                                           \
	F(mspan_freeindex_size, "runtime.mspan", "freeindex#")                                     \
	F(mspan_nelems, "runtime.mspan", "nelems")                                                 \
	F(mspan_nelems_size, "runtime.mspan", "nelems#")                                           \
	F(mspan_alloc_cache, "runtime.mspan", "allocCache")                                        \
	F(mspan_alloc_bits, "runtime.mspan", "allocBits")                                          \
	F(mspan_gcmark_bits, "runtime.mspan", "gcmarkBits")                                        \
	F(mspan_sweepgen, "runtime.mspan", "sweepgen")                                             \
	F(mspan_alloc_count, "runtime.mspan", "allocCount")                                        \
	F(mspan_spanclass, "runtime.mspan", "spanclass")                                           \
	F(mspan_state, "runtime.mspan", "state")                                                   \
	F(mspan_elemsize, "runtime.mspan", "elemsize")                                             \
	F(mspan_limit, "runtime.mspan", "limit")                                                   \
	F(mspan_specials, "runtime.mspan", "specials")                                             \
	F(mspan_large_type, "runtime.mspan", "largeType")                                          \
	F(mheap_sweepgen, "runtime.mheap", "sweepgen")                                             \
	F(mheap_allspans, "runtime.mheap", "allspans")                                             \
	F(mheap_pages_in_use, "runtime.mheap", "pagesInUse")                                       \
	F(mheap_arenas, "runtime.mheap", "arenas")                                                 \
	F(mheap_central, "runtime.mheap", "central")                                               \
	F(mcache_size, "runtime.mcache", "#")                                                      \
	F(mcache_next_sample, "runtime.mcache", "nextSample")                                      \
	F(mcache_mem_prof_rate, "runtime.mcache", "memProfRate")                                   \
	F(mcache_scan_alloc, "runtime.mcache", "scanAlloc")                                        \
	F(mcache_tiny, "runtime.mcache", "tiny")                                                   \
	F(mcache_tiny_allocs, "runtime.mcache", "tinyAllocs")                                      \
	F(mcache_alloc, "runtime.mcache", "alloc")                                                 \
	F(mcache_flush_gen, "runtime.mcache", "flushGen")                                          \
	F(special_size, "runtime.special", "#")                                                    \
	F(special_next, "runtime.special", "next")                                                 \
	F(special_offset, "runtime.special", "offset")                                             \
	F(special_offset_size, "runtime.special", "offset#")                                       \
	F(special_kind, "runtime.special", "kind")                                                 \
	F(specialprofile_size, "runtime.specialprofile", "#")                                      \
	F(specialprofile_b, "runtime.specialprofile", "b")                                         \
	F(bucket_size, "runtime.bucket", "#")                                                      \
	F(bucket_allnext, "runtime.bucket", "allnext")                                             \
	F(bucket_typ, "runtime.bucket", "typ")                                                     \
	F(bucket_alloc_size, "runtime.bucket", "size")                                             \
	F(bucket_nstk, "runtime.bucket", "nstk")                                                   \
	F(mem_record_size, "runtime.memRecord", "#")                                               \
	F(mem_record_active, "runtime.memRecord", "active")                                        \
	F(mem_record_future, "runtime.memRecord", "future")                                        \
	F(mem_record_cycle_size, "runtime.memRecordCycle", "#")                                    \
	F(mem_record_cycle_allocs, "runtime.memRecordCycle", "allocs")                             \
	F(mem_record_cycle_frees, "runtime.memRecordCycle", "frees")                               \
	F(mem_record_cycle_alloc_bytes, "runtime.memRecordCycle", "alloc_bytes")                   \
	F(mem_record_cycle_free_bytes, "runtime.memRecordCycle", "free_bytes")                     \
	F(block_record_size, "runtime.blockRecord", "#")                                           \
	F(block_record_count, "runtime.blockRecord", "count")                                      \
	F(block_record_cycles, "runtime.blockRecord", "cycles")

#define GOBIN_FIELDS_GC(F)                                                                         \
	F(work_nproc, "runtime.work", "nproc")                                                     \
	F(work_nwait, "runtime.work", "nwait")                                                     \
	F(work_tstart, "runtime.work", "tstart")                                                   \
	F(work_bytes_marked, "runtime.work", "bytesMarked")                                        \
	F(work_start_sema, "runtime.work", "startSema")                                            \
	F(work_mark_done_sema, "runtime.work", "markDoneSema")                                     \
	F(work_mode, "runtime.work", "mode")                                                       \
	F(work_user_forced, "runtime.work", "userForced")                                          \
	F(work_totaltime, "runtime.work", "totaltime")                                             \
	F(work_initial_heap_live, "runtime.work", "initialHeapLive")                               \
	F(work_cycles, "runtime.work", "cycles")                                                   \
	F(work_stwprocs, "runtime.work", "stwprocs")                                               \
	F(work_maxprocs, "runtime.work", "maxprocs")                                               \
	F(work_t_sweep_term, "runtime.work", "tSweepTerm")                                         \
	F(work_t_mark, "runtime.work", "tMark")                                                    \
	F(work_t_mark_term, "runtime.work", "tMarkTerm")                                           \
	F(work_t_end, "runtime.work", "tEnd")                                                      \
	F(work_pause_ns, "runtime.work", "pauseNS")                                                \
	F(work_pause_start, "runtime.work", "pauseStart")                                          \
	F(work_heap0, "runtime.work", "heap0")                                                     \
	F(work_heap1, "runtime.work", "heap1")                                                     \
	F(work_heap2, "runtime.work", "heap2")                                                     \
	F(work_heap_goal, "runtime.work", "heapGoal")                                              \
	F(work_cpu_stats, "runtime.work", "cpuStats")                                              \
	F(gc_percent, "runtime.gcControllerState", "gcPercent")                                    \
	F(gc_memory_limit, "runtime.gcControllerState", "memoryLimit")                             \
	F(gc_heap_minimum, "runtime.gcControllerState", "heapMinimum")                             \
	F(gc_trigger, "runtime.gcControllerState", "trigger")                                      \
	F(gc_triggered, "runtime.gcControllerState", "triggered")                                  \
	F(gc_heap_goal, "runtime.gcControllerState", "heapGoal")                                   \
	F(gc_percent_heap_goal, "runtime.gcControllerState", "gcPercentHeapGoal")                  \
	F(gc_last_heap_goal, "runtime.gcControllerState", "lastHeapGoal")                          \
	F(gc_heap_live, "runtime.gcControllerState", "heapLive")                                   \
	F(gc_heap_scan, "runtime.gcControllerState", "heapScan")                                   \
	F(gc_last_heap_scan, "runtime.gcControllerState", "lastHeapScan")                          \
	F(gc_stack_scan, "runtime.gcControllerState", "stackScan")                                 \
	F(gc_last_stack_scan, "runtime.gcControllerState", "lastStackScan")                        \
	F(gc_max_stack_scan, "runtime.gcControllerState", "maxStackScan")                          \
	F(gc_globals_scan, "runtime.gcControllerState", "globalsScan")                             \
	F(gc_heap_marked, "runtime.gcControllerState", "heapMarked")                               \
	F(gc_heap_scan_work, "runtime.gcControllerState", "heapScanWork|scanWork")                 \
	F(gc_bg_scan_credit, "runtime.gcControllerState", "bgScanCredit")                          \
	F(gc_assist_time, "runtime.gcControllerState", "assistTime")                               \
	F(gc_dedicated_mark_time, "runtime.gcControllerState", "dedicatedMarkTime")                \
	F(gc_fractional_mark_time, "runtime.gcControllerState", "fractionalMarkTime")              \
	F(gc_idle_mark_time, "runtime.gcControllerState", "idleMarkTime")                          \
	F(gc_mark_start_time, "runtime.gcControllerState", "markStartTime")                        \
	F(gc_assist_work_per_byte, "runtime.gcControllerState", "assistWorkPerByte")               \
	F(gc_heap_in_use, "runtime.gcControllerState", "heapInUse")                                \
	F(gc_heap_released, "runtime.gcControllerState", "heapReleased")                           \
	F(gc_heap_free, "runtime.gcControllerState", "heapFree")                                   \
	F(gc_total_alloc, "runtime.gcControllerState", "totalAlloc")                               \
	F(gc_total_free, "runtime.gcControllerState", "totalFree")                                 \
	F(gc_mapped_ready, "runtime.gcControllerState", "mappedReady")                             \
	F(mstats_heap_stats, "runtime.mstats", "heapStats")                                        \
	F(mstats_stacks_sys, "runtime.mstats", "stacks_sys")                                       \
	F(mstats_gc_misc_sys, "runtime.mstats", "gcMiscSys")                                       \
	F(mstats_last_gc_unix, "runtime.mstats", "last_gc_unix")                                   \
	F(mstats_last_gc_nanotime, "runtime.mstats", "last_gc_nanotime")                           \
	F(mstats_pause_total_ns, "runtime.mstats", "pause_total_ns")                               \
	F(mstats_pause_ns, "runtime.mstats", "pause_ns")                                           \
	F(mstats_pause_end, "runtime.mstats", "pause_end")                                         \
	F(mstats_numgc, "runtime.mstats", "numgc")                                                 \
	F(mstats_numforcedgc, "runtime.mstats", "numforcedgc")                                     \
	F(mstats_gc_cpu_fraction, "runtime.mstats", "gc_cpu_fraction")                             \
	F(mstats_enablegc, "runtime.mstats", "enablegc")                                           \
	F(heap_stats_delta_size, "runtime.heapStatsDelta", "#")                                    \
	F(heap_stats_large_alloc, "runtime.heapStatsDelta", "largeAlloc")                          \
	F(heap_stats_large_alloc_count, "runtime.heapStatsDelta", "largeAllocCount")               \
	F(heap_stats_small_alloc_count, "runtime.heapStatsDelta", "smallAllocCount")               \
	F(heap_stats_large_free, "runtime.heapStatsDelta", "largeFree")                            \
	F(heap_stats_large_free_count, "runtime.heapStatsDelta", "largeFreeCount")                 \
	F(heap_stats_small_free_count, "runtime.heapStatsDelta", "smallFreeCount")

/* What the linker writes: runtime/symtab.go, runtime2.go (_func), symtabinl.go (inlinedCall). */
#define GOBIN_FIELDS_LINKER(F)                                                                     \
	F(pcheader_nfunc, "runtime.pcHeader", "nfunc")                                             \
	F(pcheader_funcname_offset, "runtime.pcHeader", "funcnameOffset")                          \
	F(functab_size, "runtime.functab", "#")                                                    \
	F(func_name, "runtime._func", "nameOff|nameoff")                                           \
	F(func_pcsp, "runtime._func", "pcsp")                                                      \
	F(func_pcfile, "runtime._func", "pcfile")                                                  \
	F(func_pcln, "runtime._func", "pcln")                                                      \
	F(func_npcdata, "runtime._func", "npcdata")                                                \
	F(func_cu, "runtime._func", "cuOffset")                                                    \
	F(func_start_line, "runtime._func", "startLine")                                           \
	F(func_nfuncdata, "runtime._func", "nfuncdata")                                            \
	F(inlined_size, "runtime.inlinedCall", "#")                                                \
	F(inlined_name, "runtime.inlinedCall", "nameOff|func_")                                    \
	F(inlined_parent_pc, "runtime.inlinedCall", "parentPc")                                    \
	F(inlined_start_line, "runtime.inlinedCall", "startLine")                                  \
	F(moduledata_size, "runtime.moduledata", "#")                                              \
	F(moduledata_pcheader, "runtime.moduledata", "pcHeader")                                   \
	F(moduledata_funcnametab, "runtime.moduledata", "funcnametab")                             \
	F(moduledata_pclntable, "runtime.moduledata", "pclntable")                                 \
	F(moduledata_ftab, "runtime.moduledata", "ftab")                                           \
	F(moduledata_text, "runtime.moduledata", "text")                                           \
	F(moduledata_etext, "runtime.moduledata", "etext")                                         \
	F(moduledata_noptrdata, "runtime.moduledata", "noptrdata")                                 \
	F(moduledata_data, "runtime.moduledata", "data")                                           \
	F(moduledata_bss, "runtime.moduledata", "bss")                                             \
	F(moduledata_noptrbss, "runtime.moduledata", "noptrbss")                                   \
	F(moduledata_end, "runtime.moduledata", "end")                                             \
	F(moduledata_types, "runtime.moduledata", "types")                                         \
	F(moduledata_etypes, "runtime.moduledata", "etypes")                                       \
	F(moduledata_rodata, "runtime.moduledata", "rodata")                                       \
	F(moduledata_gofunc, "runtime.moduledata", "gofunc")                                       \
	F(moduledata_next, "runtime.moduledata", "next")

#define GOBIN_FIELDS(F)                                                                            \
	GOBIN_FIELDS_SCHED(F)                                                                      \
	GOBIN_FIELDS_MAP(F)                                                                        \
	GOBIN_FIELDS_MEMORY(F)                                                                     \
	GOBIN_FIELDS_GC(F)                                                                         \
	GOBIN_FIELDS_LINKER(F)

#endif
