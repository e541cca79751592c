;; What stands between the gateway and an application that is composed with it: the
;; request as the gateway made it, and the place for the answer. Both are resources of this
;; module; everything else that an application knows of HTTP is the host's own.
;;
;; An instance has one exchange at a time. Its resources are represented by its number, so
;; that one which an application kept beyond its end traps instead of showing another
;; exchange. Memory is taken from the end and given back when the exchange ends.
(module
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $get_environment (param i32)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $new_fields (result i32)))
  (import "wasi:http/types@0.2.0" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]fields.clone" (func $clone (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]fields.entries" (func $entries (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]fields" (func $drop_fields (param i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.method" (func $method (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.scheme" (func $scheme (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.authority" (func $authority (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]incoming-request" (func $drop_request (param i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $new_response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.status-code" (func $status_code (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "[export]gatehouse:component/exchange" "[resource-new]incoming-request" (func $request_new (param i32) (result i32)))
  (import "[export]gatehouse:component/exchange" "[resource-new]response-outparam" (func $outparam_new (param i32) (result i32)))
  (import "[export]gatehouse:component/exchange" "[resource-rep]response-outparam" (func $outparam_rep (param i32) (result i32)))
  (import "[export]gatehouse:component/exchange" "[resource-drop]response-outparam" (func $outparam_drop (param i32)))

  (memory (export "memory") 1)

  ;; Names of fields that an application's answer does not keep, reduced to letters and
  ;; digits: how they are compared, length, text. The gateway sends them itself, or they
  ;; would let caches store an answer that carries its cookies.
  ;; 1: begins with; 2: is; 3: ends with; plus 4: of private answers only.
  ;; 8: is, and the value sets a cookie of the gateway. 0 is the end.
  (data (i32.const 64)
    "\01\0axgatehouse"
    "\02\13xintrospectionerror"
    "\02\0axrequestid"
    "\07\0ccachecontrol"
    "\06\10surrogatecontrol"
    "\06\0dxaccelexpires"
    "\06\0bedgecontrol"
    "\08\09setcookie"
    "\00")
  (data (i32.const 48) "APPLICATION_")
  (global $prefix i32 (i32.const 48))
  (global $prefix_size i32 (i32.const 12))
  (global $results i32 (i32.const 0)) ;; 48 bytes
  (global $dropped i32 (i32.const 64))
  (global $first i32 (i32.const 1024)) ;; of the memory that is taken

  (global $next (mut i32) (i32.const 1024))
  (global $exchange (mut i32) (i32.const 0)) ;; number; it is over if $request and $fields are 0
  (global $request (mut i32) (i32.const 0)) ;; handles; 0: none
  (global $fields (mut i32) (i32.const 0))
  (global $outparam (mut i32) (i32.const 0))
  (global $additions (mut i32) (i32.const 0))
  (global $path (mut i32) (i32.const 0))
  (global $path_size (mut i32) (i32.const 0))
  (global $own (mut i32) (i32.const 0)) ;; what names of the gateway's cookies begin with
  (global $own_size (mut i32) (i32.const 0))
  (global $private (mut i32) (i32.const 0))
  (global $status (mut i32) (i32.const 0))

  (func $realloc (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32)
    (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.sub (i32.add (global.get $next) (local.get $align)) (i32.const 1))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (if (i32.lt_u (global.get $next) (local.get $at)) (then (unreachable)))
    (block $enough
      (loop $more
        (br_if $enough (i64.le_u (i64.extend_i32_u (global.get $next))
          (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
        (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
        (br $more)))
    (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
    (local.get $at))

  ;; Traps unless $number is the present exchange's.
  (func $check (param $number i32)
    (if (i32.or (i32.eqz (global.get $fields)) (i32.ne (local.get $number) (global.get $exchange))) (then (unreachable))))

  (func $drop_message
    (if (global.get $request) (then (call $drop_request (global.get $request))))
    (if (global.get $fields) (then (call $drop_fields (global.get $fields))))
    (global.set $request (i32.const 0))
    (global.set $fields (i32.const 0)))

  (func (export "gatehouse:component/exchange#[constructor]incoming-request")
    (param $original i32) (param $path i32) (param $size i32) (param $headers i32) (result i32)
    (if (global.get $fields) (then (unreachable)))
    (global.set $exchange (i32.add (global.get $exchange) (i32.const 1)))
    (global.set $request (local.get $original))
    (global.set $fields (local.get $headers))
    (global.set $path (local.get $path))
    (global.set $path_size (local.get $size))
    (call $request_new (global.get $exchange)))

  ;; The application may drop the request before it answers, and not after the end.
  (func (export "gatehouse:component/exchange#[dtor]incoming-request") (param $number i32)
    (if (i32.eq (local.get $number) (global.get $exchange)) (then (call $drop_message))))

  (func (export "gatehouse:component/exchange#[method]incoming-request.method") (param $self i32) (result i32)
    (call $check (local.get $self))
    (call $method (global.get $request) (global.get $results))
    (global.get $results))

  (func (export "gatehouse:component/exchange#[method]incoming-request.scheme") (param $self i32) (result i32)
    (call $check (local.get $self))
    (call $scheme (global.get $request) (global.get $results))
    (global.get $results))

  (func (export "gatehouse:component/exchange#[method]incoming-request.authority") (param $self i32) (result i32)
    (call $check (local.get $self))
    (call $authority (global.get $request) (global.get $results))
    (global.get $results))

  (func (export "gatehouse:component/exchange#[method]incoming-request.path-with-query") (param $self i32) (result i32)
    (call $check (local.get $self))
    (i32.store (global.get $results) (i32.const 1))
    (i32.store offset=4 (global.get $results) (global.get $path))
    (i32.store offset=8 (global.get $results) (global.get $path_size))
    (global.get $results))

  (func (export "gatehouse:component/exchange#[method]incoming-request.headers") (param $self i32) (result i32)
    (call $check (local.get $self))
    (call $clone (global.get $fields)))

  (func (export "gatehouse:component/exchange#[method]incoming-request.consume") (param $self i32) (result i32)
    (call $check (local.get $self))
    (call $consume (global.get $request) (global.get $results))
    (global.get $results))

  (func (export "gatehouse:component/exchange#[constructor]response-outparam")
    (param $original i32) (param $own i32) (param $own_size i32) (param $private i32) (param $additions i32) (result i32)
    (if (global.get $outparam) (then (unreachable)))
    (global.set $outparam (local.get $original))
    (global.set $own (local.get $own))
    (global.set $own_size (local.get $own_size))
    (global.set $private (local.get $private))
    (global.set $additions (local.get $additions))
    (global.set $status (i32.const 0))
    (call $outparam_new (global.get $exchange)))

  (func (export "gatehouse:component/exchange#[static]response-outparam.set")
    (param $param i32) (param $failed i32) (param $response i32)
    (param $p0 i32) (param $p1 i64) (param $p2 i32) (param $p3 i32) (param $p4 i32) (param $p5 i32)
    (if (i32.ne (call $outparam_rep (local.get $param)) (global.get $exchange)) (then (unreachable)))
    (call $outparam_drop (local.get $param))
    (if (i32.eqz (global.get $outparam)) (then (unreachable)))
    (if (i32.eqz (local.get $failed))
      (then (global.set $status (call $status_code (local.get $response)))))
    (call $set (global.get $outparam) (local.get $failed) (local.get $response)
      (local.get $p0) (local.get $p1) (local.get $p2) (local.get $p3) (local.get $p4) (local.get $p5))
    (global.set $outparam (i32.const 0)))

  (func (export "gatehouse:component/exchange#answer") (param $headers i32) (result i32)
    (local $fields i32)
    (local.set $fields (call $new_fields))
    (call $copy (local.get $headers) (local.get $fields) (i32.const 1))
    (call $drop_fields (local.get $headers))
    (if (global.get $additions)
      (then (call $copy (global.get $additions) (local.get $fields) (i32.const 0))))
    (call $new_response (local.get $fields)))

  (func (export "gatehouse:component/exchange#end") (result i32)
    (call $drop_message)
    (if (global.get $additions) (then (call $drop_fields (global.get $additions))))
    (i32.store (global.get $results) (i32.ne (global.get $outparam) (i32.const 0)))
    (i32.store offset=4 (global.get $results)
      (select (global.get $outparam) (global.get $status) (global.get $outparam)))
    (global.set $additions (i32.const 0))
    (global.set $outparam (i32.const 0))
    ;; What is left of it in the application is of no exchange.
    (global.set $exchange (i32.add (global.get $exchange) (i32.const 1)))
    (global.set $next (global.get $first))
    (global.get $results))

  ;; Entries are addresses and sizes of name and value; those that stay move to the front.
  (func (export "gatehouse:component/exchange#environment") (result i32)
    (local $from i32) (local $to i32) (local $left i32) (local $count i32)
    (call $get_environment (global.get $results))
    (local.set $from (i32.load (global.get $results)))
    (local.set $to (local.get $from))
    (local.set $left (i32.load offset=4 (global.get $results)))
    (block $end
      (loop $next_entry
        (br_if $end (i32.eqz (local.get $left)))
        (block $skip
          (br_if $skip (i32.le_u (i32.load offset=4 (local.get $from)) (global.get $prefix_size)))
          (br_if $skip (i32.eqz (call $equal (i32.load (local.get $from)) (global.get $prefix) (global.get $prefix_size))))
          (i32.store (local.get $to) (i32.add (i32.load (local.get $from)) (global.get $prefix_size)))
          (i32.store offset=4 (local.get $to) (i32.sub (i32.load offset=4 (local.get $from)) (global.get $prefix_size)))
          (i64.store offset=8 (local.get $to) (i64.load offset=8 (local.get $from)))
          (local.set $to (i32.add (local.get $to) (i32.const 16)))
          (local.set $count (i32.add (local.get $count) (i32.const 1))))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next_entry)))
    (i32.store offset=4 (global.get $results) (local.get $count))
    (global.get $results))

  ;; Appends the fields of $from to $to; if $filter, without those of the table.
  (func $copy (param $from i32) (param $to i32) (param $filter i32)
    (local $entry i32) (local $left i32)
    (call $entries (local.get $from) (global.get $results))
    (local.set $entry (i32.load (global.get $results)))
    (local.set $left (i32.load offset=4 (global.get $results)))
    (block $end
      (loop $next_entry
        (br_if $end (i32.eqz (local.get $left)))
        (block $skip
          (if (local.get $filter) (then (br_if $skip (call $is_dropped (local.get $entry)))))
          (call $append (local.get $to)
            (i32.load (local.get $entry)) (i32.load offset=4 (local.get $entry))
            (i32.load offset=8 (local.get $entry)) (i32.load offset=12 (local.get $entry))
            (global.get $results)))
        (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next_entry))))

  ;; Whether the table has the field at $entry: addresses and sizes of name and value.
  (func $is_dropped (param $entry i32) (result i32)
    (local $name i32) (local $size i32) (local $row i32) (local $kind i32) (local $text_size i32) (local $at i32)
    (local.set $name (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.load offset=4 (local.get $entry))))
    (local.set $size (call $reduce (local.get $name) (i32.load (local.get $entry)) (i32.load offset=4 (local.get $entry))))
    (local.set $row (global.get $dropped))
    (loop $next_row
      (local.set $kind (i32.load8_u (local.get $row)))
      (if (i32.eqz (local.get $kind)) (then (return (i32.const 0))))
      (local.set $text_size (i32.load8_u offset=1 (local.get $row)))
      (block $other
        (br_if $other (i32.lt_u (local.get $size) (local.get $text_size)))
        (br_if $other (i32.and (i32.ne (i32.and (local.get $kind) (i32.const 4)) (i32.const 0)) (i32.eqz (global.get $private))))
        ;; Where the text has to be: in front, or at the end, which is the same for "is".
        (local.set $at (select (local.get $name)
          (i32.add (local.get $name) (i32.sub (local.get $size) (local.get $text_size)))
          (i32.eq (local.get $kind) (i32.const 1))))
        (br_if $other (i32.and
          (i32.or (i32.eq (i32.and (local.get $kind) (i32.const 3)) (i32.const 2)) (i32.eq (local.get $kind) (i32.const 8)))
          (i32.ne (local.get $size) (local.get $text_size))))
        (br_if $other (i32.eqz (call $equal (local.get $at) (i32.add (local.get $row) (i32.const 2)) (local.get $text_size))))
        (if (i32.eq (local.get $kind) (i32.const 8))
          (then (return (call $sets_own (i32.load offset=8 (local.get $entry)) (i32.load offset=12 (local.get $entry))))))
        (return (i32.const 1)))
      (local.set $row (i32.add (i32.add (local.get $row) (i32.const 2)) (local.get $text_size)))
      (br $next_row))
    (unreachable))

  ;; Whether a Set-Cookie value of $size bytes at $at is for a name of the gateway's: blanks
  ;; and "=" in front of it are skipped, as lenient readers do; behind it is the end, a
  ;; blank, "=", ";" or "-".
  (func $sets_own (param $at i32) (param $size i32) (result i32)
    (local $c i32)
    (block $name
      (loop $blank
        (br_if $name (i32.eqz (local.get $size)))
        (local.set $c (i32.load8_u (local.get $at)))
        (br_if $name (i32.eqz (i32.or (call $is_blank (local.get $c)) (i32.eq (local.get $c) (i32.const 0x3d)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $blank)))
    (if (i32.lt_u (local.get $size) (global.get $own_size)) (then (return (i32.const 0))))
    (if (i32.eqz (call $equal (local.get $at) (global.get $own) (global.get $own_size))) (then (return (i32.const 0))))
    (if (i32.eq (local.get $size) (global.get $own_size)) (then (return (i32.const 1))))
    (local.set $c (i32.load8_u (i32.add (local.get $at) (global.get $own_size))))
    (i32.or (call $is_blank (local.get $c))
      (i32.or (i32.eq (local.get $c) (i32.const 0x3d))
        (i32.or (i32.eq (local.get $c) (i32.const 0x3b)) (i32.eq (local.get $c) (i32.const 0x2d))))))

  (func $is_blank (param $c i32) (result i32)
    (i32.or (i32.eq (local.get $c) (i32.const 0x20)) (i32.eq (local.get $c) (i32.const 0x09))))

  ;; Writes the letters, in lower case, and digits of a name to $to; returns how many.
  (func $reduce (param $to i32) (param $from i32) (param $left i32) (result i32)
    (local $c i32) (local $size i32)
    (block $end
      (loop $next_byte
        (br_if $end (i32.eqz (local.get $left)))
        (local.set $c (i32.load8_u (local.get $from)))
        (if (i32.le_u (i32.sub (local.get $c) (i32.const 0x41)) (i32.const 25))
          (then (local.set $c (i32.add (local.get $c) (i32.const 32)))))
        (if (i32.or (i32.le_u (i32.sub (local.get $c) (i32.const 0x61)) (i32.const 25))
            (i32.le_u (i32.sub (local.get $c) (i32.const 0x30)) (i32.const 9)))
          (then
            (i32.store8 (i32.add (local.get $to) (local.get $size)) (local.get $c))
            (local.set $size (i32.add (local.get $size) (i32.const 1)))))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next_byte)))
    (local.get $size))

  (func $equal (param $a i32) (param $b i32) (param $left i32) (result i32)
    (block $end
      (loop $next_byte
        (br_if $end (i32.eqz (local.get $left)))
        (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))) (then (return (i32.const 0))))
        (local.set $a (i32.add (local.get $a) (i32.const 1)))
        (local.set $b (i32.add (local.get $b) (i32.const 1)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next_byte)))
    (i32.const 1)))
