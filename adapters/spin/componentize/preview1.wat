;; The functions of WASI preview 1 that Go's runtime imports, on WASI 0.2. There are no
;; files, no arguments and no sockets: what Gatehouse needs is environment, clocks,
;; randomness, sleep and standard error.
;;
;; "component new" links this module to the core module: memory is the core module's, and
;; so is cabi_realloc. Memory is taken while Go starts only, when cabi_realloc serves
;; from a static array.
(module
  (import "env" "memory" (memory 0))
  (import "__main_module__" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $get_environment (param i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get_stderr (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic_now (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe_duration (param i64) (result i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall_now (param i32)))
  (import "wasi:io/error@0.2.0" "[resource-drop]error" (func $drop_error (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop_pollable (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write_and_flush (param i32 i32 i32 i32)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $get_random_bytes (param i64 i32)))

  ;; Where the host puts what it returns next; 0: where cabi_realloc says.
  (global $destination (mut i32) (i32.const 0))
  ;; 16 bytes for results; 0 before the first.
  (global $results (mut i32) (i32.const 0))
  ;; The environment: list<tuple<string, string>>.
  (global $variables (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))
  ;; Standard error's output-stream; 0 before the first use.
  (global $stderr (mut i32) (i32.const 0))

  (func (export "cabi_import_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32)
    (result i32)
    (if (result i32) (global.get $destination)
      (then (global.get $destination))
      (else (call $realloc (local.get $old) (local.get $old_size) (local.get $align) (local.get $size)))))

  (func $result (result i32)
    (if (i32.eqz (global.get $results))
      (then (global.set $results (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 16)))))
    (global.get $results))

  ;; An environment entry is address and length of the name, then of the value.

  (func (export "environ_sizes_get") (param $count i32) (param $size i32) (result i32)
    (local $i i32) (local $entry i32) (local $sum i32)
    (call $get_environment (call $result))
    (global.set $variables (i32.load (global.get $results)))
    (global.set $count (i32.load offset=4 (global.get $results)))
    (local.set $entry (global.get $variables))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (global.get $count)))
        ;; name, "=", value, NUL
        (local.set $sum (i32.add (local.get $sum)
          (i32.add (i32.const 2)
            (i32.add (i32.load offset=4 (local.get $entry)) (i32.load offset=12 (local.get $entry))))))
        (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $count) (global.get $count))
    (i32.store (local.get $size) (local.get $sum))
    (i32.const 0))

  (func (export "environ_get") (param $pointers i32) (param $at i32) (result i32)
    (local $i i32) (local $entry i32)
    (local.set $entry (global.get $variables))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (global.get $count)))
        (i32.store (local.get $pointers) (local.get $at))
        (local.set $at (call $append (local.get $at)
          (i32.load (local.get $entry)) (i32.load offset=4 (local.get $entry)) (i32.const 0x3d)))
        (local.set $at (call $append (local.get $at)
          (i32.load offset=8 (local.get $entry)) (i32.load offset=12 (local.get $entry)) (i32.const 0)))
        (local.set $pointers (i32.add (local.get $pointers) (i32.const 4)))
        (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; Writes a text and the byte $last to $at and returns where they end.
  (func $append (param $at i32) (param $text i32) (param $length i32) (param $last i32) (result i32)
    (memory.copy (local.get $at) (local.get $text) (local.get $length))
    (local.set $at (i32.add (local.get $at) (local.get $length)))
    (i32.store8 (local.get $at) (local.get $last))
    (i32.add (local.get $at) (i32.const 1)))

  (func (export "args_sizes_get") (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))

  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))

  ;; Clock 0 is the wall clock, all others are the monotonic one.
  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $time i32) (result i32)
    (if (local.get $id)
      (then (i64.store (local.get $time) (call $monotonic_now)))
      (else
        (call $wall_now (call $result))
        (i64.store (local.get $time)
          (i64.add (i64.mul (i64.load (global.get $results)) (i64.const 1000000000))
            (i64.load32_u offset=8 (global.get $results))))))
    (i32.const 0))

  (func $random (param $at i32) (param $length i32) (result i32)
    (if (local.get $length)
      (then
        (global.set $destination (local.get $at))
        (call $get_random_bytes (i64.extend_i32_u (local.get $length)) (call $result))
        (global.set $destination (i32.const 0))))
    (i32.const 0))
  (export "random_get" (func $random))
  (export "random_get.2" (func $random))

  ;; One subscription, to a clock, for a duration: what Go sleeps with. Others are not
  ;; supported (errno 52, nosys).
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $n i32) (param $events i32) (result i32)
    (local $pollable i32)
    (if (i32.or (i32.ne (local.get $n) (i32.const 1))
          (i32.or (i32.load8_u offset=8 (local.get $in)) (i32.load16_u offset=40 (local.get $in))))
      (then (return (i32.const 52))))
    (local.set $pollable (call $subscribe_duration (i64.load offset=24 (local.get $in))))
    (call $block (local.get $pollable))
    (call $drop_pollable (local.get $pollable))
    (memory.fill (local.get $out) (i32.const 0) (i32.const 32))
    (i64.store (local.get $out) (i64.load (local.get $in)))
    (i32.store (local.get $events) (i32.const 1))
    (i32.const 0))

  ;; Writes to standard output and standard error go to standard error, at most 4096
  ;; bytes at once. Errors: 8 badf, 29 io.
  (func $write (param $fd i32) (param $vectors i32) (param $n i32) (param $written i32) (result i32)
    (local $sum i32) (local $at i32) (local $left i32) (local $chunk i32)
    (if (i32.or (i32.lt_u (local.get $fd) (i32.const 1)) (i32.gt_u (local.get $fd) (i32.const 2)))
      (then (return (i32.const 8))))
    (if (i32.eqz (global.get $stderr))
      (then (global.set $stderr (call $get_stderr))))
    (block $end
      (loop $next
        (br_if $end (i32.eqz (local.get $n)))
        (local.set $at (i32.load (local.get $vectors)))
        (local.set $left (i32.load offset=4 (local.get $vectors)))
        (block $done
          (loop $more
            (br_if $done (i32.eqz (local.get $left)))
            (local.set $chunk (select (local.get $left) (i32.const 4096)
              (i32.lt_u (local.get $left) (i32.const 4096))))
            (call $write_and_flush (global.get $stderr) (local.get $at) (local.get $chunk) (call $result))
            (if (i32.load8_u (global.get $results))
              (then
                (if (i32.eqz (i32.load8_u offset=4 (global.get $results)))
                  (then (call $drop_error (i32.load offset=8 (global.get $results)))))
                (return (i32.const 29))))
            (local.set $at (i32.add (local.get $at) (local.get $chunk)))
            (local.set $left (i32.sub (local.get $left) (local.get $chunk)))
            (local.set $sum (i32.add (local.get $sum) (local.get $chunk)))
            (br $more)))
        (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))
  (export "fd_write" (func $write))
  (export "fd_write.2" (func $write))

  ;; Standard input, output and error are character devices (filetype 2).
  (func (export "fd_fdstat_get") (param $fd i32) (param $stat i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2))
      (then (return (i32.const 8))))
    (memory.fill (local.get $stat) (i32.const 0) (i32.const 24))
    (i32.store8 (local.get $stat) (i32.const 2))
    (i32.const 0))

  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; Go exits when it cannot go on.
  (func (export "proc_exit") (param i32) (unreachable))

  ;; No files (errno 8, badf; 44, noent).
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 44)))
