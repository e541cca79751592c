// A component that answers 200 and a few bytes, for comparison: what a WASI HTTP host
// costs with a guest that does next to nothing.
//
//   rustc --edition 2021 --target wasm32-unknown-unknown --crate-type cdylib -O -C strip=symbols -o hello.wasm hello.rs
//
// go run ./bench/wasi -rust hello.wasm makes a component of that module.

use std::alloc::{alloc, Layout};

#[link(wasm_import_module = "wasi:http/types@0.2.0")]
extern "C" {
    #[link_name = "[constructor]fields"]
    fn new_fields() -> i32;
    #[link_name = "[constructor]outgoing-response"]
    fn new_response(fields: i32) -> i32;
    #[link_name = "[method]outgoing-response.body"]
    fn response_body(response: i32, result: *mut i32);
    #[link_name = "[static]response-outparam.set"]
    fn set(outparam: i32, is_err: i32, response: i32, a: i32, b: i64, c: i32, d: i32, e: i32, f: i32);
    #[link_name = "[method]outgoing-body.write"]
    fn body_write(body: i32, result: *mut i32);
    #[link_name = "[static]outgoing-body.finish"]
    fn finish(body: i32, has_trailers: i32, trailers: i32, result: *mut i64);
    #[link_name = "[resource-drop]incoming-request"]
    fn drop_request(request: i32);
}

#[link(wasm_import_module = "wasi:io/streams@0.2.0")]
extern "C" {
    #[link_name = "[method]output-stream.blocking-write-and-flush"]
    fn write(stream: i32, data: *const u8, length: usize, result: *mut i32);
    #[link_name = "[resource-drop]output-stream"]
    fn drop_stream(stream: i32);
}

#[export_name = "cabi_realloc"]
pub unsafe extern "C" fn cabi_realloc(_old: *mut u8, _old_size: usize, align: usize, size: usize) -> *mut u8 {
    alloc(Layout::from_size_align_unchecked(size, align))
}

#[export_name = "wasi:http/incoming-handler@0.2.0#handle"]
pub unsafe extern "C" fn handle(request: i32, outparam: i32) {
    drop_request(request);
    let mut result = [0i32; 4];
    let mut finished = [0i64; 8];
    let response = new_response(new_fields());
    response_body(response, result.as_mut_ptr());
    let body = result[1];
    set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
    body_write(body, result.as_mut_ptr());
    let stream = result[1];
    let text = b"Hello, whoever you are.\n";
    write(stream, text.as_ptr(), text.len(), result.as_mut_ptr());
    drop_stream(stream);
    finish(body, 0, 0, finished.as_mut_ptr());
}
